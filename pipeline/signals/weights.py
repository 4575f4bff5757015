"""The learned weights: one row of outputs for each feature name, read from ``data/weights.npz``.

Written by ``training/train.py``. Loading takes some 50 ms; no machine-learning library is needed.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import as_file, files
from typing import Any

import numpy as np

BLOCKS = (
    *("title words", "text words", "title groups", "text groups"),
    *("title cues", "text cues", "title frames", "text frames"),
)


@dataclass(frozen=True)
class Glance:
    """Weights of single words for the first look, of the title's and of the text's; below ``cutoff`` no second look."""

    title: dict[str, float]
    text: dict[str, float]
    bias: float
    cutoff: float


@dataclass(frozen=True)
class Weights:
    """``index`` holds, for each block, the row of each feature name. ``rows`` holds the outputs of each feature, named in
    ``outputs``, times its inverse document frequency; ``squares`` the squares of that frequency."""

    version: str
    index: tuple[dict[str, int], ...]
    rows: np.ndarray[Any, np.dtype[np.float32]]
    squares: np.ndarray[Any, np.dtype[np.float32]]
    bias: np.ndarray[Any, np.dtype[np.float32]]
    outputs: tuple[str, ...]
    calibration: tuple[float, float]
    jurisdiction: tuple[float, ...]
    thresholds: dict[str, float]
    glance: Glance

    @cached_property
    def signal(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The first output alone, which is read for every article: in one piece, in the reach of caches."""
        return np.ascontiguousarray(self.rows[:, 0])


def _words(held: Any, part: str) -> dict[str, float]:
    names = held[f"glance_{part}_words"].tobytes().decode("utf-8").split("\n")
    return dict(zip(names, held[f"glance_{part}"].astype(np.float64).tolist(), strict=True))


@cache
def weights() -> Weights:
    """The weights of this version of policywire."""
    with (
        as_file(files("pipeline.signals.data").joinpath("weights.npz")) as path,
        np.load(path, allow_pickle=False) as held,
    ):
        sizes = held["sizes"].tolist()
        names = held["names"].tobytes().decode("utf-8").split("\n")
        # The commonest first in each block, names and rows, so that what is read again and again lies close together:
        # most of a look-up's time is waiting for memory.
        order = np.lexsort((held["rows"][:, 0], np.repeat(np.arange(len(sizes)), sizes)))
        rows = held["rows"][order]
        names = "\n".join([names[i] for i in order.tolist()]).split("\n")
        index, at = [], 0
        for size in sizes:
            index.append({name: at + i for i, name in enumerate(names[at : at + size])})
            at += size
        return Weights(
            version=str(held["version"]),
            index=tuple(index),
            rows=rows[:, 1:].astype(np.float32),
            squares=rows[:, 0].astype(np.float32) ** 2,
            bias=held["bias"].astype(np.float32),
            outputs=tuple(str(held["outputs"]).split("|")),
            calibration=(float(held["calibration"][0]), float(held["calibration"][1])),
            jurisdiction=tuple(float(w) for w in held["jurisdiction"]),
            thresholds=dict(zip(("signal",), (float(held["thresholds"][0]),), strict=True)),
            glance=Glance(
                title=_words(held, "title"),
                text=_words(held, "text"),
                bias=float(held["glance_numbers"][0]),
                cutoff=float(held["glance_numbers"][1]),
            ),
        )
