"""Reads each clause as frames: who acts, by what act, on what object, in which tense and mood.

Direction is composed of act and object ("lifts" on "ban" is an easing) with negation and acts on acts ("drops plan to
raise rates"). Headline grammar: the present tells the past ("Court annuls fine"), "to" before an act the future, and a
noun alone may tell the act ("Rate rise for homeowners").
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pipeline.scan import Hit, fold
from pipeline.signals.sentences import Sentence
from pipeline.signals.vocabulary import Body, Term
from schemas.terms import Direction

Tense = Literal["past", "present", "future"]
Mood = Literal["asserted", "considered", "proposed", "demanded", "questioned"]

POLARITY: dict[str, int] = {"burden": 1, "support": -1, "permit": -1}
ACTS = frozenset(("up", "down", "tight", "ease", "pass", "block", "keep", "ask"))
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
        "burden.sanction",
    )
)
ACTORS = frozenset(("body", "generic", "place"))
_REACH = 5
_TURNING = frozenset(("up", "down", "tight", "ease", "pass", "block"))
# What joins a law to what it does: "plan to cut", "bill that bans", "rules on", "law for".
_LINKS = (" to ", " that ", " which ", " would ", " will ", " that would ", " that will ", "to be ")
# Past participles that do not end in -ed: with the regular ones they may follow their object ("ban withdrawn").
_PASSIVES = frozenset(
    (
        *("cut", "withdrawn", "struck down", "thrown out", "set aside", "put on hold"),
        *(
            "is over",
            "are over",
            "at an end",
            "comes to an end",
            "came to an end",
            "come to an end",
            "draws to a close",
        ),
    )
)
# Acts that may tell what becomes of what stands before them: "curbs end", "tax to drop", "fee hike", "ban takes effect".
_ALONE = frozenset(
    (
        *("rise", "rises", "rising", "rose", "increase", "increases", "increasing", "jump", "jumps", "hike", "hikes"),
        *("double", "doubles", "triple", "resume", "resumes", "drop", "drops", "dropping", "shrink", "shrinks"),
        *("end", "ends", "ending", "expire", "expires", "lapse", "lapses", "ease", "eases", "easing", "cut", "cuts"),
        *("collapse", "collapses", "unravel", "unravels", "take effect", "takes effect", "took effect"),
        *("come into force", "comes into force", "come into effect", "comes into effect", "goes into effect"),
        *("begin", "begins", "start", "starts", "kick in", "kicks in", "kicked in", "in effect", "in force"),
        *("becomes law", "become law", "became law"),
    )
)
_RATES = {"up.raise": 1, "down.cut": -1}
_EASINGS = frozenset(("down.cut", "down.soften", "down.delay"))
# Approving or backing a burden puts it in force: "backs levy", "approves sanctions".
_BACKINGS = frozenset(("ease.approve", "ease.back"))
# Whose other side may be a public body: "sides with the regulator", "sues the agency".
_CONTESTS = frozenset(("ease.side", "tight.sue"))
# What is raised when it is lifted.
_LIFTED = frozenset(("burden.interest", "burden.rate", "burden.wage"))

# What may stand between a noun and the act that it is the subject of: "levy on hotels to rise".
_SUBJECT = re.compile(r"(?: (?:on|for|of|to) [^,.;:]{1,40})?[^,.;:]{1,16}")
# All are searched for in folded text: ignoring case takes three times as long.
_CLAUSE = re.compile(r"[;:,—–]\s| (?:but|while|although|though|whereas|as|after|despite|amid|ahead of|-)\s")
_BACKGROUND = re.compile(
    r"\b(?:last (?:year|month|week)|(?:years?|months?|weeks?|decades?) ago|in (?:late |early |mid-)?(?:19|20)\d\d|"
    r"since (?:late |early )?(?:19|20)\d\d|had (?:been )?\w+|previously|earlier this|began in|were \w+ed|as part of)\b"
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


class Frame(NamedTuple):
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


class _Object(NamedTuple):
    polarity: int
    hit: Hit | None
    group: str
    upto: int


def _joined(full: str, clause: Sequence[Hit], at: int) -> _Object | None:
    """The polarity of object ``at`` together with what is joined to it, None where nothing is: a law and what it does
    ("plan to raise rates", "ruling limiting access"), a package of measures, a burden's easing ("lockdown easing",
    "sanctions waiver"), a burden on it ("merger rules")."""
    group = clause[at][2].as_object
    following = clause[at + 1]
    term: Term = following[2]
    between = full[clause[at][1] : following[0]]
    if between in (" of ", " of new ", " of the "):
        inner = term.as_object
        if inner.startswith("burden.") and not group.startswith("burden."):
            return _Object(1, following, inner, at + 1)
        return None
    if group.startswith("law.") and term.family in _TURNING and len(between) <= 24:
        if term.form != "ing" and not between.endswith(_LINKS):
            return None
        inner_object = _object(full, clause, at + 1)
        value = compose(term.family, inner_object.polarity)
        if not value:
            return None
        return _Object(value, inner_object.hit or following, inner_object.group or term.cls, inner_object.upto)
    if between not in (" ", "-"):
        return None
    if group.startswith("burden."):
        if term.cls in _EASINGS:
            return _Object(-1, following, group, at + 1)
        if term.as_object == "support.cut":
            return _Object(-1, following, "support.cut", at + 1)
    elif term.as_object.startswith("burden.") and clause[at][2].family not in ACTS:
        # The last noun of several is what they are: "merger rules", "exploration ban".
        return _Object(1, following, term.as_object, at + 1)
    return None


def _object(full: str, clause: Sequence[Hit], after: int) -> _Object:
    """The object right of act ``after``. Acts between are composed into its polarity, and negation turns it."""
    turn = 1
    for j in range(after + 1, min(after + 1 + _REACH, len(clause))):
        term: Term = clause[j][2]
        group = term.as_object
        if group:
            if j + 1 < len(clause):
                joined = _joined(full, clause, j)
                if joined is not None:
                    return _Object(turn * joined.polarity, clause[j], group, joined.upto)
            return _Object(turn * POLARITY.get(group.partition(".")[0], 0), clause[j], group, j)
        if term.family in ("down", "block", "negation"):
            turn = -turn
        elif term.family == "tight":
            return _Object(turn, clause[j], term.cls, j)
        elif term.family == "ease":
            return _Object(-turn, clause[j], term.cls, j)
    return _Object(0, None, "", after)


def _passive(folded: str, hit: Hit) -> bool:
    """Whether an act may follow its object: "tariffs lifted", "ban withdrawn"."""
    return bool(hit[2].form == "ed") or folded[hit[0] : hit[1]] in _PASSIVES


def _told_before(folded: str, clause: Sequence[Hit], at: int, used: int) -> _Object | None:
    """What stands right before act ``at`` and is told by it ("curbs to end"), None where nothing does."""
    if folded[clause[at][0] : clause[at][1]] not in _ALONE:
        return None
    back = at - 1
    while back > used and clause[back][2].family in ("modal", "industry", "sector", "place"):
        back -= 1
    if back <= used or not _SUBJECT.fullmatch(folded, clause[back][1], clause[at][0]):
        return None
    group = clause[back][2].as_object
    if not group.startswith(("burden.", "support.")):
        return None
    return _Object(POLARITY[group.partition(".")[0]], clause[back], group, at)


def _against_whom(clause: Sequence[Hit], after: int) -> _Object | None:
    """The public body right behind act ``after``, whose power is what is decided on; None where there is none."""
    for j in range(after + 1, min(after + 3, len(clause))):
        term: Term = clause[j][2]
        if clause[j][0] - clause[j - 1][1] > 5:
            break
        if term.family in ("body", "generic") and term.group != "court":
            return _Object(1, clause[j], "power." + term.group, j)
        if term.family != "place":
            break
    return None


def _undone(folded: str, clause: Sequence[Hit], at: int) -> bool:
    """Whether the noun ``at`` is the object of an act that follows it in the passive: "ban on scooters lifted"."""
    for hit in clause[at + 1 : at + 5]:
        if hit[2].family in ("industry", "sector"):
            continue
        if hit[2].family in ("down", "block", "keep"):
            return _passive(folded, hit) or folded[hit[0] : hit[1]] in _ALONE
        if hit[2].as_object or hit[2].family in ACTS:
            return False
    return False


def _clause_frames(
    full: str, folded: str, clause: Sequence[Hit], start: int, end: int, zone: str, inherited: Hit | None
) -> list[Frame]:
    """The frames of one clause. ``inherited`` is the sentence's actor so far."""
    actor: Hit | None = None
    mood: Mood = "asserted"
    negated = False
    used = -1
    frames: list[Frame] = []
    # Told only of a clause that has a frame: most have none.
    background: bool | None = None
    questioned = False
    for i, hit in enumerate(clause):
        term: Term = hit[2]
        cls = term.family
        if cls in ACTORS:
            if used < i and (actor is None or (cls == "body" and actor[2].family != "body")):
                actor = hit
            continue
        if cls == "negation":
            negated = not negated
            continue
        if cls == "modal":
            if term.group in ("consider", "may"):
                mood = "considered"
            elif mood == "asserted" and term.group in ("propose", "call"):
                mood = "proposed" if term.group == "propose" else "demanded"
            continue
        if i <= used:
            continue
        if actor is None and term.as_object.startswith("burden.") and _undone(folded, clause, i):
            continue  # A noun at the head of its clause, told by what follows: "curbs on lenders to end".
        if cls in ACTS:
            # Talks and pauses take no object: "met banks and signalled the end of the curbs" tells it by another act.
            found = _object(full, clause, i) if cls != "keep" else _Object(0, None, "", i)
            if found.hit is None and cls != "keep" and _passive(folded, hit):
                back = i - 1
                while back >= 0 and back > i - 4 and back > used and not clause[back][2].as_object:
                    back -= 1
                if back >= 0 and back > i - 4 and back > used:
                    # Passive and headline order: "tariffs lifted", "rate rises paused".
                    group_ = clause[back][2].as_object
                    found = _Object(POLARITY.get(group_.partition(".")[0], 0), clause[back], group_, i)
            if found.hit is None and cls in ("up", "down", "pass"):
                found = _told_before(folded, clause, i, used) or found
            if found.hit is None and (cls == "block" or term.cls in _CONTESTS):
                found = _against_whom(clause, i) or found
            value = compose(cls, found.polarity)
            if found.group.startswith("power.") and cls != "block":
                value = 1 if term.cls == "ease.side" else 0
            if term.cls in ("block.against", "block.blame") and found.hit is None:
                value = 1  # Against nobody's rule, so against a firm.
            if cls == "tight" and found.hit is not None and found.polarity < 0 and found.upto > i + 1:
                value = 1
            if cls == "ask" and found.hit is not None and _undone(folded, clause, found.upto):
                value = -value  # "tells firms that the crackdown is over"
            if term.cls in _BACKINGS and found.polarity > 0 and found.group.startswith(("burden.", "law.", "tight.")):
                value = 1
            if term.cls == "down.lift" and found.group in _LIFTED and folded.startswith("lift", hit[0]):
                value = 1
            if value == 0 and found.hit is None and (doer := actor or inherited) is not None:
                # "Fed hikes", "central bank signals cuts": a central bank's rates need not be named.
                value = _RATES.get(term.cls, 0) if doer[2].cls.endswith(".central_bank") else 0
            used = max(used, found.upto)
            act: Hit | None = hit
        elif term.cls in _NOMINAL and not _undone(folded, clause, i):
            value = POLARITY[cls]
            found = _Object(value, hit, term.cls, i)
            act = None
            used = i
        else:
            continue
        if negated:
            value = -value
        before = folded[max(start, hit[0] - 40) : hit[0]]
        tense: Tense = "present"
        if before.endswith(("to ", "will ", "would ")) or " will " in before or " to be " in before:
            tense = "future"
        elif term.form == "ed" and zone != "title":
            tense = "past"
        if background is None:
            background = zone != "title" and _BACKGROUND.search(folded, start, end) is not None
            questioned = full[max(start, end - 3) : end].rstrip().endswith("?")
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
                term.cls if act is not None else "",
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
    folded = fold(full[: sentences[-1].end]) if sentences else ""
    index, count = 0, len(hits)
    for sentence in sentences:
        inside: list[Hit] = []
        while index < count and hits[index][0] < sentence.end:
            if hits[index][0] >= sentence.start:
                inside.append(hits[index])
            index += 1
        if not any(hit[2].family in ACTS or hit[2].cls in _NOMINAL for hit in inside):
            continue
        cuts = [m.start() for m in _CLAUSE.finditer(folded, sentence.start, sentence.end)] + [sentence.end]
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
                frames += _clause_frames(full, folded, part, start, cut, sentence.zone, inherited)
                if inherited is None:
                    inherited = next((h for h in part if h[2].family in ACTORS), None)
            start = cut
    return tuple(frames)
