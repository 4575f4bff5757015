"""Groups of words of like use, a line each in ``data/word_groups.txt``; learned by ``training/word_groups.py``."""

from functools import cache
from importlib.resources import files


@cache
def word_groups() -> dict[str, int]:
    """The number of the group that each known word, folded as by ``features.words``, stands in."""
    text = files("pipeline.signals.data").joinpath("word_groups.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {word: number for number, line in enumerate(lines) for word in line.split()}
