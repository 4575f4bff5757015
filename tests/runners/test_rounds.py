from pathlib import Path

import pytest

from pipeline.errors import LedgerError
from pipeline.ledger import Ledger
from pipeline.runners.direct import StepError
from pipeline.runners.rounds import Rounds
from pipeline.settings import Settings
from tests.scripted import ScriptedSource, news


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def rounds(ledger, *sources, letters_to=()):
    return Rounds(ledger, sources, Settings(), alerts_to=["sink"], letters_to=letters_to)


def test_a_round_writes_all_that_came_of_it_together(ledger):
    source = ScriptedSource([news(1), news(2, alert=False), b"not JSON"])
    report = rounds(ledger, source, letters_to=["sink"]).run_one()
    assert report is not None
    assert (report.counters["articles"], report.counters["alerts"], report.counters["dead_letters"]) == (2, 1, 1)
    assert report.waiting == {"sink": 2}
    assert report.sources == ("scripted",)
    assert ledger.positions("scripted") == {"records": 3}
    assert [ledger.seen(f"scripted/{n}") for n in range(4)] == ["read", "read", "read", None]
    assert {p.kind for p in ledger.outbox("sink", 10)} == {"alert", "dead_letter"}
    (kept,) = ledger.dead_letters()
    assert kept.letter.cause == "bad_json"
    assert kept.letter.seen is not None
    history = ledger.history("article-1")
    assert history is not None
    assert ledger.story(history.key) is not None
    assert ledger.totals()["articles"] == 2


def test_the_graph_is_run_again_and_remembers_earlier_rounds(ledger):
    source = ScriptedSource([news(1)])
    run = rounds(ledger, source)
    assert run.run_one() is not None
    assert run.run_one() is None
    source.records += [
        news(1, published="2024-03-02T00:00:00Z"),
        news(2),
        news(1, title="Match ends in a draw", text="", updated="2024-03-03T00:00:00Z"),
    ]
    assert run.run_one() is not None
    first, withdrawal, second = ledger.outbox("sink", 10)
    assert b'"revision":1' in first.body
    assert b"article-2" in second.body
    assert b'"repeat":true' in second.body
    assert b'"withdrawn":true' in withdrawal.body


def test_of_versions_with_one_time_in_one_round_the_last_is_the_newest(ledger):
    source = ScriptedSource([news(1), news(1, title="Match ends in a draw", text="")])
    run = rounds(ledger, source)
    assert run.run_one() is not None
    source.records += [news(2, title="Match ends in a draw", text=""), news(2)]
    assert run.run_one() is not None
    bodies = [parcel.body for parcel in ledger.outbox("sink", 10)]
    assert [(b"article-1" in body, b'"withdrawn":true' in body) for body in bodies] == [
        (True, False),
        (True, True),
        (False, False),
    ]


def test_a_restart_goes_on_where_the_ledger_stands(ledger):
    source = ScriptedSource([news(n) for n in range(4)], step=2)
    assert rounds(ledger, source).run_one() is not None
    again = rounds(ledger, source)
    assert again.run_one() is not None
    assert again.run_one() is None
    assert [p.id for p in ledger.outbox("sink", 10)] == list(dict.fromkeys(p.id for p in ledger.outbox("sink", 10)))
    assert len(ledger.outbox("sink", 10)) == 4


def test_a_round_that_cannot_be_written_leaves_nothing_and_is_read_again(ledger, monkeypatch):
    source = ScriptedSource([news(1), b"not JSON"])
    run = rounds(ledger, source)
    with monkeypatch.context() as patch:
        patch.setattr("tests.scripted.ScriptedPlan.commit", _full)
        with pytest.raises(LedgerError):
            run.run_one()
    assert ledger.waiting() == {}
    assert ledger.totals() == {}
    assert list(ledger.dead_letters()) == []
    report = run.run_one()
    assert report is not None
    assert report.counters["articles"] == 1
    assert len(ledger.outbox("sink", 10)) == 1
    assert len(list(ledger.dead_letters())) == 1


def _full(self, transaction, notes):
    transaction.set_position(self.name, "records", self.following)
    raise LedgerError("the disk is full")


def test_a_step_that_raises_ends_the_round_and_nothing_is_kept_of_it(ledger, monkeypatch):
    source = ScriptedSource([news(1), news(2)])
    run = rounds(ledger, source)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.alerts.transform.place", lambda *_: 1 / 0)
        with pytest.raises(StepError, match="division by zero"):
            run.run_one()
    assert ledger.positions("scripted") == {}
    report = run.run_one()
    assert report is not None
    assert report.counters["alerts"] == 2
    assert len(ledger.outbox("sink", 10)) == 2


def test_sources_stand_side_by_side_and_one_out_of_reach_holds_up_no_other(ledger):
    broken = [True]
    good, bad = ScriptedSource([news(1)]), ScriptedSource([news(2)], name="bad", broken=lambda: broken[0])
    run = rounds(ledger, good, bad)
    report = run.run_one()
    assert report is not None
    assert report.sources == ("scripted",)
    assert not run.idle()
    assert [(t.where, t.over) for t in run.troubles] == [("bad", False)]
    assert "the wire is cut; next try in 0.5 s" in run.troubles[0].message
    broken[0] = False
    run._pauses["bad"].until = float("inf")
    assert run.run_one() is None  # left alone until its pause is over
    run._pauses["bad"].until = 0.0
    report = run.run_one()
    assert report is not None
    assert report.sources == ("bad",)
    assert run.troubles[-1].over
    assert run.idle()


def test_the_size_of_rounds_follows_what_they_take(ledger):
    run = rounds(ledger, ScriptedSource([]))
    run._limit = 4000
    run._adapt({"articles": 4000, "dead_letters": 0}, 4.0)
    assert run._limit == 1000
    run._adapt({"articles": 1000, "dead_letters": 0}, 0.5)
    assert run._limit == 2000
    run._adapt({"articles": 3, "dead_letters": 0}, 0.1)
    assert run._limit == 2000
    run._adapt({"articles": 3, "dead_letters": 0}, 100.0)
    assert run._limit == 500  # never so small that a round is all overhead
