"""The learned decision: from an article's features to the probability of a signal and to its labels.

A linear model over six blocks of features. In each block a feature that occurs weighs its inverse document frequency,
and the block is scaled to unit length, so that long and short articles can be compared.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from pipeline.signals.weights import Weights
from schemas.terms import DIRECTIONS, INSTRUMENTS, Direction, Instrument, Stage

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


def scores(weights: Weights, blocks: Sequence[Sequence[str]]) -> list[float]:
    """The model's raw outputs for the six blocks of features: which features there are counts, not how often."""
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
    if not at:
        return cast(list[float], weights.bias.tolist())
    taken = weights.rows[at]
    norms = 1.0 / np.sqrt(np.add.reduceat(weights.squares[at], starts))
    total = weights.bias + np.repeat(norms, lengths) @ taken
    return cast(list[float], total.tolist())


def decide(weights: Weights, blocks: Sequence[Sequence[str]]) -> Decision:
    """Reads probability and labels off the model's outputs."""
    raw = scores(weights, blocks)
    slope, offset = weights.calibration
    n_dir, n_ins = len(DIRECTIONS), len(INSTRUMENTS)
    directions = _softmax(raw[1 : 1 + n_dir])
    instruments = _softmax(raw[1 + n_dir : 1 + n_dir + n_ins])
    stages = _softmax(raw[1 + n_dir + n_ins :])
    return Decision(
        sigmoid(slope * raw[0] + offset),
        DIRECTIONS[directions.index(max(directions))],
        INSTRUMENTS[instruments.index(max(instruments))],
        STAGES[stages.index(max(stages))],
        directions,
        instruments,
        stages,
    )
