import json
import resource

from pipeline.ledger import Parcel
from pipeline.sinks.files import ConsoleSink, JsonlSink
from tests.builders import alert


def parcel(seq, kind="alert", body=None):
    made = alert(id=str(seq))
    return Parcel(seq, kind, str(seq), body or made.model_dump_json().encode(), 0.0)


def ids(path):
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_lines_are_appended_and_dead_letters_go_beside(tmp_path):
    path = tmp_path / "new folder" / "alerts.jsonl"
    sink = JsonlSink(path)
    assert sink.deliver([parcel(1), parcel(2, "dead_letter", b'{"id":"2"}')]).acknowledged == [1, 2]
    assert sink.deliver([parcel(3)]).acknowledged == [3]
    assert ids(path) == ["1", "3"]
    assert ids(path.with_name("alerts.dead-letters.jsonl")) == ["2"]
    event = json.loads(path.read_text().splitlines()[0])
    assert (event["specversion"], event["type"], event["data"]["id"]) == ("1.0", "news.policy.signal.v1", "1")


def test_a_torn_last_line_is_cut_off(tmp_path):
    path = tmp_path / "alerts.jsonl"
    for torn in (b'{"id": "0"}\n{"id": "torn', b"x" * 200_000, b'{"id": "0"}\n' + b"y" * 70_000):
        path.write_bytes(torn)
        assert JsonlSink(path).deliver([parcel(1)]).acknowledged == [1]
        assert ids(path) in (["0", "1"], ["1"])


def test_a_complete_last_line_without_a_newline_is_kept(tmp_path):
    path = tmp_path / "alerts.jsonl"
    for whole in (b'{"id": "0"}', b'{"id": "0"}\n{"id": "00"}', b'{"id": "0", "x": "' + b"x" * 200_000 + b'"}'):
        path.write_bytes(whole)
        assert JsonlSink(path).deliver([parcel(1)]).acknowledged == [1]
        assert path.read_bytes().startswith(whole + b"\n")
        assert ids(path)[-1] == "1"


def test_a_full_disk_gives_a_complete_last_line_back_as_it_was(tmp_path):
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b'{"id": "0"}')
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        delivery = JsonlSink(path).deliver([parcel(1)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert delivery.failure
    assert path.read_bytes() == b'{"id": "0"}'


def test_a_file_that_cannot_be_written_is_a_failure_not_an_end(tmp_path):
    (tmp_path / "folder").mkdir()
    delivery = JsonlSink(tmp_path / "folder").deliver([parcel(1)])
    assert delivery.acknowledged == []
    assert "cannot write" in delivery.failure


def test_a_full_disk_leaves_whole_lines_only(tmp_path):
    path = tmp_path / "alerts.jsonl"
    sink = JsonlSink(path)
    sink.deliver([parcel(1)])
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + size // 2, hard))
    try:
        delivery = sink.deliver([parcel(2)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert delivery.acknowledged == []
    assert delivery.failure
    assert path.stat().st_size == size
    assert sink.deliver([parcel(2)]).acknowledged == [2]
    assert ids(path) == ["1", "2"]


def test_stdout_gets_json_lines(capfdbinary):
    assert ConsoleSink().deliver([parcel(1), parcel(2)]).acknowledged == [1, 2]
    lines = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["1", "2"]
