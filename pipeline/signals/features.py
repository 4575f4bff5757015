"""What the learned decision sees of an article: words, cue classes, their order, and composed directions.

Eight blocks, each scaled on its own: words and groups of words, which ``grams`` makes features of, and cue classes and
frames, whose features have names; each of the title and of the text.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from pipeline.scan import Hit, fold
from pipeline.signals.frames import ACTORS, Frame, Mood, Tense
from pipeline.signals.sentences import Sentence
from pipeline.signals.vocabulary import Term

# The news stands at the start: so much of the text is read for the labels (characters, sentences).
READ_CHARS = 600
READ_SENTENCES = 4
# So many terms behind it a term makes a pair with.
_REACH = 4

NAMED = ("title cues", "text cues", "title frames", "text frames")
"""The blocks whose features have names."""


class Features(NamedTuple):
    """The words of the title and of the text, and the names of the features of the blocks of ``NAMED``."""

    title: list[str]
    body: list[str]
    named: tuple[list[str], ...]


_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[$£€?!%]")


def words(text: str) -> list[str]:
    """The folded words of ``text``, figures as ``0``."""
    return ["0" if w[0].isdigit() else w for w in _WORD.findall(fold(text))]


class _Pairs(dict[tuple[str, str], str]):
    """The names of pairs of classes, joined by ``sign``; each is made once."""

    def __init__(self, sign: str) -> None:
        self._sign = sign

    def __missing__(self, pair: tuple[str, str]) -> str:
        name = self[pair] = pair[0] + self._sign + pair[1]
        return name


_BEFORE, _BESIDE = _Pairs(">"), _Pairs("+")


def cue_features(hits: Sequence[Hit], sentences: Sequence[Sentence]) -> tuple[list[str], list[str]]:
    """Cue features of the title and of the sentences read: classes, ordered pairs, act with object."""
    title: list[str] = []
    body: list[str] = []
    first = 0
    for sentence in sentences:
        last = first
        while last < len(hits) and hits[last][0] < sentence.end:
            last += 1
        if first < last:
            out = title if sentence.zone == "title" else body
            _sentence_features(hits[first:last], sentence.zone == "lead", out)
        first = last
    return title, body


def _sentence_features(hits: Sequence[Hit], lead: bool, out: list[str]) -> None:
    """Appends the features of one sentence, given its terms."""
    terms: list[Term] = [hit[2] for hit in hits]
    classes = [term.cls for term in terms]
    for term in terms:
        out += term.classes
        if term.inflected:
            out.append(term.inflected)
    if lead:
        out += ["L:" + cls for cls in classes]
    for i, term in enumerate(terms):
        if term.family in ACTORS:
            out.append(f"first:{term.cls}@{min(i, 3)}")
            break
    for distance in range(1, _REACH + 1):
        out += map(_BEFORE.__getitem__, zip(classes, classes[distance:], strict=False))
    for (_, end, one), (start, _, other) in pairwise(hits):
        if start - end < 3:
            out.append(_BESIDE[one.cls, other.cls])


def frame_features(told: Sequence[Frame]) -> tuple[list[str], list[str]]:
    """Features of the frames of title and text: direction by who acts and by stage, act with object, tense, mood."""
    title: list[str] = []
    body: list[str] = []
    totals = [0, 0]
    for f in told:
        head = f.zone == "title"
        out = title if head else body
        sign = "+" if f.direction == "tightening" else "-" if f.direction == "easing" else "0"
        if f.background:
            out.append("past" + sign)
            continue
        out += _told(sign, f.zone == "lead", f.actor_class, f.act_class, f.object_class, f.tense, f.mood, f.negated)
        if sign != "0":
            totals[not head] += 1 if sign == "+" else -1
    for total, out in zip(totals, (title, body), strict=True):
        if total:
            out.append(f"sum{'+' if total > 0 else '-'}{min(abs(total), 3)}")
            out.append(f"sum{'+' if total > 0 else '-'}")
    return title, body


@lru_cache(maxsize=1 << 15)
def _told(
    sign: str, lead: bool, actor: str, act: str, thing: str, tense: Tense, mood: Mood, negated: bool
) -> tuple[str, ...]:
    """The features of one frame. Frames are much alike, so that most are made but once."""
    acts = act.partition(".")[0]
    things = thing.partition(".")[0]
    who = actor.partition(".")[0]
    out: list[str] = []
    if sign != "0":
        out += (f"dir{sign}", f"dir{sign}{who}", f"dir{sign}{actor}", f"dir{sign}{mood}")
        out += (f"dir{sign}{act}", f"dir{sign}{thing}", f"dir{sign}{act}|{thing}")
        if lead:
            out.append(f"lead{sign}")
    out += (f"{who}|{acts}|{things}", f"{actor}|{act}", f"{act}|{thing}", f"{act}|{things}", f"act:{act}|{tense}")
    out += (f"obj:{thing}", f"mood:{mood}|{tense}", f"who:{actor}")
    if negated:
        out.append(f"not:{acts}|{things}")
    return tuple(out)
