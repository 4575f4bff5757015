"""Where the model wavers, the acts told decide; where it is sure, they do not."""

import pytest

from pipeline.reading import reader
from pipeline.signals.decision import Decision
from pipeline.signals.direction import settle


def decided(tightening: float, easing: float, neutral: float) -> Decision:
    shares = (tightening, easing, neutral)
    names = ("tightening", "easing", "neutral")
    return Decision(0.9, names[shares.index(max(shares))], "monetary", "decided", shares)


def frames(title: str):
    loaded = reader(None)
    return loaded.read(title, "").signals.frames


EASES = "Central Bank of Norway cuts interest rates"


@pytest.mark.parametrize(
    ("shares", "direction"),
    [
        ((0.5, 0.4, 0.1), "easing"),
        ((0.93, 0.03, 0.04), "tightening"),
        ((0.2, 0.3, 0.5), "neutral"),
        ((0.2, 0.7, 0.1), "easing"),
    ],
)
def test_the_acts_decide_only_where_the_model_wavers(shares, direction):
    assert settle(decided(*shares), frames(EASES)).direction == direction


def test_acts_that_disagree_decide_nothing():
    told = (*frames(EASES), *frames("Central Bank of Norway raises interest rates"))
    assert settle(decided(0.5, 0.4, 0.1), told).direction == "tightening"
    assert settle(decided(0.5, 0.4, 0.1), ()).direction == "tightening"


def test_what_is_said_to_be_over_is_eased():
    (told, *_) = frames("Minister tells banks that the crackdown is over")
    assert told.direction == "easing"
