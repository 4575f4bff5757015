"""Scores labels against a careful reader's: end to end, so that a missed signal is a miss for every field below it.

The definitions are those of the labelling guidelines: F1 of signal, macro F1 of direction with "none" as a class,
the share of opposed directions, accuracy of instrument, stage and jurisdiction over all true signals, and F1 of
companies found and linked.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from schemas.terms import DIRECTIONS, Direction, Instrument, Stage

Label = dict[str, Any]
Id = int | str


class CompanyLabel(BaseModel):
    """A company of a label. Fields beside these are passed over, and null is as good as nothing."""

    model_config = ConfigDict(strict=True)

    mention: str | None = None
    name: str | None = None
    ticker: str | None = None


def _check_id(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, Id):
        raise ValueError("must be a string or a whole number")
    return value


class LabelledItem(BaseModel):
    """What a label must be to be scored; a direction that is none would only count as an error of reading."""

    model_config = ConfigDict(strict=True)

    id: Annotated[Id, BeforeValidator(_check_id)]
    signal: bool
    title: str | None = None
    text: str | None = None
    direction: Literal[Direction, ""] | None = None
    instrument: Literal[Instrument, ""] | None = None
    stage: Literal[Stage, ""] | None = None
    jurisdiction: str | None = None
    companies: list[CompanyLabel] | None = None


NONE = "none"
_FIELDS = ("instrument", "stage", "jurisdiction")
# Words of a company's name that do not tell it from another.
_LEGAL_FORMS = re.compile(
    r"\b(inc|incorporated|corp|corporation|co|company|companies|ltd|limited|plc|llc|llp|ag|sa|se|nv|ab|asa|oyj|spa|"
    r"gmbh|kk|bhd|group|groupe|holding|holdings|the|technologies|technology|platforms)\b"
)


@dataclass(frozen=True)
class Rate:
    """Precision and recall of a class, from counts."""

    hits: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Of what was claimed, the share that is right; 0 where nothing was claimed."""
        return self.hits / (self.hits + self.wrong) if self.hits + self.wrong else 0.0

    @property
    def recall(self) -> float:
        """Of what is there, the share found; 0 where nothing is there."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else 0.0

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.hits / (2 * self.hits + self.wrong + self.missed) if self.hits else 0.0


@dataclass(frozen=True)
class Scores:
    """All figures of an evaluation. ``by_instrument`` is the recall of signal, and of direction, per gold
    instrument, with its size."""

    items: int
    signals: int
    signal: Rate
    directions: dict[str, Rate]
    direction_macro_f1: float
    opposed_rate: float
    accuracy: dict[str, float]
    mention: Rate
    link: Rate
    by_instrument: dict[str, tuple[float, float, int]]
    wrong: tuple[tuple[Label, str, str], ...]


def score(gold: list[Label], predicted: dict[Any, Label]) -> Scores:
    """Scores ``predicted`` (labels by id) against ``gold``; an item without a prediction counts as no signal and no
    companies. Raises ValueError where gold is empty."""
    if not gold:
        raise ValueError("no labelled items to score against")
    confusion: Counter[tuple[str, str]] = Counter()
    right: Counter[str] = Counter()
    mention, link = Counter[str](), Counter[str]()
    instruments: dict[str, list[tuple[bool, bool]]] = {}
    wrong: list[tuple[Label, str, str]] = []
    for item in gold:
        guess = predicted.get(item["id"], {})
        wanted, got = _direction(item), _direction(guess)
        confusion[wanted, got] += 1
        if wanted != got:
            wrong.append((item, wanted, got))
        if wanted != NONE:
            for name in _FIELDS:
                right[name] += got != NONE and (item.get(name) or "") == (guess.get(name) or "")
            instruments.setdefault(item.get("instrument") or "", []).append((got != NONE, got == wanted))
        _tally(mention, item, guess, same_mention, "mention")
        _tally(link, item, guess, same_company, "name")
    signals = sum(n for (wanted, _), n in confusion.items() if wanted != NONE)
    directions = {name: _rate(confusion, name) for name in (NONE, *DIRECTIONS)}
    sides = ("tightening", "easing")
    decided = sum(confusion[a, b] for a in sides for b in sides)
    return Scores(
        items=len(gold),
        signals=signals,
        signal=Rate(
            hits=sum(n for (a, b), n in confusion.items() if a != NONE and b != NONE),
            wrong=sum(n for (a, b), n in confusion.items() if a == NONE and b != NONE),
            missed=sum(n for (a, b), n in confusion.items() if a != NONE and b == NONE),
        ),
        directions=directions,
        direction_macro_f1=sum(rate.f1 for rate in directions.values()) / len(directions),
        opposed_rate=(confusion[sides] + confusion[sides[::-1]]) / max(1, decided),
        accuracy={name: right[name] / signals if signals else 0.0 for name in _FIELDS},
        mention=Rate(mention["hit"], mention["wrong"], mention["missed"]),
        link=Rate(link["hit"], link["wrong"], link["missed"]),
        by_instrument={
            name: (sum(s for s, _ in rows) / len(rows), sum(d for _, d in rows) / len(rows), len(rows))
            for name, rows in sorted(instruments.items())
        },
        wrong=tuple(wrong),
    )


def _direction(label: Label) -> str:
    return (label.get("direction") or "neutral") if label.get("signal") else NONE


def _rate(confusion: Counter[tuple[str, str]], name: str) -> Rate:
    hits = confusion[name, name]
    claimed = sum(n for (_, b), n in confusion.items() if b == name)
    there = sum(n for (a, _), n in confusion.items() if a == name)
    return Rate(hits, claimed - hits, there - hits)


def _tally(counts: Counter[str], item: Label, guess: Label, same: Callable[[Label, Label], bool], key: str) -> None:
    wanted, left = _once(item.get("companies"), key), _once(guess.get("companies"), key)
    claimed, hits = len(left), 0
    for company in wanted:
        match = next((other for other in left if same(company, other)), None)
        if match is not None:
            left.remove(match)
            hits += 1
    counts["hit"] += hits
    counts["wrong"] += claimed - hits
    counts["missed"] += len(wanted) - hits


def _once(companies: Iterable[Label] | None, key: str) -> list[Label]:
    by_name: dict[str, Label] = {}
    for company in companies or ():
        name = plain_name(company.get(key))
        if name:
            by_name.setdefault(name, company)
    return list(by_name.values())


def plain_name(name: str | None) -> str:
    """A company's name in lower case, without legal form, possessive and punctuation."""
    text = re.sub(r"['’]s\b", "", (name or "").lower()).replace("&", " and ")
    text = re.sub(r"[^\w]+", " ", text)
    return " ".join(_LEGAL_FORMS.sub(" ", text).split()) or " ".join(text.split())


def same_mention(a: Label, b: Label) -> bool:
    """Whether one of two mentions holds the other, by whole words."""
    one, other = plain_name(a.get("mention")), plain_name(b.get("mention"))
    return bool(one) and (f" {one} " in f" {other} " or f" {other} " in f" {one} ")


def same_company(a: Label, b: Label) -> bool:
    """Whether two labels name one company: by its symbol, else by its name."""
    one, other = _symbol(a), _symbol(b)
    if one and one == other:
        return True
    name = plain_name(a.get("name"))
    return bool(name) and name == plain_name(b.get("name"))


def _symbol(company: Label) -> str:
    return (company.get("ticker") or "").rpartition(":")[2].strip().upper()
