"""A small convolutional network over an article's first words, which speaks beside the linear model.

Where the linear model adds up what it sees, the network reads words in their order and knows words of like use by their
vectors. It was distilled from a transformer that is too slow to be asked itself (``training/network.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# So many words are read, of them so many of the title at most.
WORDS, TITLE_WORDS = 40, 30
# How far apart the three words are that each convolution sees.
STEPS = (1, 1, 2)
UNKNOWN = 1
"""The number of every word without one of its own; 0 stands for none."""


@dataclass(frozen=True)
class Network:
    """``numbers``: the row of each word in ``vectors``; ``zones``: what is added to those of title and text;
    ``layers``: the matrix of each convolution, for the word before, the word and the word behind, and its bias;
    ``attention`` and ``head``: matrix and bias."""

    numbers: dict[str, int]
    vectors: Array
    zones: Array
    layers: tuple[tuple[Array, Array], ...]
    attention: tuple[Array, Array]
    head: tuple[Array, Array]

    def outputs(self, title: Sequence[str], body: Sequence[str]) -> Array:
        """The outputs in the order of ``Weights.outputs``, for the words of a title and of the text under it, folded as by
        ``features.words``: log odds of a signal, then a score for each label."""
        number = self.numbers.get
        head = [number(word, UNKNOWN) for word in title[:TITLE_WORDS]]
        read = head + [number(word, UNKNOWN) for word in body[: WORDS - len(head)]]
        split = len(head)
        states = self.vectors[read]
        states[:split] += self.zones[0]
        states[split:] += self.zones[1]
        for depth, (step, layer) in enumerate(zip(STEPS, self.layers, strict=True)):
            made = _convolved(states, step, *layer)
            states = states + made if depth else made
        scores = states @ self.attention[0] + self.attention[1]
        weighed = np.exp(scores - scores.max(axis=0, initial=0))
        weighed /= weighed.sum(0)
        seen = (_highest(states[:split]), _highest(states[split:]), (weighed.T @ states).ravel())
        outputs: Array = np.concatenate(seen) @ self.head[0] + self.head[1]
        return outputs


def _convolved(states: Array, step: int, matrix: Array, bias: Array) -> Array:
    count, width = states.shape
    padded = np.zeros((count + 2 * step, width), dtype=states.dtype)
    padded[step : step + count] = states
    seen = np.concatenate((padded[:count], states, padded[2 * step :]), axis=1)
    made: Array = np.maximum(seen @ matrix + bias, 0)
    return made


def _highest(states: Array) -> Array:
    highest: Array = states.max(axis=0, initial=0)
    return highest


@cache
def network() -> Network:
    """The network of this version of policywire, read from ``data/network.npz``."""
    with (
        as_file(files("pipeline.signals.data").joinpath("network.npz")) as path,
        np.load(path, allow_pickle=False) as held,
    ):
        words = held["words"].tobytes().decode("utf-8").split("\n")

        def part(name: str) -> Array:
            values: Array = held[name].astype(np.float32)
            return values

        return Network(
            numbers={word: UNKNOWN + 1 + i for i, word in enumerate(words)},
            vectors=part("vectors"),
            zones=part("zones"),
            layers=tuple((part(f"layer_{i}"), part(f"layer_{i}_bias")) for i in range(len(STEPS))),
            attention=(part("attention"), part("attention_bias")),
            head=(part("head"), part("head_bias")),
        )
