"""Names the companies of an article: the room's one entry point."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.articles.document import Document
from pipeline.companies.decision import weights
from pipeline.companies.linking import Group, Linker
from pipeline.companies.matching import candidates
from pipeline.companies.registry import Registry, load
from pipeline.scan import Hit
from schemas import CompanyMention

if TYPE_CHECKING:
    from pipeline.signals import SignalReading

KIND = "company"


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
        return {KIND: ((alias.surface, alias) for alias in self.registry.searched())}

    def find(
        self, document: Document, hits: dict[str, list[Hit]], signals: "SignalReading | None" = None
    ) -> tuple[CompanyMention, ...]:
        """The companies of ``document`` in order of first mention. ``hits``: the scan of ``document.full``."""
        text = document.full
        found = candidates(text, hits.get(KIND, ()))
        groups = self._linker.decide(text, document.body_start, found)
        return tuple(self._mention(document, g) for g in groups if g.probability >= self.weights.threshold)

    def _mention(self, document: Document, group: Group) -> CompanyMention:
        spans = tuple(document.span(c.start, c.full_end) for c in group.candidates)
        company = self.registry.company(group.company)
        return CompanyMention(
            mention=spans[0].quote,
            name=company.name,
            company_id=company.id,
            ticker=company.ticker,
            spans=spans,
        )
