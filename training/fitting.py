"""Fits several softmax heads at once on one sparse matrix, with soft targets and a weight for each row and head."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Head:
    """``target``: a distribution over the head's classes for each row; ``weight``: how much the row counts, 0 for not
    at all; ``cost``: the inverse of the strength of the L2 penalty."""

    target: Array
    weight: Array
    cost: float


def descend(value: Callable[[Array], tuple[float, Array]], start: Array, rounds: int, memory: int = 6) -> Array:
    """L-BFGS with backtracking, in single precision: many parameters, moderate accuracy. Deterministic."""
    x = start
    loss, gradient = value(x)
    steps: list[tuple[Array, Array, float]] = []
    first = loss
    for _ in range(rounds):
        direction = gradient.copy()
        kept: list[float] = []
        for s, y, rho in reversed(steps):
            a = rho * float(np.dot(s, direction))
            direction -= a * y
            kept.append(a)
        if steps:
            s, y, rho = steps[-1]
            direction *= 1.0 / (rho * float(np.dot(y, y)))
        else:
            direction *= 1.0 / max(1.0, float(np.sqrt(np.dot(gradient, gradient))))
        for (s, y, rho), a in zip(steps, reversed(kept), strict=True):
            direction += (a - rho * float(np.dot(y, direction))) * s
        slope = -float(np.dot(gradient, direction))
        if slope >= 0:
            break
        length = 1.0
        while True:
            moved = x - np.float32(length) * direction
            new, other = value(moved)
            if new <= loss + 1e-4 * length * slope:
                break
            length /= 2
            if length < 1e-4:
                return x
        s, y = moved - x, other - gradient
        curvature = float(np.dot(s, y))
        if curvature > 1e-10:
            steps = [*steps[-memory + 1 :], (s, y, 1.0 / curvature)]
        if loss - new < 1e-5 * (first - new):
            return moved
        x, loss, gradient = moved, new, other
    return x


def fit_heads(x: sp.csr_matrix, heads: Sequence[Head], rounds: int = 80) -> tuple[Array, Array]:
    """Coefficients (features by outputs) and biases of all heads; deterministic."""
    x = x.astype(np.float32)
    back = x.T.tocsr()
    widths = [h.target.shape[1] for h in heads]
    total, size = sum(widths), x.shape[1]
    ends = np.cumsum([0, *widths])
    # A head whose cost is c has its loss multiplied by c, beside an L2 penalty of one half.
    costs = [(h.cost * h.weight[:, None]).astype(np.float32) for h in heads]
    gold = [h.target.astype(np.float32) for h in heads]

    def value(flat: Array) -> tuple[float, Array]:
        w = flat.reshape(size + 1, total)
        raw = x @ w[:size] + w[size]
        loss = 0.0
        slopes = np.empty_like(raw)
        for target, c, a, b in zip(gold, costs, ends, ends[1:], strict=False):
            r = raw[:, a:b] - raw[:, a:b].max(1, keepdims=True)
            e = np.exp(r)
            s = e.sum(1, keepdims=True)
            loss -= float((c * target * (r - np.log(s))).sum(dtype=np.float64))
            slopes[:, a:b] = c * (e / s * target.sum(1, keepdims=True) - target)
        g = np.empty_like(w)
        np.add(back @ slopes, w[:size], out=g[:size])
        g[size] = slopes.sum(0)
        return loss + 0.5 * float(np.dot(w[:size].ravel(), w[:size].ravel())), g.ravel()

    found = descend(value, np.zeros((size + 1) * total, dtype=np.float32), rounds).reshape(size + 1, total)
    return found[:size], found[size]
