"""The learned decision: from an article's features to the probability of a signal and to its labels.

Two models speak together: a linear one, and where that is not sure the network, too. The linear one stands over eight
blocks of features. In each block a feature that occurs weighs its inverse document frequency, and the block is scaled to
unit length, so that long and short articles can be compared.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any, Final, NamedTuple

import numpy as np

from pipeline.signals.features import Features
from pipeline.signals.weights import Weights
from schemas.terms import DIRECTIONS, INSTRUMENTS, Direction, Instrument, Stage

Array = np.ndarray[Any, np.dtype[Any]]

STAGES: tuple[Stage, ...] = ("signalled", "proposed", "decided")

# The network is asked where the linear model's log odds of a signal are no lower, and not where that is sure of a signal and
# of the side: where both its log odds of a signal and those of one side against the other are no lower than these. It has
# this share in what is said. All are taken from cross-validation (docs/signals-model-card.md).
NETWORK_FROM: Final = -0.8
SURE_OF_SIGNAL: Final = 1.5
SURE_OF_SIDE: Final = 1.8
NETWORK_SHARE: Final = 0.45
_TIGHTENING, _EASING = (1 + DIRECTIONS.index(side) for side in ("tightening", "easing"))


@dataclass(frozen=True, slots=True)
class Decision:
    """What is said of one article. ``probability`` is calibrated, ``odds`` are what it comes from; shares sum to one in each
    group."""

    probability: float
    direction: Direction
    instrument: Instrument
    stage: Stage
    directions: tuple[float, ...] = ()
    instruments: tuple[float, ...] = ()
    stages: tuple[float, ...] = ()
    odds: float = 0.0


def _softmax(scores: list[float]) -> tuple[float, ...]:
    top = max(scores)
    parts = [math.exp(s - top) for s in scores]
    total = sum(parts)
    return tuple(p / total for p in parts)


def sigmoid(x: float) -> float:
    """The logistic function, safe for any size of ``x``."""
    if x < -60:
        return 0.0
    return 1.0 / (1.0 + math.exp(-x))


class Seen(NamedTuple):
    """The features of an article that the model knows: their rows, and the scale of the block that each stands in."""

    rows: Array
    scale: Array


def _seen(weights: Weights, rows: Array) -> Seen:
    """What stands in ``rows``, -1 for none: which there are counts, not how often."""
    rows.sort()
    first = rows > -1
    np.logical_and(first[1:], rows[1:] != rows[:-1], out=first[1:])
    rows = rows[first]
    blocks = weights.blocks.take(rows)
    # In double precision, so that the order of the features does not show in what is rounded for people.
    squares = np.bincount(blocks, weights.squares.take(rows))
    return Seen(rows, 1.0 / np.sqrt(squares[blocks]))


def seen_words(weights: Weights, title: Sequence[str], body: Sequence[str]) -> Seen:
    """What the model knows of an article's words, their groups and pairs."""
    return _seen(weights, weights.grams.rows(title, body))


def seen_names(weights: Weights, named: Sequence[Sequence[str]]) -> Seen:
    """What the model knows of an article's cues and frames."""
    rows = [row for index, names in zip(weights.index, named, strict=True) for row in map(index.get, names, repeat(-1))]
    return _seen(weights, np.array(rows, dtype=np.intp))


def both(one: Seen, other: Seen) -> Seen:
    """Two parts that share no block, together."""
    return Seen(np.concatenate((one.rows, other.rows)), np.concatenate((one.scale, other.scale)))


def log_odds(weights: Weights, known: Seen) -> float:
    """Of a signal, by the linear model: the first of its outputs, which alone settles most articles."""
    return float(weights.bias[0] + known.scale @ weights.signal.take(known.rows))


def probability(weights: Weights, odds: float) -> float:
    """The calibrated probability of a signal, from its log odds."""
    slope, offset = weights.calibration
    return sigmoid(slope * odds + offset)


def labels(weights: Weights, known: Seen, title: Sequence[str], body: Sequence[str]) -> Decision:
    """All that is said of an article in which the model knows ``known`` and whose words are ``title`` and ``body``: the
    outputs of the linear model, and where that is not sure their mean with those of the network."""
    said = weights.bias + known.scale @ weights.rows.take(known.rows, axis=0)
    if said[0] < SURE_OF_SIGNAL or abs(said[_TIGHTENING] - said[_EASING]) < SURE_OF_SIDE:
        said = said + NETWORK_SHARE * (weights.network.outputs(title, body) - said)
    raw = said.tolist()
    n_dir, n_ins = len(DIRECTIONS), len(INSTRUMENTS)
    directions = _softmax(raw[1 : 1 + n_dir])
    instruments = _softmax(raw[1 + n_dir : 1 + n_dir + n_ins])
    stages = _softmax(raw[1 + n_dir + n_ins :])
    return Decision(
        probability(weights, raw[0]),
        DIRECTIONS[directions.index(max(directions))],
        INSTRUMENTS[instruments.index(max(instruments))],
        STAGES[stages.index(max(stages))],
        directions,
        instruments,
        stages,
        raw[0],
    )


def decide(weights: Weights, features: Features) -> Decision:
    """All that is said of an article's features; of a signal by the linear model alone where that is sure of none."""
    known = both(seen_words(weights, features.title, features.body), seen_names(weights, features.named))
    decision = labels(weights, known, features.title, features.body)
    odds = log_odds(weights, known)
    if odds >= NETWORK_FROM:
        return decision
    return replace(decision, probability=probability(weights, odds), odds=odds)
