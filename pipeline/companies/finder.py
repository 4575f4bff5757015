"""Names the companies of an article: the room's one entry point."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.articles.document import Document
from pipeline.companies import forms, reactions, roles
from pipeline.companies.decision import weights
from pipeline.companies.linking import MENTIONS_READ, Group, Linker
from pipeline.companies.matching import Candidate, candidates, tickers
from pipeline.companies.registry import NOBODY, Company, Registry, load
from pipeline.companies.relevance import relevance
from pipeline.companies.roles import Part
from pipeline.scan import Hit, Scanner
from pipeline.signals.sentences import Sentence, split
from schemas import CompanyMention, MarketReaction

if TYPE_CHECKING:
    from pipeline.signals import SignalReading

_FORMER = re.compile(r"\b(?:formerly|previously|once|originally)(?: known as| called| named)? $")
# How far roles and market reactions are read; companies are found in the whole text.
READ_CHARS = 20_000
KIND, SIGNALS = "company", "signals"


def named_otherwise(text: str, hits: Iterable[Hit]) -> list[tuple[int, int]]:
    """Spans of the authorities and places that the signals' vocabulary found, in order."""
    return sorted(
        (start, end)
        for start, end, term in hits
        if (term.body is not None or term.place is not None) and text[start:end] == term.phrase
    )


def only_former(text: str, group: Group) -> bool:
    """Whether the article gives the name only as another company's former one: "X, formerly known as Twitter"."""
    return all(_FORMER.search(text, max(0, c.start - 28), c.start) for c in group.candidates)


class Found(NamedTuple):
    """A company of an article before its part is told: offsets of its mentions, in order, and how sure it is."""

    company: Company | None
    spans: tuple[tuple[int, int], ...]
    probability: float


class Why(NamedTuple):
    """Why a text names a company or not. ``number`` is the registry's, None where it holds none; ``reasons`` are
    features and what each adds, the weightiest first."""

    number: int | None
    name: str
    quote: str
    probability: float
    accepted: bool
    reasons: tuple[tuple[str, float], ...]

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {**self._asdict(), "reasons": dict(self.reasons)}


