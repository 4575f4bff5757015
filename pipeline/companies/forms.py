"""Companies that no registry holds, found by their form: "Northgate Widgets Ltd", "ride-hailing firm Xyz", "Abc CEO".

A cue of the scan (a legal form, "startup", "CEO", "acquisition of") proposes the capitalised name beside it; a
learned decision over the name's shape and place keeps the sure ones. Precision comes first.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from pipeline.companies.context import Around, around
from pipeline.companies.features import Features, Tables, title_case
from pipeline.companies.names import LEGAL_FORM_AFTER
from pipeline.scan import Hit

KIND: Final = "company.form"

_WORD = r"[A-Z][\w’'&.+-]*"
_NAME = rf"{_WORD}(?:[ \u00a0](?:(?:&|of|de|du|and the)[ \u00a0])?(?:{_WORD}|\d+(?![\w%.,])))" + r"{0,4}"
_FOLLOWING = re.compile(rf"[ \u00a0](?:(?:the|a|its|called|named)[ \u00a0])?[“\"‘']?({_NAME})")
_PRECEDING = re.compile(rf"(?<![\w’'&.+-])({_NAME})(?:[’']s)?[ \u00a0]?$")
# "Xyz shares fell", not "Star shares video".
_PRICE_VERB = re.compile(
    r"[ \u00a0](?:fell|rose|jump|surg|slid|tumbl|gain|drop|plung|climb|sank|soar|were|was|are|in|up|down|closed|dipp|ha[sd]|trad|on|at|to|by)"
)
_TRAIL = re.compile(r"(?:[’']s?|[.,;:-]+)$")
_SENTENCE_END = re.compile(r"\.[ \u00a0][A-Z]")
_REACH = 72
# Proposals made of one text at most: more is no prose.
_MOST = 100
_PLURAL = re.compile(r"[A-Z]{2,}s")


@cache
def words(kind: str) -> frozenset[str]:
    """The words of one kind in ``tables/forms.tsv``."""
    for line in files("pipeline.companies").joinpath("tables/forms.tsv").read_text(encoding="utf-8").splitlines():
        name, _, listed = line.partition("\t")
        if name == kind:
            return frozenset(listed.split(";"))
    raise KeyError(kind)


# Words that begin a headline or a sentence; words that are no company; frequent given names, which begin a person's.
_LEADING, _NOT_A_NAME, _GIVEN = words("leading"), words("other"), words("given")


class Cue(NamedTuple):
    """A word that stands beside a company's name: the name follows a "noun" or "of", stands "before" the cue, or ends
    "within" it."""

    word: str
    side: str


class Proposal(NamedTuple):
    """A name that may be a company's, with the cues that speak for it."""

    start: int
    end: int
    cues: tuple[Cue, ...]


def vocabulary() -> Iterator[tuple[str, Cue]]:
    """The cues for the scan."""
    for side in ("noun", "of", "before", "within"):
        for word in sorted(words(side)):
            yield word, Cue(word, side)


def _trimmed(text: str, start: int, end: int, common: Collection[str], tail: bool) -> tuple[int, int] | None:
    """``text[start:end]`` without words in front, and with ``tail`` behind, that are no part of a name; None where
    nothing is left."""
    stop = _SENTENCE_END.search(text, start, end)
    # "... of Acme. The": the name ends with the sentence, unless the stop is of an abbreviation.
    if stop and stop.start() - text.rfind(" ", start, stop.start()) > 4:
        end = stop.start()
    while end > start and (trail := _TRAIL.search(text, start, end)):
        end = trail.start()
    while start < end:
        space = text.find(" ", start, end)
        if space < 0:
            break
        word = text[start:space].lower()
        if word not in _LEADING and word not in common and not word.endswith(("'s", "’s")):
            break
        start = space + 1
    while tail and (space := text.rfind(" ", start, end)) > start and text[space + 1 : end].lower() in common:
        end = space
    if end - start < 2 or not text[start].isupper() or text[start:end].lower() in _LEADING:
        return None
    return start, end


