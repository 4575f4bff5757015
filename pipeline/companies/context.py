"""The words around a name: what a learned decision goes by."""

import re
from typing import NamedTuple

REACH = 48
START, NUMBER = "^", "0"
# Two tokens from here on; read on the reversed text for those before a name.
_TOKENS = re.compile(r"[ \t\xa0_]*([^\W_]+|[^\w\s]|\n)[ \t\xa0_]*([^\W_]+|[^\w\s]|\n)?")
_POSSESSIVE = ("'s", "’s")


class Around(NamedTuple):
    """Two tokens on either side of a name, lower-cased: words, punctuation, START for an edge of the text or a line
    break, NUMBER for digits. ``capital_before`` and ``capital_after``: the neighbouring word, parted from the name by
    one space or hyphen, has a capital."""

    before2: str
    before: str
    after: str
    after2: str
    possessive: bool
    capital_before: bool
    capital_after: bool


def _normal(token: str) -> str:
    if token == "\n":
        return START
    return NUMBER if token[0].isdigit() else token.lower()


def around(text: str, start: int, end: int) -> Around:
    """What stands around ``text[start:end]``, read within REACH characters on either side."""
    left = _TOKENS.match(text[max(0, start - REACH) : start][::-1])
    possessive = text[end : end + 2] in _POSSESSIVE
    at = end + 2 if possessive else end
    right = _TOKENS.match(text, at, at + REACH)
    first, second, capital_before = START, START, False
    if left:
        word = left[1][::-1]
        first = _normal(word)
        second = _normal(left[2][::-1]) if left[2] else START
        capital_before = text[start - 1] in " -" and word[0].isupper()
    following, further = START, START
    if right:
        following = _normal(right[1])
        further = _normal(right[2]) if right[2] else START
    capital_after = not possessive and text[at : at + 1] in (" ", "-") and text[at + 1 : at + 2].isupper()
    return Around(second, first, following, further, possessive, capital_before, capital_after)
