"""The direction told: what the learned decision says of the sides, moved by the composed frames; neutral where it wavers."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pipeline.signals.decision import Decision
from pipeline.signals.frames import Frame
from schemas.terms import DIRECTIONS, Direction

# What the acts of title and lead add to the side on which they all agree, in log odds. They agree in two signals of three,
# and are then right in seven of eight.
AGREED: Final = 0.5
# Where one side is likelier than the other by less than so much, in log odds, neither is told: a wrong side costs more than
# none. docs/signals-model-card.md has the figures for other limits.
WAVERING: Final = 0.8
_ZONES = ("title", "lead")


def settle(decision: Decision, told: Sequence[Frame]) -> Decision:
    """``decision`` with the shares of directions as the frames ``told`` move them, and the direction that follows: the
    likeliest, and neutral where that is a side from which the other is not clearly apart."""
    composed = {f.direction for f in told if f.zone in _ZONES and not f.background and f.direction and f.object}
    shares = dict(zip(DIRECTIONS, decision.directions, strict=True))
    if len(composed) == 1:
        (agreed,) = composed
        shares[agreed] *= math.exp(AGREED)
        total = sum(shares.values())
        shares = {direction: share / total for direction, share in shares.items()}
    one, other = shares["tightening"], shares["easing"]
    apart = max(one, other) >= min(one, other) * math.exp(WAVERING)
    likeliest = max(DIRECTIONS, key=shares.__getitem__)
    return replace(decision, directions=tuple(shares.values()), direction=likeliest if apart else "neutral")


def certainty(decision: Decision) -> float:
    """How sure the direction is, from 0 to 1: the share of a side; of neutral all that does not speak for one side more than
    for the other."""
    shares: dict[Direction, float] = dict(zip(DIRECTIONS, decision.directions, strict=True))
    if decision.direction != "neutral":
        return shares[decision.direction]
    return 1.0 - abs(shares["tightening"] - shares["easing"])
