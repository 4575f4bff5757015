import json
import logging

import pytest
import structlog

from pipeline.errors import LedgerError
from pipeline.runners.trouble import Trouble
from pipeline.telemetry.logs import LogLines, configure
from tests.telemetry.reports import report


@pytest.fixture(autouse=True)
def _as_before():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_every_event_of_a_round_in_json(capsys):
    configure("json", "info")
    with LogLines(seconds=0) as log:
        log(report())
    started, alert, letter, rounds, stopped = lines(capsys)
    assert [line["event"] for line in (started, alert, letter, rounds, stopped)] == [
        "started", "alert", "dead_letter", "rounds", "stopped"
    ]  # fmt: skip
    assert alert["article"] == "a1"
    assert alert["direction"] == "tightening"
    assert letter == letter | {"id": "d1", "cause": "bad_json", "position": "news[0]@7", "level": "warning"}
    assert rounds == rounds | {"articles": 3, "alerts": 1, "waiting": {"alerts.jsonl": 1}}
    assert all(line["timestamp"].endswith("Z") for line in (started, alert, letter, rounds, stopped))


def test_what_waits_is_what_waits_when_the_line_is_written(capsys):
    configure("json", "info")
    waiting = {"alerts.jsonl": 1}
    with LogLines(waiting=lambda: waiting) as log:
        log(report())
        waiting = {}
    assert [line["waiting"] for line in lines(capsys) if line["event"] == "rounds"] == [{}]


def test_where_the_ledger_cannot_be_asked_the_last_round_says_what_waits(capsys):
    def broken():
        raise LedgerError("the disk is full")

    configure("json", "info")
    with LogLines(waiting=broken) as log:
        log(report())
    assert [line["waiting"] for line in lines(capsys) if line["event"] == "rounds"] == [{"alerts.jsonl": 1}]


def test_no_words_of_the_news_are_logged(capsys):
    configure("json", "debug")
    LogLines()(report())
    assert "Acme" not in capsys.readouterr().err


def test_libraries_log_in_the_same_form(capsys):
    configure("json", "info")
    logging.getLogger("some.library").warning("it %s", "broke")
    logging.getLogger("some.library").info("chatter")
    (line,) = lines(capsys)
    assert line == line | {"event": "library", "message": "it broke", "logger": "some.library", "level": "warning"}


def test_the_level_holds(capsys):
    configure("json", "warning")
    log = LogLines()
    log(Trouble("kafka", "no answer"))
    log(Trouble("kafka", "reached again", over=True))
    assert [line["event"] for line in lines(capsys)] == ["trouble"]


def test_for_a_person_a_line_an_event_that_cannot_steer_the_terminal(capsys):
    configure("human", "info")
    LogLines()(Trouble("kafka", "no answer\x1b[2J\nfrom it"))
    (line,) = capsys.readouterr().err.splitlines()
    assert "warning trouble where=kafka message=no answer" in line
    assert "\x1b" not in line


def test_a_crash_is_logged_with_its_reason(capsys):
    configure("json", "info")
    with pytest.raises(RuntimeError), LogLines():
        raise RuntimeError("the disk is full")
    last = lines(capsys)[-1]
    assert (last["event"], last["error"]) == ("stopped", "the disk is full")