def proposals(
    text: str, body_start: int, hits: Iterable[Hit], taken: Sequence[tuple[int, int]], common: Collection[str]
) -> list[Proposal]:
    """Names beside cues, in order, none twice and none over a span of ``taken`` (in order). ``common``: words that news
    writes in lower case, which begin no name in a headline."""
    found: dict[tuple[int, int], list[Cue]] = {}
    title_end = max(0, body_start - 2)
    shouting: bool | None = None
    for start, end, cue in hits:
        if len(found) == _MOST:
            break
        zone_start, zone_end = (0, title_end) if start < title_end else (body_start, len(text))
        if cue.side in ("noun", "of"):
            if not text[end + 1 : end + 3].strip("\"'“‘").strip() or not (
                match := _FOLLOWING.match(text, end, zone_end)
            ):
                continue
            span = match.span(1)
        elif cue.side == "within":
            if not text[start].isupper() or start < zone_start + 2 or text[start - 1] != " ":
                continue
            match = _PRECEDING.search(text[max(zone_start, start - _REACH) : start])
            if not match or text[start - 2] in ".!?:;":
                continue
            span = (max(zone_start, start - _REACH) + match.start(1), end)
        else:
            if start < zone_start + 2 or text[start - 1] != " ":
                continue
            if cue.word in ("shares", "stock") and not _PRICE_VERB.match(text, end):
                continue
            last = text.rfind(" ", zone_start, start - 1) + 1
            if not text[max(last, zone_start)].isupper():
                continue
            match = _PRECEDING.search(text[max(zone_start, start - _REACH) : start])
            if not match:
                continue
            span = (max(zone_start, start - _REACH) + match.start(1), max(zone_start, start - _REACH) + match.end(1))
        if shouting is None:
            shouting = title_case(text[:title_end])
        within_title = span[0] < title_end
        loud = within_title and shouting
        trimmed = _trimmed(
            text, *span, common if loud or cue.side == "within" else (), loud and cue.side in ("noun", "of")
        )
        if trimmed is None or (cue.side == "within" and " " not in text[trimmed[0] : trimmed[1]]):
            continue
        form = LEGAL_FORM_AFTER.search(text, trimmed[0], trimmed[1])
        if form and form.start() > trimmed[0]:
            trimmed = (trimmed[0], form.start() if form.end() >= trimmed[1] else trimmed[1])
        name = text[trimmed[0] : trimmed[1]].lower()
        if (
            name in _NOT_A_NAME
            or len(name) < 2
            or _PLURAL.fullmatch(text, *trimmed)
            or (" " in name and name.partition(" ")[0] in _GIVEN and cue.side != "within")
        ):
            continue
        found.setdefault(trimmed, []).append(cue)
    result: list[Proposal] = []
    at = 0
    for (start, end), cues in sorted(found.items()):
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        if at < len(taken) and taken[at][0] < end:
            continue
        if result and start < result[-1].end:
            if end - start > result[-1].end - result[-1].start:
                result[-1] = Proposal(start, end, tuple(cues))
            continue
        result.append(Proposal(start, end, tuple(cues)))
    return result


def features(
    text: str, body_start: int, proposal: Proposal, tables: Tables, common: Collection[str], seen: Around | None = None
) -> Features:
    """What the shape and the place of a proposed name say."""
    start, end, cues = proposal
    name = text[start:end]
    parts = name.split()
    seen = seen or around(text, start, end)
    after = "'s " + seen.after if seen.possessive else seen.after
    before_pair = tables["before2"].get(seen.before2 + " " + seen.before)
    after_pair = tables["after2"].get(after + " " + seen.after2)
    odds = (before_pair if before_pair is not None else tables["before"].get(seen.before, 0.0)) + (
        after_pair if after_pair is not None else tables["after"].get(after, 0.0)
    )
    found: Features = {"form:odds": odds / 4, f"form:words={min(4, len(parts))}": 1.0}
    for cue in cues:
        found[f"form:{cue.side}"] = 1.0
        found[f"form:{cue.side}={cue.word}"] = 1.0
    if len(cues) > 1:
        found["form:cues"] = 1.0
    if LEGAL_FORM_AFTER.match(text, end, end + 40):
        found["form:legal"] = 1.0
    lowered = [w.lower() for w in parts]
    plain = sum(all(p in common or p.removesuffix("s") in common for p in w.split("-")) for w in lowered)
    if plain == len(parts):
        found["form:all_common"] = 1.0
        if len(parts) == 1:
            found["form:one_common"] = 1.0
    elif plain == 0:
        found["form:none_common"] = 1.0
    if len(parts) > 1 and lowered[0] in _GIVEN and not any(c.side == "within" for c in cues):
        found["form:given_name"] = 1.0
    if len(parts) == 2 and plain == 0 and not any(c.side == "within" for c in cues):
        found["form:two_names"] = 1.0
    if any(w in _NOT_A_NAME for w in lowered):
        found["form:other_word"] = 1.0
    if name.isupper():
        found["form:acronym"] = 1.0
    elif any(c.isupper() for w in parts for c in w[1:]):
        found["form:inner_capital"] = 1.0
    if any(c.isdigit() for c in name):
        found["form:digit"] = 1.0
    if "." in name.rstrip("."):
        found["form:dot"] = 1.0
    if start < body_start:
        found["form:title"] = 1.0
        if title_case(text[: max(0, body_start - 2)]):
            found["form:title_case"] = 1.0
    if text.find(name, end) >= 0 or text.find(name, 0, start) >= 0:
        found["form:twice"] = 1.0
    if seen.capital_before:
        found["form:capital_before"] = 1.0
    if seen.capital_after:
        found["form:capital_after"] = 1.0
    return found


def everywhere(text: str, name: str, most: int = 50) -> list[tuple[int, int]]:
    """Where ``name`` stands in ``text`` by whole words, at most so often."""
    found: list[tuple[int, int]] = []
    at = text.find(name)
    while at >= 0 and len(found) < most:
        end = at + len(name)
        if not (at and text[at - 1].isalnum()) and not text[end : end + 1].isalnum():
            found.append((at, end))
        at = text.find(name, end)
    return found
