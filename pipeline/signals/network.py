"""A small transformer over an article's first words, which speaks beside the linear model.

Where the linear model adds up what it sees, the network reads words in their order, relates them to each other, and knows
words of like use by their vectors. It learned from labels, and from a transformer too slow to be asked itself
(``training/network.py``). A layer that sees three words at a time comes first, so that attention begins with phrases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# So many words are read, of them so many of the title at most.
WORDS, TITLE_WORDS = 32, 30
BLOCKS, HEADS = 2, 4
UNKNOWN = 1
"""The number of every word without one of its own; 0 stands for none."""
# What the highest value of a zone without words is said to be.
NOTHING = -9.0
_EPSILON = 1e-5


class Affine(NamedTuple):
    """A matrix and what is added to its product."""

    matrix: Array
    bias: Array

    def of(self, states: Array) -> Array:
        """The product of ``states`` with the matrix, and the bias."""
        made: Array = states @ self.matrix
        made += self.bias
        return made


class Norm(NamedTuple):
    """Layer normalisation (Ba et al., 2016)."""

    scale: Array
    bias: Array

    def of(self, states: Array) -> Array:
        """``states``, each row brought to mean and spread of its own."""
        # The mean as a product with equal parts: half the time of numpy's.
        made: Array = states - (states @ _parts(states.shape[1]))[:, None]
        spread = np.einsum("ij,ij->i", made, made) / made.shape[1]
        made *= (1.0 / np.sqrt(spread + _EPSILON))[:, None]
        made *= self.scale
        made += self.bias
        return made


class Block(NamedTuple):
    """A pre-norm transformer block (Xiong et al., 2020): ``nearby`` weighs the word before, the word and the word behind on
    their own; ``asked`` makes queries, keys and values of them."""

    first: Norm
    nearby: Affine
    asked: Affine
    told: Affine
    second: Norm
    wide: Affine
    narrow: Affine

    def of(self, states: Array) -> Array:
        """``states`` after the block, a row a word."""
        count, width = states.shape
        seen = self.first.of(states)
        near = seen * (self.nearby.matrix[1] + 1.0)
        near += self.nearby.bias
        near[1:] += seen[:-1] * self.nearby.matrix[0]
        near[:-1] += seen[1:] * self.nearby.matrix[2]
        query, keys, values = self.asked.of(near).reshape(count, 3, HEADS, width // HEADS).transpose(1, 2, 0, 3)
        scores = query @ keys.transpose(0, 2, 1)
        scores *= (width // HEADS) ** -0.5
        told = _softmax(scores, 2) @ values
        states = states + self.told.of(told.transpose(1, 0, 2).reshape(count, width))
        made = self.wide.of(self.second.of(states))
        np.maximum(made, 0, out=made)
        states += self.narrow.of(made)
        return states


@dataclass(frozen=True)
class Network:
    """``numbers``: the row of each word in ``vectors``; ``zones``: what is added to those of title and text; ``phrases``: of
    three words in a row; ``places``: what is added to each place; ``attention`` weighs the words for ``head``, which sees
    them beside the highest values of title and text."""

    numbers: dict[str, int]
    vectors: Array
    zones: Array
    phrases: Affine
    places: Array
    blocks: tuple[Block, ...]
    last: Norm
    attention: Affine
    head: Affine

    def outputs(self, title: Sequence[str], body: Sequence[str]) -> Array:
        """The outputs in the order of ``Weights.outputs``, for the words of a title and of the text under it, folded as by
        ``features.words``: log odds of a signal, then a score for each label."""
        number = self.numbers.get
        read = [number(word, UNKNOWN) for word in title[:TITLE_WORDS]]
        split = len(read)
        read += [number(word, UNKNOWN) for word in body[: WORDS - split]]
        states = self.vectors[read]
        states[:split] += self.zones[0]
        states[split:] += self.zones[1]
        states = self.phrases.of(_threes(states)) + self.places[: len(read)]
        for block in self.blocks:
            states = block.of(states)
        states = self.last.of(states)
        weighed = _softmax(self.attention.of(states), 0)
        seen = (_highest(states[:split]), _highest(states[split:]), (weighed.T @ states).ravel())
        outputs: Array = self.head.of(np.concatenate(seen))
        return outputs


@cache
def _parts(count: int) -> Array:
    return np.full(count, 1.0 / count, dtype=np.float32)


def _threes(states: Array) -> Array:
    """Beside each word the one before and the one behind."""
    count, width = states.shape
    seen = np.zeros((count, 3 * width), dtype=states.dtype)
    seen[1:, :width] = states[:-1]
    seen[:, width : 2 * width] = states
    seen[:-1, 2 * width :] = states[1:]
    return seen


def _softmax(scores: Array, axis: int) -> Array:
    made: Array = np.exp(scores - scores.max(axis, keepdims=True, initial=0.0))
    made /= made.sum(axis, keepdims=True)
    return made


def _highest(states: Array) -> Array:
    if len(states) == 0:
        return np.full(states.shape[1], NOTHING, dtype=states.dtype)
    highest: Array = states.max(0)
    return highest


@cache
def network() -> Network:
    """The network of this version of policywire, read from ``data/network.npz``."""
    with (
        as_file(files("pipeline.signals.data").joinpath("network.npz")) as path,
        np.load(path, allow_pickle=False) as held,
    ):
        return read_from(held)


def read_from(held: Any) -> Network:
    """The network whose parts ``held`` holds, as ``training.network`` keeps them."""
    words = held["words"].tobytes().decode("utf-8").split("\n")

    def part(name: str) -> Array:
        # In one piece by rows, else each product takes a third longer.
        values: Array = np.ascontiguousarray(held[name], dtype=np.float32)
        return values

    def affine(name: str) -> Affine:
        return Affine(part(f"{name}.weight"), part(f"{name}.bias"))

    def norm(name: str) -> Norm:
        return Norm(part(f"{name}.weight"), part(f"{name}.bias"))

    def block(name: str) -> Block:
        return Block(
            norm(f"{name}.first"),
            affine(f"{name}.nearby"),
            affine(f"{name}.asked"),
            affine(f"{name}.told"),
            norm(f"{name}.second"),
            affine(f"{name}.wide"),
            affine(f"{name}.narrow"),
        )

    return Network(
        numbers={word: UNKNOWN + 1 + i for i, word in enumerate(words)},
        vectors=part("vectors") * part("scales")[:, None],
        zones=part("zones"),
        phrases=affine("phrases"),
        places=part("places"),
        blocks=tuple(block(f"blocks.{i}") for i in range(BLOCKS)),
        last=norm("last"),
        attention=affine("attention"),
        head=affine("head"),
    )
