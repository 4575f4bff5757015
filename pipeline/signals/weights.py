"""The learned weights: one row of outputs for each feature, read from ``data/weights.npz``, and the network beside them.

Written by ``training/train.py``. Loading takes some 50 ms; no machine-learning library is needed.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from pipeline.signals.grams import BLOCKS, Grams, Lexicon, block_of
from pipeline.signals.network import Network, network

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Glance:
    """Weights of single words for the first look, of the title's and of the text's; below ``cutoff`` no second look."""

    title: dict[str, float]
    text: dict[str, float]
    bias: float
    cutoff: float


@dataclass(frozen=True)
class Weights:
    """A row a feature: first those of words, which ``grams`` holds, then the named ones, whose rows ``index`` holds for
    each block. ``rows`` holds the outputs of each feature, named in ``outputs``, times its inverse document frequency;
    ``squares`` the squares of that frequency."""

    version: str
    grams: Grams
    index: tuple[dict[str, int], ...]
    rows: Array
    squares: Array
    bias: Array
    outputs: tuple[str, ...]
    calibration: tuple[float, float]
    jurisdiction: tuple[float, ...]
    thresholds: dict[str, float]
    glance: Glance
    network: Network

    @cached_property
    def signal(self) -> Array:
        """The first output alone, which is read for every article: in one piece, in the reach of caches."""
        return np.ascontiguousarray(self.rows[:, 0])

    @cached_property
    def blocks(self) -> Array:
        """The block of each row."""
        sizes = [len(names) for names in self.index]
        named = np.repeat(np.arange(len(sizes)) + len(BLOCKS), sizes)
        return np.concatenate((block_of(self.grams.keys), named)).astype(np.intp)


def _words(held: Any, part: str) -> list[str]:
    words: list[str] = held[part].tobytes().decode("utf-8").split("\n")
    return words


def _glance(held: Any, part: str) -> dict[str, float]:
    return dict(
        zip(_words(held, f"glance_{part}_words"), held[f"glance_{part}"].astype(np.float64).tolist(), strict=True)
    )


@cache
def weights() -> Weights:
    """The weights of this version of policywire."""
    with (
        as_file(files("pipeline.signals.data").joinpath("weights.npz")) as path,
        np.load(path, allow_pickle=False) as held,
    ):
        keys = np.cumsum(held["key_steps"])
        names, index, at = _words(held, "names"), [], 0
        for size in held["sizes"].tolist():
            index.append({name: len(keys) + at + i for i, name in enumerate(names[at : at + size])})
            at += size
        rows = held["rows"]
        return Weights(
            version=str(held["version"]),
            grams=Grams(Lexicon.of(_words(held, "words")), keys),
            index=tuple(index),
            rows=rows[:, 1:].astype(np.float32),
            squares=rows[:, 0].astype(np.float32) ** 2,
            bias=held["bias"].astype(np.float32),
            outputs=tuple(str(held["outputs"]).split("|")),
            calibration=(float(held["calibration"][0]), float(held["calibration"][1])),
            jurisdiction=tuple(float(w) for w in held["jurisdiction"]),
            thresholds=dict(zip(("signal", "words"), map(float, held["thresholds"]), strict=True)),
            glance=Glance(
                title=_glance(held, "title"),
                text=_glance(held, "text"),
                bias=float(held["glance_numbers"][0]),
                cutoff=float(held["glance_numbers"][1]),
            ),
            network=network(),
        )
