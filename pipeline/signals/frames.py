"""Reads each clause as frames: who acts, by what act, on what object, in which tense and mood.

Direction is composed of act and object ("lifts" on "ban" is an easing) with negation and acts on acts ("drops plan to
raise rates"). Headline grammar: the present tells the past ("Court annuls fine"), "to" before an act the future, and a
noun alone may tell the act ("Rate rise for homeowners").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.scan import Hit
from pipeline.signals.sentences import Sentence
from pipeline.signals.vocabulary import Body, Term
from schemas.terms import Direction

Tense = Literal["past", "present", "future"]
Mood = Literal["asserted", "considered", "proposed", "demanded", "questioned"]

POLARITY: dict[str, int] = {"burden": 1, "support": -1, "permit": -1}
ACTS = frozenset(("up", "down", "tight", "ease", "pass", "block", "keep", "ask"))
_OBJECTS = frozenset(("burden", "support", "permit", "law"))
# Nouns that tell an act and its direction without a verb.
_NOMINAL = frozenset(
    (
        "support.cut",
        "support.subsidy",
        "burden.rate",
        "burden.crackdown",
        "burden.penalty",
        "burden.ban",
        "burden.probe",
    )
)
_ACTORS = frozenset(("body", "generic", "place"))
_REACH = 5

_CLAUSE = re.compile(r"[;:—–]\s|,\s|\s(?:but|while|although|though|whereas|as|after|despite)\s|\s-\s", re.IGNORECASE)
_BACKGROUND = re.compile(
    r"\b(?:last (?:year|month|week)|(?:years?|months?|weeks?|decades?) ago|in (?:late |early |mid-)?(?:19|20)\d\d|"
    r"since (?:late |early )?(?:19|20)\d\d|had (?:been )?\w+|previously|earlier this|began in|were \w+ed|as part of)\b",
    re.IGNORECASE,
)


def compose(act: str, polarity: int) -> int:
    """The direction of an act of a class on an object of a polarity: +1 burden up, -1 burden down, 0 not to be told.

    An act that raises, a yes, or a demand keeps the object's sign; an act that lowers, or a no, turns it.

    >>> compose("down", POLARITY["burden"]), compose("block", POLARITY["permit"])
    (-1, 1)
    """
    if act in ("up", "pass", "ask"):
        return polarity
    if act in ("down", "block"):
        return -polarity
    if act == "tight":
        return 1
    if act == "ease":
        return -1
    return 0


@dataclass(frozen=True, slots=True)
class Frame:
    """One act as it was read. Offsets are of ``Document.full``; ``direction`` None: none composed."""

    start: int
    end: int
    zone: str
    actor: str
    actor_class: str
    body: Body | None
    actor_span: tuple[int, int] | None
    act: str
    act_class: str
    object: str
    object_class: str
    negated: bool
    tense: Tense
    mood: Mood
    background: bool
    direction: Direction | None
    span: tuple[int, int]


def _class(term: Term) -> str:
    if term.body is not None:
        return "body." + term.body.kind
    if term.tags:
        return term.tags[0]
    return "place." + term.place.kind if term.place is not None else ""


def _as_object(term: Term) -> str:
    """The group by which a term may be an object, empty where it may not."""
    for tag in term.tags:
        if tag.partition(".")[0] in _OBJECTS:
            return tag
    return ""


@dataclass(slots=True)
class _Object:
    polarity: int
    hit: Hit | None
    group: str
    upto: int


def _object(clause: Sequence[Hit], classes: Sequence[str], after: int) -> _Object:
    """The object right of act ``after``. Acts between are composed into its polarity, and negation turns it."""
    turn = 1
    for j in range(after + 1, min(after + 1 + _REACH, len(clause))):
        term: Term = clause[j][2]
        group = _as_object(term)
        if group:
            # An act that is also a noun ("fine", "cut") is the object unless an object of its own follows at once.
            return _Object(turn * POLARITY.get(group.partition(".")[0], 0), clause[j], group, j)
        cls = classes[j].partition(".")[0]
        if cls in ("down", "block", "negation"):
            turn = -turn
        elif cls == "tight":
            return _Object(turn, clause[j], classes[j], j)
        elif cls == "ease":
            return _Object(-turn, clause[j], classes[j], j)
    return _Object(0, None, "", after)


def _clause_frames(
    full: str, clause: Sequence[Hit], start: int, end: int, zone: str, inherited: Hit | None
) -> list[Frame]:
    """The frames of one clause. ``inherited`` is the sentence's actor so far."""
    classes = [_class(hit[2]) for hit in clause]
    actor: Hit | None = None
    mood: Mood = "asserted"
    negated = False
    used = -1
    frames: list[Frame] = []
    background = zone != "title" and bool(_BACKGROUND.search(full, start, end))
    questioned = full[max(start, end - 3) : end].rstrip().endswith("?")
    for i, hit in enumerate(clause):
        cls, _, group = classes[i].partition(".")
        if cls in _ACTORS:
            if used < i and (actor is None or (cls == "body" and classes[clause.index(actor)][0] != "b")):
                actor = hit
            continue
        if cls == "negation":
            negated = not negated
            continue
        if cls == "modal":
            if group in ("consider", "may"):
                mood = "considered"
            elif mood == "asserted" and group in ("propose", "call"):
                mood = "proposed" if group == "propose" else "demanded"
            continue
        if i <= used:
            continue
        if cls in ACTS:
            # Talks and pauses take no object: "met banks and signalled the end of the curbs" tells it by another act.
            found = _object(clause, classes, i) if cls != "keep" else _Object(0, None, "", i)
            if found.hit is None and cls != "keep":
                back = i - 1
                while back >= 0 and back > i - 4 and back > used and not _as_object(clause[back][2]):
                    back -= 1
                if back >= 0 and back > i - 4 and back > used:
                    # Passive and headline order: "tariffs lifted", "rate rises paused".
                    group_ = _as_object(clause[back][2])
                    found = _Object(POLARITY.get(group_.partition(".")[0], 0), clause[back], group_, i)
            value = compose(cls, found.polarity)
            if cls == "tight" and found.hit is not None and found.polarity < 0 and found.upto > i + 1:
                value = 1
            used = max(used, found.upto)
            act: Hit | None = hit
        elif classes[i] in _NOMINAL:
            value = POLARITY[cls]
            found = _Object(value, hit, classes[i], i)
            act = None
            used = i
        else:
            continue
        if negated:
            value = -value
        at = act or hit
        form = at[2].form
        before = full[max(start, at[0] - 40) : at[0]].lower()
        tense: Tense = "present"
        if before.endswith(("to ", "will ", "would ")) or " will " in before or " to be " in before:
            tense = "future"
        elif form == "ed" and zone != "title":
            tense = "past"
        doer = actor or inherited
        reach = [h for h in (doer if doer is not None and start <= doer[0] else None, act, found.hit) if h is not None]
        frames.append(
            Frame(
                start,
                end,
                zone,
                full[doer[0] : doer[1]] if doer is not None else "",
                _class(doer[2]) if doer is not None else "",
                doer[2].body if doer is not None else None,
                (doer[0], doer[1]) if doer is not None else None,
                full[act[0] : act[1]] if act is not None else "",
                classes[i] if act is not None else "",
                full[found.hit[0] : found.hit[1]] if found.hit is not None else "",
                found.group,
                negated,
                tense,
                "questioned" if questioned else "demanded" if cls == "ask" else mood,
                background,
                None if value == 0 else "tightening" if value > 0 else "easing",
                (min(h[0] for h in reach), max(h[1] for h in reach)),
            )
        )
        negated = False
    return frames


def read(full: str, hits: Sequence[Hit], sentences: Sequence[Sentence]) -> tuple[Frame, ...]:
    """The frames of the sentences, clause by clause, in order."""
    frames: list[Frame] = []
    index, count = 0, len(hits)
    for sentence in sentences:
        inside: list[Hit] = []
        while index < count and hits[index][0] < sentence.end:
            if hits[index][0] >= sentence.start:
                inside.append(hits[index])
            index += 1
        if not inside:
            continue
        cuts = [m.start() for m in _CLAUSE.finditer(full, sentence.start, sentence.end)] + [sentence.end]
        start, at = sentence.start, 0
        inherited: Hit | None = None
        for cut in cuts:
            clause: list[Hit] = []
            while at < len(inside) and inside[at][0] < cut:
                clause.append(inside[at])
                at += 1
            # A clause of a thousand cues is no prose; the reach of an act is a few of them.
            for piece in range(0, len(clause), 200):
                part = clause[piece : piece + 200]
                frames += _clause_frames(full, part, start, cut, sentence.zone, inherited)
                if inherited is None:
                    inherited = next((h for h in part if _class(h[2]).partition(".")[0] in _ACTORS), None)
            start = cut
    return tuple(frames)
