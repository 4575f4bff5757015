"""What speaks for a name being the company: features of one mention, and of all that an article says of one company.

Features are name -> value; ``decision`` weighs them. Every feature can be shown to a person (``policywire company
NAME --text``).
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pipeline.companies.context import START, Around, around
from pipeline.companies.matching import Candidate
from pipeline.companies.registry import DOUBTFUL, KINDS, PLAIN, PUBLISHER, Alias

Tables = Mapping[str, Mapping[str, float]]
Features = dict[str, float]

# How far a text is searched for a name's lower-case form.
LOWER_READ = 20_000
_SENTENCE_START = frozenset((START, ".", "!", "?", ":", "|", "•", "”", "…"))
_QUOTES = frozenset("\"“‘'")
_LIST = re.compile(r"(?:'s|’s)?(?:,|,? and|,? or|/|,? &| vs\.?|,? with)?[ /]$")
_CREDIT = re.compile(r"(?:/|by|via|courtesy of|:)\s?$")
_KINDS = tuple("kind=" + kind for kind in KINDS)
_SERVICE = KINDS.index("service")


def _difference(value: int) -> str:
    return str(max(-4, min(4, value)))


def alias_features(alias: Alias, tier: int) -> Features:
    """What is known of a name before any text is read."""
    surface = alias.surface
    single = " " not in surface
    found: Features = {_KINDS[alias.kind]: 1.0, f"doubt={alias.doubt}": 1.0, f"tier={tier}": 1.0}
    if alias.capitals == 0:
        found["unseen"] = 1.0
    else:
        found["lower-capitals=" + _difference(alias.lower - alias.capitals)] = 1.0
        found["inside-capitals=" + _difference(alias.inside - alias.capitals)] = 1.0
        found["cued-capitals=" + _difference(alias.cued - alias.capitals)] = 1.0
    if alias.lower == 0:
        found["never_lower"] = 1.0
    if single:
        found["single"] = 1.0
        if surface.isupper():
            found["acronym"] = 1.0
        if len(surface) <= 3:
            found["short_name"] = 1.0
        if alias.doubt == DOUBTFUL:
            found[f"single&doubt&tier={tier}"] = 1.0
    return found


def mention_features(
    text: str, body_start: int, candidate: Candidate, seen: Around, tables: Tables, shouting: bool, in_list: bool
) -> Features:
    """What one mention's place says. ``shouting``: the title is in title case; ``in_list``: another sure company is
    its neighbour in a list."""
    start, end = candidate.start, candidate.end
    after = "'s " + seen.after if seen.possessive else seen.after
    odds_before = tables["before2"].get(seen.before2 + " " + seen.before)
    odds_after = tables["after2"].get(after + " " + seen.after2)
    odds = (odds_before if odds_before is not None else tables["before"].get(seen.before, 0.0)) + (
        odds_after if odds_after is not None else tables["after"].get(after, 0.0)
    )
    found: Features = {}
    publisher = candidate.alias.kind == PUBLISHER
    if publisher:
        found["publisher&before=" + seen.before] = 1.0
        found["publisher&after=" + after] = 1.0
        found["publisher&odds"] = odds / 4
        if _CREDIT.search(text, max(0, start - 16), start):
            found["publisher&credit"] = 1.0
    elif candidate.alias.doubt == PLAIN:
        found["plain&odds"] = odds / 4
    else:
        found["odds"] = odds / 4
        if odds > 2:
            found["odds>2"] = 1.0
        if odds < -2:
            found["odds<-2"] = 1.0
    if candidate.alias.kind == _SERVICE:
        found["service&before=" + seen.before] = 1.0
    if candidate.full_end > end:
        found["legal_form"] = 1.0
    in_title = start < body_start
    if seen.capital_before and seen.before not in ("the", "a", "an"):
        found["capital_before&title_case" if in_title and shouting else "capital_before"] = 1.0
    if seen.capital_after:
        found["capital_after&title_case" if in_title and shouting else "capital_after"] = 1.0
    wordlike = candidate.alias.lower >= candidate.alias.capitals and candidate.alias.lower > 0
    if seen.before in _SENTENCE_START:
        found["sentence_start&word" if wordlike else "sentence_start"] = 1.0
    elif wordlike and in_title and shouting:
        found["title_case&word"] = 1.0
    elif wordlike:
        found["within_sentence&word"] = 1.0
    if start and text[start - 1] == "-":
        found["hyphen_before"] = 1.0
    if text[end : end + 1] == "-":
        found["hyphen_after"] = 1.0
    if text[end : end + 1] == "." and text[end + 1 : end + 2].isalnum():
        found["in_address"] = 1.0
    if seen.before in _QUOTES:
        found["quoted"] = 1.0
    if seen.before == "the":
        found["after_the"] = 1.0
    if in_list:
        found["in_list"] = 1.0
    return found


def group_features(text: str, body_start: int, members: Sequence[Candidate], others: bool) -> Features:
    """What all mentions of a company in one article say together. ``others``: the article names another sure one."""
    found: Features = {}
    surfaces = {c.alias.surface for c in members}
    first = members[0]
    if first.start < body_start:
        found["title"] = 1.0
    elif first.start < body_start + 160:
        found["lead"] = 1.0
    if len(members) > 1:
        found["twice"] = 1.0
    if len(members) > 3:
        found["often"] = 1.0
    if len(surfaces) > 1:
        found["two_names"] = 1.0
        if any(c.alias.doubt == PLAIN for c in members):
            found["full_name_too"] = 1.0
    if others:
        found["others"] = 1.0
    publisher = all(c.alias.kind == PUBLISHER for c in members)
    if publisher:
        found["publisher&title" if first.start < body_start else "publisher&body"] = 1.0
        if len(members) > 1:
            found["publisher&twice"] = 1.0
    elif all(c.alias.doubt == DOUBTFUL and " " not in c.alias.surface for c in members):
        lowered = first.alias.surface.lower()
        if lowered != first.alias.surface and _word_in(text, lowered):
            found["lower_too"] = 1.0
    return found


def _word_in(text: str, word: str) -> bool:
    at = text.find(word, 0, LOWER_READ)
    while at >= 0:
        if not (at and text[at - 1].isalnum()) and not text[at + len(word) : at + len(word) + 1].isalnum():
            return True
        at = text.find(word, at + 1, LOWER_READ)
    return False


def title_case(title: str) -> bool:
    """Whether a headline capitalises nearly every word, so that a capital tells nothing."""
    words = [w for w in title.split() if len(w) > 3 and w[0].isalpha()]
    return len(words) > 2 and sum(w[0].isupper() for w in words) > 0.7 * len(words)


def neighbours(text: str, found: Sequence[Candidate]) -> set[int]:
    """Starts of the candidates that stand in a list beside another, sure one: "Apple, Google and Samsung"."""
    listed: set[int] = set()
    for left, right in pairwise(found):
        if 0 < right.start - left.full_end <= 8 and _LIST.fullmatch(text, left.full_end, right.start):
            if left.alias.doubt == PLAIN or left.start in listed:
                listed.add(right.start)
            if right.alias.doubt == PLAIN:
                listed.add(left.start)
    return listed


def read_mention(
    text: str, body_start: int, candidate: Candidate, tables: Tables, shouting: bool, listed: set[int]
) -> Features:
    """The features of one mention's place."""
    seen = around(text, candidate.start, candidate.full_end)
    return mention_features(text, body_start, candidate, seen, tables, shouting, candidate.start in listed)
