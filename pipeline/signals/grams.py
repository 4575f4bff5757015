"""An article's words, the groups that they stand in, and pairs of neighbours of either, as numbers.

Such a feature is one number: its block, its first member and its second, 0 for none. So all features of an article are
made and looked up at once; by name, one after the other, it took twice as long.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pipeline.signals.word_groups import word_groups

Array = np.ndarray[Any, np.dtype[Any]]

BLOCKS = ("title words", "text words", "title groups", "text groups")
"""Those of the text begin with the title's words."""
# Members are numbered below 2 ** 21; words that are not known have no number, 0.
_MEMBER = 21
_START, _END, _FIRST = 1, 2, 3
# The group of words that stand in none; the groups follow.
_ALONE = 1


def key(block: int, first: Array, second: Array | int = 0) -> Array:
    """The numbers of features of a block of ``BLOCKS``, by their members' numbers."""
    keys: Array = (first << _MEMBER) + second + (block << 2 * _MEMBER)
    return keys


def block_of(keys: Array) -> Array:
    """The block that each feature stands in."""
    return keys >> 2 * _MEMBER


def known(keys: Array) -> Array:
    """Whether the first member of each feature is a known word, or a group."""
    return (keys >> _MEMBER) % (1 << _MEMBER) > 0


@dataclass(frozen=True)
class Lexicon:
    """The number of each known word, and the group of each number."""

    numbers: dict[str, int]
    groups: Array

    @classmethod
    def of(cls, words: Iterable[str]) -> "Lexicon":
        """A lexicon of ``words``, numbered in their order, and of the words that stand in groups."""
        numbers = {word: _FIRST + n for n, word in enumerate(words)}
        grouped = word_groups()
        for word in grouped:
            numbers.setdefault(word, _FIRST + len(numbers))
        groups = np.full(_FIRST + len(numbers), _ALONE, dtype=np.int64)
        groups[[numbers[word] for word in grouped]] = np.fromiter(grouped.values(), np.int64) + _ALONE + 1
        return cls(numbers, groups)

    def numbered(self, title: Sequence[str], body: Sequence[str]) -> tuple[Array, Array]:
        """The numbers of a title's words between those of its two ends, and of its words and those of the text under it."""
        number = self.numbers.get
        head = [number(word, 0) for word in title]
        both = head + [number(word, 0) for word in body]
        return np.array([_START, *head, _END]), np.array(both, dtype=np.int64)

    def features(self, title: Sequence[str], body: Sequence[str]) -> Array:
        """The features of the words of a title and of the text under it, also such as no model knows."""
        bounded, both = self.numbered(title, body)
        groups = self.groups[both]
        head_groups = groups[: len(title)]
        return np.concatenate(
            (
                key(0, bounded[1:-1]),
                key(0, bounded[:-1], bounded[1:]),
                key(1, both),
                key(1, both[:-1], both[1:]),
                key(2, head_groups),
                key(2, head_groups[:-1], head_groups[1:]),
                key(3, groups),
                key(3, groups[:-1], groups[1:]),
            )
        )


@dataclass(frozen=True)
class Grams:
    """The features of a model, in order; the place of each is its row."""

    lexicon: Lexicon
    keys: Array

    @cached_property
    def _single(self) -> tuple[Array, ...]:
        """The row of each word alone in each block of words, -1 for none."""
        return tuple(self._among(block, len(self.lexicon.groups), 0) for block in (0, 1))

    @cached_property
    def _grouped(self) -> tuple[Array, ...]:
        """The row of each pair of groups in each block of groups: there are so few groups that all pairs have a place."""
        size = self._groups
        return tuple(self._among(block, size, np.arange(size)[:, None]).T.ravel() for block in (2, 3))

    @cached_property
    def _groups(self) -> int:
        return int(self.lexicon.groups.max()) + 1

    def _among(self, block: int, size: int, second: Array | int) -> Array:
        return self._rows(key(block, np.arange(size), second), missing=True)

    def _rows(self, wanted: Array, *, missing: bool) -> Array:
        at = self.keys.searchsorted(wanted)
        found = self.keys.take(at, mode="clip") == wanted
        return np.where(found, at, -1).astype(np.int32) if missing else at[found]

    def rows(self, title: Sequence[str], body: Sequence[str]) -> Array:
        """The rows of the features of a title's words and of those of the text under it, some of them twice, and -1 for
        those that the model does not know."""
        count = len(title)
        bounded, both = self.lexicon.numbered(title, body)
        groups = self.lexicon.groups[both]
        ahead = groups * self._groups
        pairs = ahead[:-1] + groups[1:]
        of_title, of_text = self._grouped
        wanted = np.concatenate((key(0, bounded[:-1], bounded[1:]), key(1, both[:-1], both[1:])))
        return np.concatenate(
            (
                self._single[0][both[:count]],
                self._single[1][both],
                of_title[ahead[:count]],
                of_title[pairs[: max(0, count - 1)]],
                of_text[ahead],
                of_text[pairs],
                self._rows(wanted, missing=False),
            )
        )
