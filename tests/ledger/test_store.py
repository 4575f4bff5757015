import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.alerts.history import History
from pipeline.alerts.story import StoryState
from pipeline.dead_letters import dead_letter
from pipeline.errors import InputError, LedgerError
from pipeline.ledger import Coverage, Ledger, LedgerMemory
from schemas import Position
from tests.builders import NOON, alert


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_what_a_transaction_wrote_is_there_after_a_restart(path):
    history = History(alert=alert(), key="GB|x")
    story = StoryState(story="s1", last=NOON, stage="decided")
    with Ledger(path) as ledger, ledger.transaction() as transaction:
        transaction.set_position("kafka", "news/0", 17)
        transaction.set_feed_state("https://example.org/feed", b'{"etag": "1"}')
        transaction.set_seen([("a", "d1"), ("b", "d2")])
        transaction.set_histories([("a1", history.model_dump_json().encode())])
        transaction.set_stories([("GB|x", story.model_dump_json().encode())])
        transaction.add_totals({"articles": 2})
    with Ledger(path) as ledger:
        with ledger.transaction() as transaction:
            transaction.add_totals({"articles": 3, "alerts": 1})
        assert ledger.positions("kafka") == {"news/0": 17}
        assert ledger.positions("other") == {}
        assert ledger.feed_states() == {"https://example.org/feed": b'{"etag": "1"}'}
        assert ledger.feed_state("https://example.org/none") is None
        assert (ledger.seen("a"), ledger.seen("c")) == ("d1", None)
        assert ledger.history("a1") == history
        assert ledger.history("a2") is None
        assert ledger.story("GB|x") == story
        assert ledger.totals() == {"articles": 5, "alerts": 1}


def _write(ledger, parcels):
    with ledger.transaction() as transaction:
        transaction.set_position("kafka", "news/0", 17)
        transaction.post("alert", parcels, ["x"])


def _breaks_off():
    yield "a", b"{}"
    raise KeyError("b")


def test_a_transaction_that_fails_leaves_nothing(path):
    with Ledger(path) as ledger:
        with pytest.raises(KeyError):
            _write(ledger, _breaks_off())
        assert ledger.positions("kafka") == {}
        assert ledger.waiting() == {}


def test_the_memory_of_steps_sees_finished_transactions_only(path):
    memory = LedgerMemory(str(path))
    with Ledger(path) as ledger:
        with ledger.transaction() as transaction:
            transaction.set_seen([("a", "d")])
            assert memory.seen("a") is None
        assert memory.seen("a") == "d"
        assert memory.history("a") is None
        assert memory.story("a") is None


def test_each_sink_acknowledges_for_itself_and_in_order(path):
    with Ledger(path) as ledger:
        with ledger.transaction() as transaction:
            transaction.post("alert", [("1", b"one"), ("2", b"two")], ["kafka", "file"])
            transaction.post("dead_letter", [("3", b"three")], ["file"])
        assert ledger.waiting() == {"file": 3, "kafka": 2}
        assert [p.id for p in ledger.outbox("file", 10)] == ["1", "2", "3"]
        assert [p.body for p in ledger.outbox("kafka", 1)] == [b"one"]
        with ledger.transaction() as transaction:
            transaction.acknowledge("file", [p.seq for p in ledger.outbox("file", 10)])
        assert ledger.waiting() == {"kafka": 2}
        assert ledger.outbox("file", 10) == []
        with ledger.transaction() as transaction:
            transaction.acknowledge("kafka", [ledger.outbox("kafka", 10)[1].seq])
        assert [p.id for p in ledger.outbox("kafka", 10)] == ["1"]
        with ledger.transaction() as transaction:
            transaction.forget_sink("kafka")
        assert ledger.waiting() == {}
        assert ledger._rows("SELECT * FROM outbox") == []


def letter(n: int, cause="bad_json"):
    return dead_letter(cause, "Source", "not JSON", Position(origin="f.jsonl", kind="file", line=n), b"{")


