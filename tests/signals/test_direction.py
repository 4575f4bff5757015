"""The acts told move the sides; where neither is clearly apart, no side is told."""

import pytest

from pipeline.reading import reader
from pipeline.signals.decision import Decision
from pipeline.signals.direction import certainty, settle
from schemas.terms import DIRECTIONS


def decided(tightening: float, easing: float, neutral: float) -> Decision:
    shares = (tightening, easing, neutral)
    return Decision(0.9, DIRECTIONS[shares.index(max(shares))], "monetary", "decided", shares)


def frames(title: str):
    loaded = reader(None)
    return loaded.read(title, "").signals.frames


EASES = "Central Bank of Norway cuts interest rates"


@pytest.mark.parametrize(
    ("shares", "direction"),
    [
        ((0.25, 0.5, 0.25), "easing"),
        ((0.93, 0.03, 0.04), "tightening"),
        ((0.1, 0.3, 0.6), "neutral"),
        ((0.2, 0.7, 0.1), "easing"),
        ((0.55, 0.35, 0.1), "neutral"),
    ],
)
def test_acts_move_the_sides_and_a_wavering_side_is_not_told(shares, direction):
    assert settle(decided(*shares), frames(EASES)).direction == direction


def test_without_the_acts_the_same_shares_waver():
    assert settle(decided(0.25, 0.5, 0.25), ()).direction == "neutral"


def test_acts_that_disagree_move_nothing():
    told = (*frames(EASES), *frames("Central Bank of Norway raises interest rates"))
    assert settle(decided(0.65, 0.2, 0.15), told).directions == (0.65, 0.2, 0.15)
    assert settle(decided(0.65, 0.2, 0.15), ()).directions == (0.65, 0.2, 0.15)


def test_shares_still_add_up_to_one_where_acts_moved_them():
    assert sum(settle(decided(0.6, 0.25, 0.15), frames(EASES)).directions) == pytest.approx(1.0)


def test_a_side_is_as_certain_as_its_share_and_neutral_as_far_as_no_side_leads():
    assert certainty(settle(decided(0.75, 0.15, 0.1), ())) == pytest.approx(0.75)
    assert certainty(settle(decided(0.4, 0.35, 0.25), ())) == pytest.approx(0.95)


def test_what_is_said_to_be_over_is_eased():
    (told, *_) = frames("Minister tells banks that the crackdown is over")
    assert told.direction == "easing"
