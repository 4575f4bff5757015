"""The learned decision: from an article's features to the probability of a signal and to its labels.

A linear model over eight blocks of features. In each block a feature that occurs weighs its inverse document frequency,
and the block is scaled to unit length, so that long and short articles can be compared.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np

from pipeline.signals.weights import Weights
from schemas.terms import DIRECTIONS, INSTRUMENTS, Direction, Instrument, Stage

Array = np.ndarray[Any, np.dtype[Any]]

STAGES: tuple[Stage, ...] = ("signalled", "proposed", "decided")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the model says of one article. ``probability`` is calibrated; shares sum to one in each group."""

    probability: float
    direction: Direction
    instrument: Instrument
    stage: Stage
    directions: tuple[float, ...] = ()
    instruments: tuple[float, ...] = ()
    stages: tuple[float, ...] = ()


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


def seen(weights: Weights, blocks: Sequence[Sequence[str]]) -> Seen:
    """What the model knows of the eight blocks of features: which there are counts, not how often."""
    at: list[int] = []
    starts: list[int] = []
    lengths: list[int] = []
    for index, features in zip(weights.index, blocks, strict=True):
        found = set(map(index.get, features))
        found.discard(None)
        if found:
            starts.append(len(at))
            lengths.append(len(found))
            at += cast(set[int], found)
    rows = np.array(at, dtype=np.intp)
    # In double precision, so that the order of the features does not show in what is rounded for people.
    norms = 1.0 / np.sqrt(np.add.reduceat(weights.squares[rows], starts, dtype=np.float64)) if at else np.empty(0)
    return Seen(rows, np.repeat(norms, lengths))


def probability(weights: Weights, known: Seen) -> float:
    """The calibrated probability of a signal: the first of the model's outputs, which alone settles most articles."""
    slope, offset = weights.calibration
    return sigmoid(slope * float(weights.bias[0] + known.scale @ weights.signal[known.rows]) + offset)


def labels(weights: Weights, known: Seen) -> Decision:
    """All that the model says."""
    raw = (weights.bias + known.scale @ weights.rows[known.rows]).tolist()
    n_dir, n_ins = len(DIRECTIONS), len(INSTRUMENTS)
    directions = _softmax(raw[1 : 1 + n_dir])
    instruments = _softmax(raw[1 + n_dir : 1 + n_dir + n_ins])
    stages = _softmax(raw[1 + n_dir + n_ins :])
    return Decision(
        probability(weights, known),
        DIRECTIONS[directions.index(max(directions))],
        INSTRUMENTS[instruments.index(max(instruments))],
        STAGES[stages.index(max(stages))],
        directions,
        instruments,
        stages,
    )


def decide(weights: Weights, blocks: Sequence[Sequence[str]]) -> Decision:
    """All that the model says of the eight blocks of features."""
    return labels(weights, seen(weights, blocks))