def test_dead_letters_are_kept_counted_and_retried(path):
    with Ledger(path) as ledger:
        with ledger.transaction() as transaction:
            transaction.keep_dead_letters([letter(1), letter(2), letter(3, "too_large")])
        with ledger.transaction() as transaction:
            transaction.keep_dead_letters([letter(1)])
        first = ledger.dead_letter(letter(1).id[:8])
        assert (first.letter, first.attempts, first.state) == (letter(1), 2, "open")
        assert ledger.dead_letter_counts() == {"bad_json": 2, "too_large": 1}
        assert [k.letter for k in ledger.dead_letters(cause="too_large")] == [letter(3, "too_large")]
        with ledger.transaction() as transaction:
            assert transaction.ask_retry([letter(1).id, letter(2).id, "none"]) == 2
        assert {k.letter.id for k in ledger.dead_letters(state="retry")} == {letter(1).id, letter(2).id}
        with ledger.transaction() as transaction:
            transaction.set_retried([letter(1).id, letter(2).id])
            transaction.keep_dead_letters([letter(2)])
        assert ledger.dead_letter(letter(1).id).state == "retried"
        assert ledger.dead_letter(letter(2).id).state == "open"
        with pytest.raises(InputError, match="no dead letter 'zz'"):
            ledger.dead_letter("zz")
        with pytest.raises(InputError, match="several"):
            ledger.dead_letter("")


def test_coverage_is_listed_last_look_first_and_pruned_by_age(path):
    now = [100.0]
    with Ledger(path, clock=lambda: now[0]) as ledger:
        for n in (1, 2, 3):
            now[0] = 100.0 * n
            with ledger.transaction() as transaction:
                transaction.add_coverage([Coverage("feeds", "u", "read", {"entries": n})])
                transaction.set_seen([(f"k{n}", "d")])
        assert [(c.at, c.counts) for c in ledger.coverage("feeds", "u")] == [
            (300.0, {"entries": 3}),
            (200.0, {"entries": 2}),
            (100.0, {"entries": 1}),
        ]
        with ledger.transaction() as transaction:
            assert transaction.prune("coverage", 250) == 2
            assert transaction.prune("seen", 250) == 2
            assert transaction.prune("dead_letters", 250) == 0
            with pytest.raises(ValueError, match="positions"):
                transaction.prune("positions", 250)
        assert ledger.seen("k3") == "d"


def test_a_second_runner_is_refused_by_the_name_of_the_first(path):
    code = (
        "import sys, time; from pathlib import Path; from pipeline.ledger import Ledger\n"
        "ledger = Ledger(Path(sys.argv[1])); print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        try:
            assert first.stdout.readline() == "open\n"
            with pytest.raises(LedgerError, match=f"in use by process {first.pid}"):
                Ledger(path)
            with Ledger(path, exclusive=False) as beside:
                assert beside.positions("kafka") == {}
        finally:
            first.kill()
    Ledger(path).close()  # the lock of a killed holder is gone


def test_looking_makes_no_ledger(path):
    with pytest.raises(LedgerError, match="no ledger at"):
        Ledger(path, exclusive=False)
    assert not path.exists()


def test_a_broken_file_a_foreign_one_and_a_folder_are_refused_in_one_line(path, tmp_path):
    path.write_bytes(b"this is not a database, but it is long enough to look at" * 20)
    with pytest.raises(LedgerError, match="no ledger, or it is broken"):
        Ledger(path)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(LedgerError, match="another program"):
        Ledger(other)
    with pytest.raises(LedgerError, match="is a folder; name a file in it"):
        Ledger(tmp_path)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(LedgerError, match="give another --ledger"):
        Ledger(file / "ledger.sqlite")


def _fill(ledger):
    with ledger.transaction() as transaction:
        transaction.set_position("kafka", "news/0", 2)
        transaction.post("alert", [(str(n), b"x" * 10_000) for n in range(2_000)], ["file"])


def test_a_full_disk_is_said_and_nothing_is_lost(path):
    with Ledger(path) as ledger:
        with ledger.transaction() as transaction:
            transaction.set_position("kafka", "news/0", 1)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20_000, hard))
        try:
            with pytest.raises(LedgerError, match="nothing is lost"):
                _fill(ledger)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert ledger.positions("kafka") == {"news/0": 1}
        with ledger.transaction() as transaction:
            transaction.set_position("kafka", "news/0", 3)
    with Ledger(path) as ledger:
        assert ledger.positions("kafka") == {"news/0": 3}
        assert ledger.waiting() == {}
