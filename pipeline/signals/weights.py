"""The learned weights: one row of outputs for each feature name, read from ``data/weights.npz``.

Written by ``training/train.py``. Loading takes some 50 ms; no machine-learning library is needed.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np

BLOCKS = ("title words", "text words", "title cues", "text cues", "title frames", "text frames")


@dataclass(frozen=True)
class Weights:
    """``index`` holds, for each block, the row of each feature name. Column 0 of ``rows`` is the feature's inverse
    document frequency; the others are the outputs, named in ``outputs``, times that frequency."""

    version: str
    index: tuple[dict[str, int], ...]
    rows: np.ndarray[Any, np.dtype[np.float32]]
    bias: np.ndarray[Any, np.dtype[np.float32]]
    outputs: tuple[str, ...]
    calibration: tuple[float, float]
    jurisdiction: tuple[float, ...]
    thresholds: dict[str, float]


@cache
def weights() -> Weights:
    """The weights of this version of policywire."""
    with (
        as_file(files("pipeline.signals.data").joinpath("weights.npz")) as path,
        np.load(path, allow_pickle=False) as held,
    ):
        sizes = held["sizes"].tolist()
        names = held["names"].tobytes().decode("utf-8").split("\n")
        index, at = [], 0
        for size in sizes:
            index.append({name: at + i for i, name in enumerate(names[at : at + size])})
            at += size
        return Weights(
            version=str(held["version"]),
            index=tuple(index),
            rows=held["rows"].astype(np.float32),
            bias=held["bias"].astype(np.float32),
            outputs=tuple(str(held["outputs"]).split("|")),
            calibration=(float(held["calibration"][0]), float(held["calibration"][1])),
            jurisdiction=tuple(float(w) for w in held["jurisdiction"]),
            thresholds=dict(zip(("signal",), (float(held["thresholds"][0]),), strict=True)),
        )
