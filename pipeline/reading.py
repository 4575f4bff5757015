"""Reads one article: its signals from the scan for them, then its companies from the scan for those. What ``graph``, ``classify`` and
``explain`` all call."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pipeline.articles.document import Document
from pipeline.companies import CompanyFinder
from pipeline.scan import Scanner
from pipeline.signals import SignalReader, SignalReading
from pipeline.signals.hits import KIND
from pipeline.signals.whole import Whole
from schemas import CompanyMention


@dataclass(frozen=True)
class Reading:
    """All that was read in one article. ``signals`` holds the signals, the main one first, and how they came about."""

    document: Document
    signals: SignalReading
    companies: tuple[CompanyMention, ...]


class Reader:
    """The vocabularies and weights, loaded once. Reading is a pure function of title and text."""

    def __init__(self, registry: Path | None = None) -> None:
        """``registry`` is a file with companies and aliases of the user's own.

        Raises PolicywireError naming file and line where it is not valid.
        """
        self.signals = SignalReader()
        self.companies = CompanyFinder(registry)
        self.version = f"{self.signals.version}+{self.companies.version}"
        # Two automata, as few articles need the second, which is many times as large.
        self._for_signals = Scanner(self.signals.vocabularies())
        self._for_companies = Scanner(self.companies.vocabularies())

    def dismisses(self, title: str, text: str) -> bool:
        """Whether the first look settles that an article holds no signal."""
        return self.signals.first_look(Document(title, text)) is not None

    def read(self, title: str, text: str, *, companies_of_all: bool = True) -> Reading:
        """Reads one article in time linear in its length. Never raises for any text.

        With ``companies_of_all`` False, companies are named in signals only, and an article whose words alone show that it
        holds none is not scanned: several times as fast where only signals are wanted.
        """
        document = Document(title, text)
        signals = self.signals.read(document, self._for_signals.scan)
        if not (companies_of_all or signals.signals):
            return Reading(document, signals, ())
        hits = self._for_companies.scan(document.full)
        if signals.dismissed:  # without a scan
            hits |= self._for_signals.scan(document.full)
            signals = replace(signals, whole=Whole(document, hits.get(KIND, ())))
        else:
            hits[KIND] = list(signals.whole.hits)
        return Reading(document, signals, self.companies.find(document, hits, signals))


@lru_cache(maxsize=2)
def reader(registry: Path | None = None) -> Reader:
    """The process's reader; loading takes a while, so all callers share it."""
    return Reader(registry)
