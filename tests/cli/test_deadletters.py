"""``policywire deadletters``: against a ledger in which a round left what it could not read."""

import json

import pytest

from pipeline.ledger import Ledger
from pipeline.runners.live import LiveRun
from pipeline.settings import Live, Settings
from pipeline.sources.retries import Retries
from tests.scripted import MemorySink, ScriptedSource, news

BAD: list[bytes] = [b"not JSON", b'{"title": "x", "colour": "red"}', b'{"title": "also \x1b[2J bad", "a": 1}']


@pytest.fixture
def read(tmp_path):
    """Has the records, or nothing new, read into the ledger of the folder where the commands run."""

    def run(*records: bytes) -> MemorySink:
        sink = MemorySink()
        settings = Settings(live=Live(poll_seconds=0.02))
        with Ledger(tmp_path / "policywire.sqlite") as ledger:
            sources = [ScriptedSource(list(records)), Retries(settings.limits)]
            LiveRun(ledger, sources, [sink], settings, lambda _: None).run(once=True)
        return sink

    return run


def letters(policywire, *arguments):
    ran = policywire("deadletters", "list", "--json", *arguments)
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


def test_list_says_what_is_open_and_why(policywire, read):
    read(*BAD)
    ran = policywire("deadletters", "list")
    assert len(ran.out.splitlines()) == 3
    assert "script:1: not JSON" in ran.out
    assert "unknown field 'colour'" in ran.out
    assert ran.err == "3 shown, 3 open\n"
    lines = sorted(kept["letter"]["position"]["line"] for kept in letters(policywire, "--cause", "bad_json"))
    assert lines == [1, 3]
    assert len(letters(policywire, "--limit", "2")) == 2


def test_show_gives_the_bytes_as_they_came_and_a_page_that_cannot_steer_the_terminal(policywire, read):
    read(*BAD)
    identity = next(kept["letter"]["id"] for kept in letters(policywire) if kept["letter"]["position"]["line"] == 3)
    page = policywire("deadletters", "show", identity[:8])
    assert page.code == 0
    assert "\x1b" not in page.out
    assert "cause    bad_json" in page.out
    assert policywire("deadletters", "show", identity, "--payload").out.encode() == BAD[2]
    assert json.loads(policywire("deadletters", "show", identity, "--json").out)["state"] == "open"


def test_retry_is_taken_up_by_the_next_round_and_what_fails_again_is_open_again(policywire, read):
    read(*BAD)
    ran = policywire("deadletters", "retry", "--all")
    assert (ran.code, ran.err) == (0, "3 will be tried again by `policywire run`\n")
    assert letters(policywire) == []
    read()
    again = letters(policywire)
    assert {kept["attempts"] for kept in again} == {2}
    assert policywire("deadletters", "retry", again[0]["letter"]["id"][:10]).err.startswith("1 will")


def test_what_reads_after_a_correction_alerts_once(policywire, read, tmp_path):
    read(BAD[0])
    (kept,) = letters(policywire)
    path = tmp_path / "policywire.sqlite"
    # The correction: what the letter kept now reads.
    import base64
    import sqlite3

    letter = kept["letter"] | {"payload": base64.b64encode(news(1)).decode(), "payload_size": len(news(1))}
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE dead_letters SET body = ?", (json.dumps(letter).encode(),))
    policywire("deadletters", "retry", "--cause", "bad_json")
    assert len(read().parcels) == 1
    assert letters(policywire) == []
    assert [kept["state"] for kept in letters(policywire, "--all")] == ["retried"]
    assert len(read().parcels) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("list", "--cause", "nonsense"), 2, "give one of unreadable"),
        (("retry",), 2, "give ids, or --cause CAUSE, or --all"),
        (("retry", "x", "--all"), 2, "give ids, or --cause CAUSE, or --all"),
        (("show", "zzz"), 1, "no dead letter 'zzz'"),
        (("show", ""), 2, "an argument is empty"),
        (("list", "--ledger", "elsewhere.sqlite"), 1, "no ledger at elsewhere.sqlite: `policywire run` makes one"),
    ],
)
def test_wrong_use_is_one_line_with_the_remedy(policywire, read, arguments, code, words):
    read(*BAD)
    ran = policywire("deadletters", *arguments)
    assert ran.code == code
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_every_command_has_help_with_examples(policywire):
    for name in ("list", "show", "retry"):
        assert f"policywire deadletters {name}" in policywire("deadletters", name, "--help").out


def test_a_ledger_of_a_newer_version_is_said(policywire, read, tmp_path):
    read()
    import sqlite3

    with sqlite3.connect(tmp_path / "policywire.sqlite") as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    for arguments in (("deadletters", "list"), ("run", "--feeds", "feeds.opml", "--once")):
        ran = policywire(*arguments)
        assert ran.code in (1, 2), ran.err
    assert "schema version 99" in policywire("deadletters", "list").err
    assert "upgrade policywire" in policywire("deadletters", "list").err
