"""Names the companies of an article: the room's one entry point."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.articles.document import Document
from pipeline.companies import forms
from pipeline.companies.decision import weights
from pipeline.companies.linking import Group, Linker
from pipeline.companies.matching import Candidate, candidates
from pipeline.companies.registry import Registry, load
from pipeline.scan import Hit
from schemas import CompanyMention

if TYPE_CHECKING:
    from pipeline.signals import SignalReading

KIND, SIGNALS = "company", "signals"


def named_otherwise(text: str, hits: Iterable[Hit]) -> list[tuple[int, int]]:
    """Spans of the authorities and places that the signals' vocabulary found, in order."""
    return sorted(
        (start, end)
        for start, end, term in hits
        if (term.body is not None or term.place is not None) and text[start:end] == term.phrase
    )


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
        """What the one scan must look for on this room's behalf."""
        return {
            KIND: ((alias.surface, alias) for alias in self.registry.searched()),
            forms.KIND: forms.vocabulary(),
        }

    def find(
        self, document: Document, hits: dict[str, list[Hit]], signals: "SignalReading | None" = None
    ) -> tuple[CompanyMention, ...]:
        """The companies of ``document`` in order of first mention. ``hits``: the scan of ``document.full``."""
        text = document.full
        found = candidates(text, hits.get(KIND, ()))
        groups = [
            g for g in self._linker.decide(text, document.body_start, found) if g.probability >= self.weights.threshold
        ]
        mentions = [self._known(document, g) for g in groups]
        if cues := hits.get(forms.KIND):
            mentions += self._by_form(document, cues, hits, found)
            mentions.sort(key=_place)
        return tuple(mentions)

    def _known(self, document: Document, group: Group) -> CompanyMention:
        spans = tuple(document.span(c.start, c.full_end) for c in group.candidates)
        company = self.registry.company(group.company)
        return CompanyMention(
            mention=spans[0].quote,
            name=company.name,
            company_id=company.id,
            ticker=company.ticker,
            confidence=round(group.probability, 3),
            spans=spans,
        )

    def _by_form(
        self, document: Document, cues: list[Hit], hits: dict[str, list[Hit]], found: list[Candidate]
    ) -> list[CompanyMention]:
        """Companies that no searched name covers, found by the words beside them."""
        text, weights = document.full, self.weights
        taken = sorted([(c.start, c.full_end) for c in found] + named_otherwise(text, hits.get(SIGNALS, ())))
        made: dict[str, CompanyMention] = {}
        for proposal in forms.proposals(text, document.body_start, cues, taken, weights.common):
            shape = forms.features(text, document.body_start, proposal, weights.tables, weights.common)
            probability = weights.form_probability(shape)
            name = text[proposal.start : proposal.end]
            if probability < weights.form_threshold or name in made:
                continue
            alias = self.registry.by_surface.get(name)
            company = self.registry.company(alias.company) if alias is not None else None
            made[name] = CompanyMention(
                mention=name,
                name=company.name if company else name,
                company_id=company.id if company else None,
                ticker=company.ticker if company else "",
                confidence=round(probability, 3),
                spans=tuple(document.span(start, end) for start, end in forms.everywhere(text, name)),
            )
        return list(made.values())


def _place(mention: CompanyMention) -> tuple[bool, int]:
    return mention.spans[0].field == "text", mention.spans[0].start
