import threading
import time
from pathlib import Path

import pytest

from pipeline.errors import InputError, LedgerError, OutputError
from pipeline.ledger import Ledger
from pipeline.runners import live
from pipeline.runners.live import LiveRun
from pipeline.runners.rounds import RoundReport
from pipeline.runners.trouble import Trouble
from pipeline.settings import Live, Settings
from tests.scripted import MemorySink, ScriptedSource, news
from tests.waiting import wait_for


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


@pytest.fixture
def told():
    return []


def settings(**changes):
    return Settings(live=Live(poll_seconds=0.02, **changes))


@pytest.fixture
def background():
    """Runs a LiveRun in a thread and stops it at the end."""
    running = []

    def begin(run):
        thread = threading.Thread(target=run.run)
        thread.start()
        running.append((run, thread))

    yield begin
    for run, thread in running:
        run.stop()
        thread.join(10)
        assert not thread.is_alive()


def test_once_reads_and_delivers_what_is_there_and_ends(ledger, told):
    source, sink = ScriptedSource([news(n) for n in range(5)], step=2), MemorySink()
    LiveRun(ledger, [source], [sink], settings(), told.append).run(once=True)
    assert len(sink.parcels) == 5
    assert ledger.waiting() == {}
    assert [t.counters["articles"] for t in told if isinstance(t, RoundReport)] == [2, 2, 1]
    assert source.closed
    assert sink.closed
    assert source.told_delivered


def test_what_comes_later_is_read_when_it_comes(ledger, told, background):
    source, sink = ScriptedSource([news(1)]), MemorySink()
    background(LiveRun(ledger, [source], [sink], settings(), told.append))
    wait_for(lambda: len(sink.parcels) == 1)
    source.records.append(news(2))
    wait_for(lambda: len(sink.parcels) == 2)


def test_stopping_keeps_what_was_not_delivered(ledger, told, background):
    source, sink = ScriptedSource([news(1)]), MemorySink(broken=lambda: True)
    run = LiveRun(ledger, [source], [sink], settings(), told.append)
    background(run)
    wait_for(lambda: any(isinstance(t, Trouble) for t in told))
    run.stop()
    wait_for(lambda: sink.closed)
    assert ledger.waiting() == {"memory": 1}
    again = MemorySink()
    LiveRun(ledger, [source], [again], settings(), told.append).run(once=True)
    assert len(again.parcels) == 1


def test_a_broken_sink_holds_reading_back_and_loses_nothing(ledger, told, background):
    broken = [True]
    source = ScriptedSource([news(n) for n in range(30)], step=5)
    sink, other = MemorySink(broken=lambda: broken[0]), MemorySink("other")
    background(LiveRun(ledger, [source], [sink, other], settings(outbox_limit=10), told.append))
    wait_for(lambda: any("reading pauses" in getattr(t, "message", "") for t in told))
    assert ledger.positions("scripted") == {"records": 10}
    time.sleep(0.2)
    assert ledger.positions("scripted") == {"records": 10}
    wait_for(lambda: len(other.parcels) == 10)
    broken[0] = False
    wait_for(lambda: len(sink.parcels) == 30)
    assert [p.id for p in sink.parcels] == list(dict.fromkeys(p.id for p in sink.parcels))


def test_once_gives_up_on_a_sink_after_a_while_and_says_what_waits(ledger, told, monkeypatch):
    monkeypatch.setattr(live, "ONCE_PATIENCE", 0.3)
    source, sink = ScriptedSource([news(1)]), MemorySink(broken=lambda: True)
    with pytest.raises(OutputError, match=r"1 for memory.*wait in the ledger"):
        LiveRun(ledger, [source], [sink], settings(), told.append).run(once=True)
    assert ledger.waiting() == {"memory": 1}


def test_once_gives_up_on_a_source_after_a_while(ledger, told, monkeypatch):
    monkeypatch.setattr(live, "ONCE_PATIENCE", 0.3)
    source = ScriptedSource([news(1)], broken=lambda: True)
    with pytest.raises(InputError, match="the wire is cut"):
        LiveRun(ledger, [source], [MemorySink()], settings(), told.append).run(once=True)


def test_once_waits_for_a_source_that_comes_back(ledger, told):
    calls = []
    source, sink = ScriptedSource([news(1)], broken=lambda: calls.append(1) or len(calls) < 2), MemorySink()
    LiveRun(ledger, [source], [sink], settings(), told.append).run(once=True)
    assert len(sink.parcels) == 1


def test_alerts_for_a_sink_no_longer_named_are_told_of(ledger, told):
    with ledger.transaction() as transaction:
        transaction.post("alert", [("a", b"{}")], ["gone.jsonl"])
    LiveRun(ledger, [ScriptedSource([])], [MemorySink()], settings(), told.append).run(once=True)
    assert any("1 alerts of earlier runs wait for it" in t.message for t in told if isinstance(t, Trouble))
    assert ledger.waiting() == {"gone.jsonl": 1}


def test_a_ledger_that_fails_ends_the_run(ledger, told, monkeypatch):
    monkeypatch.setattr("tests.scripted.ScriptedPlan.commit", _full)
    sink = MemorySink()
    with pytest.raises(LedgerError, match="full"):
        LiveRun(ledger, [ScriptedSource([news(1)])], [sink], settings(), told.append).run()
    assert sink.closed


def _full(self, transaction, notes):
    raise LedgerError("the disk is full")


def test_a_clock_set_back_is_told_and_loses_nothing(tmp_path, told):
    path = tmp_path / "ledger.sqlite"
    source, sink = ScriptedSource([news(1)]), MemorySink()
    with Ledger(path, clock=lambda: time.time() + 86_400) as ledger:
        LiveRun(ledger, [source], [sink], settings(), told.append).run(once=True)
    source.records.append(news(2))
    with Ledger(path) as ledger:
        LiveRun(ledger, [source], [sink], settings(), told.append).run(once=True)
    assert any(t.where == "clock" and "before the last round" in t.message for t in told if isinstance(t, Trouble))
    assert [a.article.id for a in sink.alerts()] == ["article-1", "article-2"]


def test_what_is_old_is_forgotten_unless_the_clock_was_moved(tmp_path, told):
    path = tmp_path / "ledger.sqlite"
    with Ledger(path, clock=lambda: time.time() - 100 * 86_400) as ledger, ledger.transaction() as transaction:
        transaction.set_seen([("old", "d")])
    with Ledger(path) as ledger:
        LiveRun(ledger, [ScriptedSource([])], [MemorySink()], settings(), told.append).run(once=True)
        assert ledger.seen("old") is None
