"""A company's part in the main signal: from the frames of the clauses it stands in, and its place in them."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.signals.sentences import Sentence
from schemas.terms import Direction, Instrument, Role

if TYPE_CHECKING:
    from pipeline.signals.frames import Frame

# The stronger part wins where a company has several.
ORDER: Final[tuple[Role, ...]] = ("target", "beneficiary", "participant", "affected", "commentator", "background")
# Acts upon one company rather than on an industry.
_UPON_ONE: Final[frozenset[Instrument]] = frozenset(("enforcement", "investigation", "licensing"))

_COMMENTS_BEFORE = re.compile(
    r"(?:analysts?|economists?|strategists?|researchers?|fund manager|portfolio manager|head of [\w\s-]{3,40}|director of [\w\s-]{3,40}|partner|lawyer|"
    r"chief [\w\s-]{3,40}|according to(?: an? (?:note|report|analysis|survey) (?:by|from))?|(?:note|report|analysis) (?:by|from)) ?(?:at|with|of|from)? ?$"
)
_COMMENTS_AFTER = re.compile(
    r"(?:['’]s)?,? (?:(?:chief |senior |global |head )?(?:economist|analyst|strategist|researcher|economists|analysts|strategists)\b"
    r"|(?:said|wrote|noted) in an? (?:\w+ )?(?:note|report)\b)"
)
_MEETING = re.compile(
    r"\b(?:met|meets?|meeting|talks|summit|hearing|symposium|roundtable|attend\w*|testif\w*|suggestions from|listened to|invited|representatives of|"
    r"executives (?:of|from)|joined|consult\w*|summoned|discuss\w*)\b",
    re.IGNORECASE,
)
_OWN_ACT = re.compile(
    r"(?:['’]s)?(?:,[^,.]{1,60},)? (?:(?:has|had|have|will|would|also|is|was) )*(?:sues?|sued|suing|appeal\w*|challeng\w*|asks?|asked|urg\w+|calls? on|"
    r"called on|wants?|seeks?|sought|lobb\w+|warn\w*|says?|said|criticis\w*|criticiz\w*|agree\w*|appl(?:y|ies|ied)|welcom\w*|propos\w*|plans?|"
    r"pledg\w*|promis\w*|cooperat\w*|compl(?:y|ies|ied)|respond\w*|den(?:y|ies|ied)|plead\w*|settl\w*|offer\w*|withdr\w+)\b"
)
_SUFFERS = re.compile(
    r"(?:['’]s)?(?:,[^,.]{1,60},)? (?:(?:has|had|have|is|are|was|were|will|be|been|being|gets?|got) )*(?:fined|sued|charged|accused|ordered|barred|banned|"
    r"blocked|sanctioned|hit with|raided|probed|investigated|penali[sz]ed|blacklisted|faces?|facing|faced|told to|forced to|under)\b"
)
_WINS = re.compile(
    r"(?:['’]s)?(?:,[^,.]{1,60},)? (?:(?:has|had|have|is|are|was|were|will|been) )*(?:wins?|won|gets?|got|secures?|secured|receives?|received|granted|"
    r"cleared|allowed|approved|exempted|spared|gains?|lands?|awarded|acquitted)\b"
)
_REACH, _APART = 64, 24


class Part(NamedTuple):
    """A role, and the direction of the frame that gives it where there is one."""

    role: Role
    direction: Direction | None


def _comments(text: str, start: int, end: int) -> bool:
    return bool(
        _COMMENTS_BEFORE.search(text, max(0, start - _REACH), start) or _COMMENTS_AFTER.match(text, end, end + _REACH)
    )


def _in_frame(text: str, start: int, end: int, frame: "Frame", main: Direction) -> Part | None:
    """The part that one mention has in the clause of ``frame``, None where the frame says nothing of it."""
    direction = frame.direction
    if _OWN_ACT.match(text, end, end + _REACH) and start < frame.span[0]:
        return Part("participant", None)
    if direction is None:
        return None
    told_of = _SUFFERS.match(text, end, end + _REACH) or _WINS.match(text, end, end + _REACH)
    if start < frame.span[0] and not told_of and frame.span[0] - end > _APART:
        # A company before an act that is not told of it: "Meta shares fell as EU opened probe".
        return None
    role: Role = "target" if direction == "tightening" else "beneficiary" if direction == "easing" else "affected"
    return Part(role, direction if direction != main else None)


def part(
    text: str,
    spans: Sequence[tuple[int, int]],
    sentences: Sequence[Sentence],
    frames: Sequence["Frame"],
    main: Direction,
    instrument: Instrument,
) -> Part:
    """The part of the company with mentions at ``spans`` in a signal of direction ``main``."""
    best = Part("background", None)
    for start, end in spans:
        sentence = next((s for s in sentences if s.start <= start < s.end), None)
        if sentence is None:
            continue
        told = _mention(text, start, end, sentence, frames, main, instrument)
        if ORDER.index(told.role) < ORDER.index(best.role):
            best = told
    return best


def _mention(
    text: str,
    start: int,
    end: int,
    sentence: Sentence,
    frames: Sequence["Frame"],
    main: Direction,
    instrument: Instrument,
) -> Part:
    if _comments(text, start, end):
        return Part("commentator", None)
    near = [f for f in frames if sentence.start <= f.start < sentence.end]
    clause = [f for f in near if f.start <= start < f.end]
    current = [f for f in clause if not f.background]
    for frame in current:
        told = _in_frame(text, start, end, frame, main)
        if told is not None:
            return told
    if clause and not current:
        return Part("background", None)
    if near and all(f.background for f in near) and sentence.zone == "body":
        return Part("background", None)
    if _MEETING.search(text, sentence.start, sentence.end) or _OWN_ACT.match(text, end, end + _REACH):
        return Part("participant", None)
    if instrument in _UPON_ONE and sentence.zone == "title" and main != "neutral":
        return Part("target" if main == "tightening" else "beneficiary", None)
    if sentence.zone in ("title", "lead") or any(not f.background for f in near):
        return Part("affected", None)
    return Part("background", None)
