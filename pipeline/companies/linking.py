"""Which candidates are companies: a doubtful name needs support from the text."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.companies.matching import Candidate
from pipeline.companies.registry import PLAIN, Registry

_AFTER = re.compile(
    r"(?:'s|’s)?\s(?:shares?|stocks?|CEO|chief|founder|co-founder|executives?|employees|workers|spokes\w+|customers|users|Inc|Corp|Ltd|plc"
    r"|announced|launches|launched|unveils|unveiled|sues|sued|reports|reported|raises|says it|will|has|is|to)\b"
)
_BEFORE = re.compile(
    r"(?:company|firm|giant|maker|startup|start-up|retailer|shares of|CEO of|platform|carmaker|airline|app|bank|owner|by|from|at|against|with|and)\s$"
)


class Group(NamedTuple):
    """All candidates of one company in an article, in order."""

    company: int
    candidates: tuple[Candidate, ...]


def supported(text: str, candidate: Candidate) -> bool:
    """Whether the words around a doubtful name speak for the company."""
    start, end = candidate.start, candidate.end
    if candidate.full_end > end or _AFTER.match(text, end, end + 24):
        return True
    return _BEFORE.search(text, max(0, start - 20), start) is not None


def group_by_company(text: str, body_start: int, found: Iterable[Candidate], registry: Registry) -> list[Group]:
    """The companies of the article in order of first mention; a full name supports its short form."""
    groups: dict[int, list[Candidate]] = {}
    for candidate in found:
        groups.setdefault(candidate.alias.company, []).append(candidate)
    kept = []
    for company, members in groups.items():
        if any(c.alias.doubt == PLAIN or supported(text, c) for c in members):
            kept.append(Group(company, tuple(members)))
    return kept
