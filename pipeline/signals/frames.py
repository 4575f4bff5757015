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
_TURNING = frozenset(("up", "down", "tight", "ease", "pass", "block"))
# What joins a law to what it does: "plan to cut", "bill that bans", "rules on", "law for".
_LINKS = (" to ", " that ", " which ", " would ", " will ", " that would ", " that will ", "to be ")
# Past participles that do not end in -ed: with the regular ones they may follow their object ("ban withdrawn").
_PASSIVES = frozenset(("cut", "withdrawn", "struck down", "thrown out", "set aside", "put on hold"))
_RATES = {"up.raise": 1, "down.cut": -1}
_EASINGS = frozenset(("down.cut", "down.soften", "down.delay"))
# Approving or backing a burden puts it in force: "backs levy", "approves sanctions".
_BACKINGS = frozenset(("ease.approve", "ease.back"))
# What is raised when it is lifted.
_LIFTED = frozenset(("burden.interest", "burden.rate", "burden.wage"))

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


def _joined(full: str, clause: Sequence[Hit], classes: Sequence[str], at: int) -> _Object | None:
    """The polarity of object ``at`` together with what is joined to it, None where nothing is: a law and what it does
    ("plan to raise rates", "ruling limiting access"), a package of measures, a burden's easing ("lockdown easing")."""
    group = _as_object(clause[at][2])
    following = clause[at + 1]
    cls = classes[at + 1].partition(".")[0]
    between = full[clause[at][1] : following[0]]
    if between in (" of ", " of new ", " of the "):
        inner = _as_object(following[2])
        if inner.startswith("burden.") and not group.startswith("burden."):
            return _Object(1, following, inner, at + 1)
        return None
    if group.startswith("law.") and cls in _TURNING and len(between) <= 24:
        if following[2].form != "ing" and not between.endswith(_LINKS):
            return None
        inner_object = _object(full, clause, classes, at + 1)
        value = compose(cls, inner_object.polarity)
        if not value:
            return None
        return _Object(value, inner_object.hit or following, inner_object.group or classes[at + 1], inner_object.upto)
    if between in (" ", "-") and group.startswith("burden.") and classes[at + 1] in _EASINGS:
        return _Object(-1, following, group, at + 1)
    return None


def _object(full: str, clause: Sequence[Hit], classes: Sequence[str], after: int) -> _Object:
    """The object right of act ``after``. Acts between are composed into its polarity, and negation turns it."""
    turn = 1
    for j in range(after + 1, min(after + 1 + _REACH, len(clause))):
        term: Term = clause[j][2]
        group = _as_object(term)
        if group:
            if j + 1 < len(clause):
                joined = _joined(full, clause, classes, j)
                if joined is not None:
                    return _Object(turn * joined.polarity, clause[j], group, joined.upto)
            return _Object(turn * POLARITY.get(group.partition(".")[0], 0), clause[j], group, j)
        cls = classes[j].partition(".")[0]
        if cls in ("down", "block", "negation"):
            turn = -turn
        elif cls == "tight":
            return _Object(turn, clause[j], classes[j], j)
        elif cls == "ease":
            return _Object(-turn, clause[j], classes[j], j)
    return _Object(0, None, "", after)


def _passive(full: str, hit: Hit) -> bool:
    """Whether an act may follow its object: "tariffs lifted", "ban withdrawn"."""
    return bool(hit[2].form == "ed") or full[hit[0] : hit[1]].lower() in _PASSIVES


def _undone(full: str, clause: Sequence[Hit], at: int) -> bool:
    """Whether the noun ``at`` is the object of an act that follows it in the passive: "ban on scooters lifted"."""
    for hit in clause[at + 1 : at + 4]:
        if hit[2].family in ("down", "block", "keep"):
            return _passive(full, hit)
        if _as_object(hit[2]) or hit[2].family in ACTS:
            return False
    return False


def _clause_frames(
    full: str, clause: Sequence[Hit], start: int, end: int, zone: str, inherited: Hit | None
) -> list[Frame]:
    """The frames of one clause. ``inherited`` is the sentence's actor so far."""
    classes = [hit[2].cls for hit in clause]
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
            found = _object(full, clause, classes, i) if cls != "keep" else _Object(0, None, "", i)
            if found.hit is None and cls != "keep" and _passive(full, hit):
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
            if classes[i] in _BACKINGS and found.polarity > 0 and found.group.startswith(("burden.", "law.", "tight.")):
                value = 1
            if classes[i] == "down.lift" and found.group in _LIFTED and full[hit[0] : hit[0] + 4].lower() == "lift":
                value = 1
            if value == 0 and found.hit is None and (doer := actor or inherited) is not None:
                # "Fed hikes", "central bank signals cuts": a central bank's rates need not be named.
                value = _RATES.get(classes[i], 0) if doer[2].cls.endswith(".central_bank") else 0
            used = max(used, found.upto)
            act: Hit | None = hit
        elif classes[i] in _NOMINAL and not _undone(full, clause, i):
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
                doer[2].cls if doer is not None else "",
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
                    inherited = next((h for h in part if h[2].family in _ACTORS), None)
            start = cut
    return tuple(frames)
