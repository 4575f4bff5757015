"""What sources without an end share."""

import time

import pytest
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator

from pipeline.sources.endless import END, Pace, Search


def estimator():
    return ManualWatermarkEstimator(None)


def test_a_watermark_stays_behind_what_is_being_read_elsewhere_in_the_process():
    pace = Pace()
    slow, quick = estimator(), estimator()
    with pace.reading("slow", slow) as began:
        time.sleep(0.01)
        with pace.reading("quick", quick) as later:
            assert later > began
        assert quick.current_watermark() <= began
    # It has been read, but its output may not have arrived: it has not been asked for again.
    with pace.reading("quick", quick) as later:
        assert quick.current_watermark() <= began
    with pace.reading("slow", slow) as again:
        assert again > began
    with pace.reading("quick", quick):
        assert quick.current_watermark() > began


def test_what_ended_or_moved_away_holds_nothing_back_for_ever(monkeypatch):
    pace = Pace()
    with pace.reading("gone", estimator()) as began:
        pass
    monkeypatch.setattr(Pace, "_GONE_SECONDS", 0.0)
    time.sleep(0.01)
    other = estimator()
    with pace.reading("other", other):
        assert other.current_watermark() > began


def test_no_time_is_before_a_watermark_that_was_told(monkeypatch):
    pace = Pace()
    told = estimator()
    with pace.reading("a", told) as first:
        pass
    monkeypatch.setattr(time, "time", lambda: 1000.0)  # the clock is set back by years
    with pace.reading("a", told) as then:
        assert then >= first == told.current_watermark()
    with pace.reading("b", estimator()) as other:
        assert other >= told.current_watermark()


def test_a_search_goes_on_with_what_it_claimed_and_ends_when_that_is_claimed():
    search = Search(frozenset())
    tracker = search.create_tracker(search.initial_restriction("any"))
    assert tracker.try_claim(frozenset({"a"}))
    with pytest.raises(ValueError, match="neither put off nor ended"):
        tracker.check_done()
    assert tracker.try_split(0.5) is None
    done, rest = tracker.try_split(0)
    tracker.check_done()
    assert done == rest == frozenset({"a"})
    assert not tracker.try_claim(frozenset({"a", "b"}))
    tracker = search.create_tracker(rest)
    assert tracker.try_claim(END)
    tracker.check_done()