class CompanyFinder:
    """Finds and links the companies of an article, and tells their part in its signal."""

    def __init__(self, user_file: Path | None = None) -> None:
        """``user_file``: a table of the user's own companies and aliases (see ``pipeline.companies.tables``).

        Raises TableError where it is broken."""
        self.registry: Registry = load(user_file)
        self.weights = weights()
        self._linker = Linker(self.registry, self.weights)

    @property
    def version(self) -> str:
        """Version of the registry and the weights."""
        return f"{self.registry.version}.{self.weights.version}"

    def vocabularies(self) -> dict[str, Iterable[tuple[str, Any]]]:
        """What the scan must look for on this room's behalf."""
        return {
            KIND: ((alias.surface, alias) for alias in self.registry.searched()),
            forms.KIND: forms.vocabulary(),
        }

    def find(
        self, document: Document, hits: dict[str, list[Hit]], signals: "SignalReading | None" = None
    ) -> tuple[CompanyMention, ...]:
        """The companies of ``document`` in order of first mention, in time linear in its length. ``hits``: the scan of
        ``document.full``; ``signals``: what was read of its signals, by which roles are told."""
        found = self._found(document, hits)
        return tuple(described(document, found, signals)) if found else ()

    def _found(self, document: Document, hits: dict[str, list[Hit]]) -> list[Found]:
        text = document.full
        named = candidates(text, hits[KIND]) if KIND in hits else []
        marked = tickers(text, self.registry)
        if not named and not marked and forms.KIND not in hits:
            return []
        groups = self._linker.decide(text, document.body_start, named, {company for _, _, company in marked})
        found = [
            Found(
                self.registry.company(g.company),
                tuple((c.start, c.full_end) for c in g.candidates),
                g.probability,
            )
            for g in groups
            if g.probability >= self.weights.threshold and not (len(groups) > 1 and only_former(text, g))
        ]
        if marked:
            known = {g.company for g in groups}
            first = {company: (start, end) for start, end, company in reversed(marked)}
            found += [
                Found(self.registry.company(company), (span,), 1.0)
                for company, span in first.items()
                if company not in known
            ]
        if cues := hits.get(forms.KIND):
            found += self._by_form(document, cues, hits, named, found)
        return sorted(found, key=_first)

    def _by_form(
        self,
        document: Document,
        cues: list[Hit],
        hits: dict[str, list[Hit]],
        named: list[Candidate],
        found: list[Found],
    ) -> Iterator[Found]:
        """Companies that no searched name covers, found by the words beside them."""
        text, weights = document.full, self.weights
        taken = sorted(
            [(c.start, c.full_end) for c in named]
            + named_otherwise(text, hits.get(SIGNALS, ()))
            + [(start, end) for start, end, alias in hits.get(KIND, ()) if alias.company == NOBODY]
        )
        seen = {text[start:end] for f in found for start, end in f.spans}
        ids = {f.company.id for f in found if f.company}
        for proposal in forms.proposals(text, document.body_start, cues, taken, weights.common):
            name = text[proposal.start : proposal.end]
            if name in seen:
                continue
            shape = forms.features(text, document.body_start, proposal, weights.tables, weights.common)
            probability = weights.form_probability(shape)
            if probability < weights.form_threshold:
                continue
            seen.add(name)
            alias = self.registry.by_surface.get(name)
            company = self.registry.company(alias.company) if alias is not None else None
            if company is None or company.id not in ids:
                yield Found(company, tuple(forms.everywhere(text, name)), probability)

    @cached_property
    def _scanner(self) -> Scanner:
        return Scanner(self.vocabularies())

    def why(self, text: str) -> list[Why]:
        """Every company that a text names or might name, with what speaks for and against it; by ``policywire company``.
        The first line is read as the title."""
        title, _, body = text.partition("\n")
        document = Document(title.strip(), body.strip())
        full, start = document.full, document.body_start
        hits = self._scanner.scan(full)
        named = candidates(full, hits.get(KIND, ()))
        marked = {company for _, _, company in tickers(full, self.registry)}
        told = [
            Why(
                g.company,
                self.registry.company(g.company).name,
                full[g.candidates[0].start : g.candidates[0].full_end],
                round(g.probability, 3),
                g.probability >= self.weights.threshold,
                (("its ticker stands in the text", 0.0),)
                if g.company in marked
                else self._linker.reasons(full, start, named, g.company),
            )
            for g in self._linker.decide(full, start, named, marked)
        ]
        taken = sorted((c.start, c.full_end) for c in named)
        for proposal in forms.proposals(full, start, hits.get(forms.KIND, ()), taken, self.weights.common):
            shape = forms.features(full, start, proposal, self.weights.tables, self.weights.common)
            probability = self.weights.form_probability(shape)
            quote = full[proposal.start : proposal.end]
            alias = self.registry.by_surface.get(quote)
            told.append(
                Why(
                    alias.company if alias else None,
                    self.registry.company(alias.company).name if alias else quote,
                    quote,
                    round(probability, 3),
                    probability >= self.weights.form_threshold,
                    self.weights.contributions(shape),
                )
            )
        return told


def _first(found: Found) -> int:
    return found.spans[0][0]


def described(document: Document, found: Sequence[Found], signals: "SignalReading | None") -> Iterator[CompanyMention]:
    """The mentions with role, relevance and market reactions."""
    text = document.full
    main = signals.signals[0] if signals is not None and signals.signals else None
    moves: list[reactions.Reaction] = []
    sentences: list[Sentence] = []
    if reactions.told(text) or main is not None:
        sentences = split(text, document.body_start, READ_CHARS)
        spans = sorted(
            reactions.Mentioned(start, end, number) for number, f in enumerate(found) for start, end in f.spans
        )
        moves = reactions.read(text, spans, sentences)
    frames = signals.frames if signals is not None and main is not None else ()
    for number, (company, places, probability) in enumerate(found):
        own = [move for move in moves if move.company == number]
        part = Part("background", None)
        if main is not None:
            part = roles.part(text, places[:MENTIONS_READ], sentences, frames, main.direction, main.instrument)
        cited = tuple(document.span(start, end) for start, end in places)
        yield CompanyMention(
            mention=cited[0].quote,
            name=company.name if company else cited[0].quote,
            company_id=company.id if company else None,
            ticker=company.ticker if company else "",
            role=part.role,
            direction=part.direction,
            relevance=relevance([start for start, _ in places], document.body_start, len(text), part.role),
            confidence=round(probability, 3),
            spans=cited,
            reactions=tuple(
                MarketReaction(
                    percent=move.percent, move=move.move, session=move.session, span=document.span(move.start, move.end)
                )
                for move in own
            ),
        )
