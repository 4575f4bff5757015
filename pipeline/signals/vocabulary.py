"""The words that signals are read from: authorities, places and cues, loaded from the tables in ``data/``.

A phrase that stands in several tables becomes one term that carries all of it, so that the scan reports it once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from pipeline.scan import fold
from schemas.terms import AuthorityKind

_DATA = "pipeline.signals.data"
_GROUP = re.compile(r"\(([^()]*)\)(\?)?")
# Acronyms and surnames that are everyday words in lower case; in a text all in capitals they tell nothing.
_WORDS = frozenset(
    "who nice safe ed sat us fed sec mas it acm cac cra dot sc hc cap dna fia petro hunt boris lula pra".split()  # noqa: SIM905
)

# Cue classes that an act may have for its object.
_OBJECTS = frozenset(("burden", "support", "permit", "law"))


@dataclass(frozen=True, slots=True)
class Body:
    """A public body of the gazetteer, or an office holder's body."""

    name: str
    kind: AuthorityKind
    jurisdiction: str
    field: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A name that points to a jurisdiction. ``kind`` is the table's: country, demonym, capital, region, city, cue."""

    jurisdiction: str
    kind: str


@dataclass(frozen=True, slots=True)
class Term:
    """What one phrase may mean. ``tags`` are the cue groups ("down.lift"), the deciding one first; ``forms`` tells of
    an inflection ("ed", "ing", "s" or "")."""

    phrase: str
    exact: bool
    tags: tuple[str, ...]
    body: Body | None = None
    place: Place | None = None
    form: str = ""
    classes: tuple[str, ...] = ()
    cls: str = ""
    family: str = ""
    group: str = ""
    as_object: str = ""
    inflected: str = ""

    @classmethod
    def of(
        cls, phrase: str, exact: bool, tags: tuple[str, ...], body: Body | None, place: Place | None, form: str = ""
    ) -> "Term":
        """A term with what is read off it again and again: ``classes`` are the kind of its body, its tags and the kind
        of its place; ``cls`` is the class by which it takes part in a frame, ``family`` and ``group`` that class's two
        parts; ``as_object`` is the tag by which it may be an act's object, empty where it may not; ``inflected`` its class
        with its form, empty where it has none."""
        classes = tags
        if body is not None:
            classes = ("body." + body.kind, *classes)
        if place is not None:
            classes = (*classes, "place." + place.kind)
        first = classes[0] if classes else ""
        family, _, group = first.partition(".")
        as_object = next((tag for tag in tags if tag.partition(".")[0] in _OBJECTS), "")
        inflected = f"{first}:{form}" if form else ""
        return cls(phrase, exact, tags, body, place, form, classes, first, family, group, as_object, inflected)

    def stands(self, text: str, start: int, end: int, shouting: bool) -> bool:
        """Whether the text writes the phrase as it must be written: names need their capitals."""
        if not self.exact:
            return True
        if shouting:
            return fold(self.phrase) not in _WORDS
        return text[start:end].replace("’", "'") == self.phrase


def rows(name: str) -> Iterator[list[str]]:
    """The rows of a table in ``data/``: tab-separated, ``#`` starts a comment line."""
    for line in files(_DATA).joinpath(name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def alternatives(forms: str) -> Iterator[str]:
    """Splits a table's forms at each ``|`` outside parentheses and spells out their endings.

    >>> list(alternatives("lev(y|ies)|ban(s)? on"))
    ['levy', 'levies', 'ban on', 'bans on']
    """
    depth, start = 0, 0
    for i, char in enumerate(forms + "|"):
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            yield from _spelled(forms[start:i])
            start = i + 1


def _spelled(form: str) -> Iterator[str]:
    match = _GROUP.search(form)
    if match is None:
        yield form
        return
    choices = ([""] if match[2] else []) + match[1].split("|")
    for choice in choices:
        yield from _spelled(form[: match.start()] + choice + form[match.end() :])


def _form(word: str) -> str:
    last = word.split()[0]
    for ending in ("ing", "ed", "s"):
        if last.endswith(ending):
            return ending
    return ""


@cache
def terms() -> dict[str, Term]:
    """Every term by its folded phrase."""
    cues: dict[str, list[str]] = {}
    for cls, group, forms in rows("cues.tsv"):
        for phrase in alternatives(forms.replace("[sz]", "(s|z)").replace("[cs]", "(c|s)")):
            tags = cues.setdefault(phrase, [])
            if f"{cls}.{group}" not in tags:
                tags.append(f"{cls}.{group}")
    for sector, forms in rows("sectors.tsv"):
        for phrase in alternatives(forms.replace("[sz]", "(s|z)")):
            cues.setdefault(phrase, []).append(f"sector.{sector}")
    places: dict[str, Place] = {}
    for jurisdiction, kind, names in rows("places.tsv"):
        for name in names.split("|"):
            places.setdefault(name, Place(jurisdiction, kind))
    bodies: dict[str, Body] = {}
    for jurisdiction, kind, field, name, *further in rows("authorities.tsv"):
        body = Body(name, cast(AuthorityKind, kind), jurisdiction, field)
        for alias in (name, *(further[0].split("|") if further else ())):
            bodies.setdefault(alias, body)
    for jurisdiction, kind, person, further_names, _office, body_name, *_years in rows("holders.tsv"):
        known = bodies.get(body_name)
        for alias in (person, *further_names.split("|")):
            who = Body(body_name, cast(AuthorityKind, kind), jurisdiction, known.field if known else "", person)
            bodies.setdefault(alias, who)
    table: dict[str, Term] = {}
    for phrase in (*bodies, *places):
        key = fold(phrase)
        body_, place = bodies.get(phrase), places.get(phrase)
        # A phrase all in lower case ("state lawmakers") needs no capitals.
        exact = phrase != key
        if key not in table:
            table[key] = Term.of(phrase, exact, (), body_, place)
    for phrase, tags in cues.items():
        key = fold(phrase)
        old = table.get(key)
        if old is None:
            table[key] = Term.of(phrase, False, tuple(tags), None, None, _form(phrase))
        elif not old.exact or " " in phrase:
            table[key] = Term.of(old.phrase, old.exact, tuple(tags), old.body, old.place, _form(phrase))
    return table
