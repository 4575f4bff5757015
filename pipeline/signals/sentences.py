"""Splits a document into its title and sentences, by rules that survive headlines, abbreviations and bad text."""

import re
from typing import Literal, NamedTuple

Zone = Literal["title", "lead", "body"]

_END = re.compile(r"[.!?…][\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9À-Þ$£€])|\n\s*|[。！？]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|St|Gov|Sen|Sens|Rep|Reps|Inc|Corp|Co|Ltd|Jr|Sr|vs|No|Nos|Dept|Gen|Lt|Col|Prof|Jan|"
    r"Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|approx|est|Rs|Calif|Mass|Conn|Pa|Fla|Tex|Ill|Mich|Minn|Ky|Tenn))\.$"
)


class Sentence(NamedTuple):
    """A sentence as offsets of ``Document.full``. The lead is the first sentence of the text."""

    start: int
    end: int
    zone: Zone


def split(full: str, body_start: int, limit: int | None = None) -> list[Sentence]:
    """The sentences of a document whose text begins at ``body_start``; each title is one sentence of its own.

    ``limit`` stops after so many characters of text: the news stands in the first of them.
    Time is linear in the length read.
    """
    title_end = max(body_start - 2, 0)
    found: list[Sentence] = []
    if full[:title_end].strip():
        found.append(Sentence(0, title_end, "title"))
    stop = len(full) if limit is None else min(len(full), body_start + limit)
    start = body_start
    zone: Zone = "lead"
    for match in _END.finditer(full, body_start, stop):
        end = match.end()
        if full[match.start()] == "." and _ABBREVIATION.search(full, max(start, match.start() - 7), match.start() + 1):
            continue
        if end - start > 2 and not full[start:end].isspace():
            found.append(Sentence(start, end, zone))
            zone = "body"
        start = end
    if start < stop and not full[start:stop].isspace():
        found.append(Sentence(start, stop, zone))
    return found
