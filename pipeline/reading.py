"""Reads one article: the one scan, then its signals, then its companies. What ``graph``, ``classify`` and
``explain`` all call."""

from dataclasses import dataclass
from functools import lru_cache

from pipeline.articles.document import Document
from pipeline.companies import CompanyFinder
from pipeline.scan import Scanner
from pipeline.signals import SignalReader, SignalReading
from schemas import CompanyMention


@dataclass(frozen=True)
class Reading:
    """All that was read in one article. ``signals`` holds the signals, the main one first, and how they came about."""

    document: Document
    signals: SignalReading
    companies: tuple[CompanyMention, ...]


class Reader:
    """The vocabularies and weights, loaded once. Reading is a pure function of title and text."""

    def __init__(self) -> None:
        self.signals = SignalReader()
        self.companies = CompanyFinder()
        self._scanner = Scanner({**self.signals.vocabularies(), **self.companies.vocabularies()})

    def read(self, title: str, text: str) -> Reading:
        """Reads one article in time linear in its length. Never raises for any text."""
        document = Document(title, text)
        hits = self._scanner.scan(document.full)
        signals = self.signals.read(document, hits)
        return Reading(document, signals, self.companies.find(document, hits, signals))


@lru_cache(maxsize=1)
def reader() -> Reader:
    """The process's reader; loading takes about a second, so all callers share it."""
    return Reader()
