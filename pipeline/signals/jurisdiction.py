"""Whose act it is: the jurisdiction, from the authority rather than from any place named.

Each jurisdiction that the article points to is a candidate. What points to it (a body of the gazetteer, a place right
before "regulator", a place after "sanctions on") is counted by zone, and learned weights say how much each counts.
"""

from collections.abc import Sequence

from pipeline.scan import Hit
from pipeline.signals.sentences import Sentence
from pipeline.signals.vocabulary import Term

_ZONES = {"title": 0, "lead": 1, "body": 2}
_CLUES = (
    "body",
    "person",
    "country",
    "demonym",
    "capital",
    "region",
    "city",
    "cue",
    "bloc",
    "of_authority",
    "before_act",
    "after_preposition",
    "first",
    "first_body",
)
CLUES: tuple[str, ...] = tuple(f"{zone}.{clue}" for zone in _ZONES for clue in _CLUES)
_WIDTH = len(_CLUES)
_AT = {clue: i for i, clue in enumerate(_CLUES)}
_OBJECT_OF = ("on", "against", "to", "from", "with", "in", "over", "at", "for", "into", "by")
_ACTS = ("up", "down", "tight", "ease", "pass", "block", "modal", "report", "keep")


def _is(term: Term, *classes: str) -> bool:
    return bool(term.tags) and term.tags[0].partition(".")[0] in classes


def candidates(full: str, hits: Sequence[Hit], sentences: Sequence[Sentence]) -> dict[str, list[float]]:
    """For each jurisdiction pointed to, how strongly by each of ``CLUES``; in order of first mention."""
    found: dict[str, list[float]] = {}
    index, count = 0, len(hits)
    for sentence in sentences:
        base = _ZONES[sentence.zone] * _WIDTH
        seen = False
        seen_body = False
        while index < count and hits[index][0] < sentence.end:
            start, end, term = hits[index]
            index += 1
            if term.body is None and term.place is None:
                continue
            clues: list[str] = []
            if term.body is not None:
                jurisdiction = term.body.jurisdiction
                clues.append("person" if term.body.person else "body")
                if not seen_body:
                    clues.append("first_body")
                    seen_body = True
            else:
                assert term.place is not None
                jurisdiction = term.place.jurisdiction
                clues.append(term.place.kind)
            if not seen:
                clues.append("first")
                seen = True
            if index < count:
                following = hits[index]
                if following[0] - end <= 14 and _is(following[2], "generic"):
                    clues.append("of_authority")
                elif following[0] - end <= 3 and _is(following[2], *_ACTS):
                    clues.append("before_act")
            before = full[max(start - 12, 0) : start].lower().split()
            if before and (
                before[-1] in _OBJECT_OF or (before[-1] == "the" and before[-2:-1] and before[-2] in _OBJECT_OF)
            ):
                clues.append("after_preposition")
            row = found.get(jurisdiction)
            if row is None:
                row = found[jurisdiction] = [0.0] * len(CLUES)
            for clue in clues:
                at = base + _AT[clue]
                row[at] = min(row[at] + 1.0, 3.0)
    return found


def choose(found: dict[str, list[float]], weights: Sequence[float]) -> str:
    """The best candidate, the first mentioned among equals; empty where there is none."""
    best, top = "", float("-inf")
    for jurisdiction, row in found.items():
        score = sum(w * x for w, x in zip(weights, row, strict=True) if x)
        if score > top:
            best, top = jurisdiction, score
    return best
