"""Fits softmax heads on one sparse matrix, with soft targets and a weight for each row and head."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.optimize import fmin_l_bfgs_b

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Head:
    """``target``: a distribution over the head's classes for each row; ``weight``: how much the row counts, 0 for not
    at all; ``cost``: the inverse of the strength of the L2 penalty."""

    target: Array
    weight: Array
    cost: float


def fit_heads(x: sp.csr_matrix, heads: Sequence[Head], rounds: int = 200) -> tuple[Array, Array]:
    """Coefficients (features by outputs) and biases of all heads, each by at most so many rounds of L-BFGS."""
    x = x.astype(np.float32)
    back = x.T.tocsr()
    fitted = [_fit_head(x, back, head, rounds) for head in heads]
    return np.concatenate([w for w, _ in fitted], 1), np.concatenate([bias for _, bias in fitted])


def _fit_head(x: sp.csr_matrix, back: sp.csr_matrix, head: Head, rounds: int) -> tuple[Array, Array]:
    counts = head.weight > 0
    if not counts.all():
        x = x[counts]
        back = x.T.tocsr()
    size, width = x.shape[1], head.target.shape[1]
    target = head.target[counts].astype(np.float32)
    # The cost multiplies the loss, beside an L2 penalty of one half.
    cost = (head.cost * head.weight[counts, None]).astype(np.float32)

    def value(flat: Array) -> tuple[float, Array]:
        w = flat.reshape(size + 1, width).astype(np.float32)
        raw = x @ w[:size] + w[size]
        raw -= raw.max(1, keepdims=True)
        e = np.exp(raw)
        total = e.sum(1, keepdims=True)
        loss = -float((cost * target * (raw - np.log(total))).sum(dtype=np.float64))
        slopes = cost * (e / total * target.sum(1, keepdims=True) - target)
        gradient = np.empty((size + 1, width))
        np.add(back @ slopes, w[:size], out=gradient[:size])
        gradient[size] = slopes.sum(0)
        return loss + 0.5 * float(np.square(flat[:-width]).sum()), gradient.ravel()

    start = np.zeros((size + 1) * width)
    found, _, _ = fmin_l_bfgs_b(value, start, maxiter=rounds, factr=1e9, pgtol=0.0)
    found = found.reshape(size + 1, width).astype(np.float32)
    return found[:size], found[size]
