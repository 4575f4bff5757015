"""``policywire replay``: what a person sees, what a program reads, and what bad input gets."""

import json

import jsonschema
import pytest

from schemas import export
from tests.conftest import ROOT

SEEDS = ROOT / "seeds"


def test_alerts_go_to_a_file_and_the_summary_to_stderr(policywire, tmp_path):
    ran = policywire("replay", SEEDS, "--alerts", "out/alerts.jsonl", "--report", "out/alerts.html")
    assert ran.code == 0
    assert ran.out == ""
    assert "articles read" in ran.err
    assert "articles a second" in ran.err
    lines = (tmp_path / "out" / "alerts.jsonl").read_text().splitlines()
    for line in lines:
        jsonschema.validate(json.loads(line), export.json_schema("alert-event"))
    times = [json.loads(line)["time"] for line in lines]
    assert times == sorted(times)
    page = (tmp_path / "out" / "alerts.html").read_text()
    assert page.count("<article ") == len(lines)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["alerts.html", "alerts.jsonl"]


def test_json_lines_on_stdout(policywire):
    ran = policywire("replay", SEEDS / "archive.jsonl", "--json")
    assert ran.code == 0
    assert all(json.loads(line)["type"] == "news.policy.signal.v1" for line in ran.out.splitlines())


def test_plain_lines_in_a_pipe_and_a_table_if_asked_for(policywire):
    plain = policywire("replay", SEEDS / "archive.jsonl")
    assert all(len(line.split("\t")) == 8 for line in plain.out.splitlines())
    table = policywire("replay", SEEDS / "archive.jsonl", "--table", "--show", "2")
    assert "more alerts" in table.out
    assert policywire("replay", SEEDS, "--table", "--json").code == 2


def test_dead_letters_are_named_kept_and_make_the_exit_code_1(policywire, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"title": "Bank cuts rates"}\n{oops\n')
    ran = policywire("replay", "a.jsonl", "--alerts", "alerts.jsonl")
    assert ran.code == 1
    assert "a.jsonl:2: bad_json" in ran.err
    letter = json.loads((tmp_path / "alerts.dead-letters.jsonl").read_text())
    assert letter["position"]["line"] == 2


def test_a_missing_path_is_an_error_that_names_it(policywire):
    ran = policywire("replay", "nowhere")
    assert ran.code == 1
    assert "nowhere: no such file" in ran.err
    assert "Traceback" not in ran.err


def test_an_output_that_cannot_be_written_is_named(policywire, tmp_path):
    (tmp_path / "folder").write_text("a file where a folder must be")
    ran = policywire("replay", SEEDS, "--alerts", "folder/alerts.jsonl")
    assert ran.code == 1
    assert "folder/alerts.jsonl" in ran.err


def test_a_headline_cannot_steer_the_terminal(policywire, tmp_path):
    title = "\x1b[2J\x1b]0;owned\x07ECB raises interest rates by half a point, \x9b31mBank of England follows"
    text = "The European Central Bank raised its key interest rate on Thursday."
    (tmp_path / "a.jsonl").write_text(json.dumps({"title": title, "text": text}))
    for arguments in (("--table",), ()):
        ran = policywire("replay", "a.jsonl", *arguments)
        assert "European" in ran.out or "ECB" in ran.out
        assert "\x1b]" not in ran.out
        assert "\x9b" not in ran.out
        assert "\x1b[2J" not in ran.out


def test_markup_in_a_headline_is_text_on_the_page(policywire, tmp_path):
    title = "ECB raises interest rates &lt;script&gt;alert(1)&lt;/script&gt;"
    text = "The European Central Bank raised its key interest rate on Thursday."
    (tmp_path / "a.jsonl").write_text(json.dumps({"title": title, "text": text}))
    assert policywire("replay", "a.jsonl", "--report", "a.html").code == 0
    page = (tmp_path / "a.html").read_text()
    assert "ECB raises" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--alerts", "in.jsonl"), ("--alerts in.jsonl", "the input in.jsonl")),
        (("--report", "link.jsonl"), ("--report link.jsonl", "the input in.jsonl")),
        (("--alerts", "x", "--dead-letters", "./x"), ("--dead-letters x", "--alerts x")),
        (("--alerts", "x", "--report", "y/../x"), ("--report y/../x", "--alerts x")),
        (("--alerts", "x", "--report", "x.dead-letters.jsonl"), ("--report x.d", "--dead-letters x.d")),
    ],
)
def test_an_output_is_no_input_and_no_other_output(policywire, tmp_path, arguments, named):
    (tmp_path / "in.jsonl").write_text('{"title": "Bank cuts rates"}\n')
    (tmp_path / "link.jsonl").symlink_to("in.jsonl")
    ran = policywire("replay", "in.jsonl", *arguments)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert all(words in ran.err for words in named)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "link.jsonl"]
    assert (tmp_path / "in.jsonl").read_text() == '{"title": "Bank cuts rates"}\n'


def test_a_run_without_dead_letters_leaves_none_of_an_earlier_one(policywire, tmp_path):
    (tmp_path / "good.jsonl").write_text('{"title": "Bank cuts rates"}\n')
    (tmp_path / "bad.jsonl").write_text("{oops\n")
    assert policywire("replay", "good.jsonl", "bad.jsonl", "--alerts", "st.jsonl").code == 1
    assert (tmp_path / "st.dead-letters.jsonl").exists()
    assert policywire("replay", "good.jsonl", "--alerts", "st.jsonl").code == 0
    assert not (tmp_path / "st.dead-letters.jsonl").exists()


def test_alerts_to_a_dash_are_json_lines_on_stdout(policywire, tmp_path):
    ran = policywire("replay", SEEDS / "archive.jsonl", "--alerts", "-")
    assert (ran.code, ran.out) == (0, policywire("replay", SEEDS / "archive.jsonl", "--json").out)
    assert list(tmp_path.iterdir()) == []
