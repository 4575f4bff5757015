"""Reads an article's policy signals from what the scan found in it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.articles.document import Document
from pipeline.scan import Hit
from pipeline.signals import evidence, glance, jurisdiction, sectors
from pipeline.signals.decision import (
    NETWORK_FROM,
    Decision,
    both,
    labels,
    log_odds,
    probability,
    seen_names,
    seen_words,
    sigmoid,
)
from pipeline.signals.direction import certainty, settle
from pipeline.signals.frames import ACTS, Frame
from pipeline.signals.hits import KIND
from pipeline.signals.opening import Opening, opening
from pipeline.signals.opening import start as start_of
from pipeline.signals.sentences import Sentence
from pipeline.signals.vocabulary import terms
from pipeline.signals.weights import weights
from pipeline.signals.whole import Whole
from schemas import Signal


@dataclass(frozen=True, slots=True)
class SignalReading:
    """What was read in one article. ``probability`` that it holds a signal is calibrated; ``signals`` has the main one
    first and is empty where there is none; ``decision`` is then None. ``dismissed``: by its words alone, without a scan."""

    probability: float
    signals: tuple[Signal, ...] = ()
    decision: Decision | None = None
    dismissed: bool = False
    whole: Whole = field(default_factory=lambda: Whole(Document("", ""), ()), repr=False, compare=False)

    @property
    def sentences(self) -> list[Sentence]:
        """The sentences that ``frames`` are read from."""
        return self.whole.sentences

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Who does what to what, clause by clause."""
        return self.whole.frames

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why there is no signal, in words for a person; empty where there is one."""
        if self.signals:
            return ()
        start = opening(self.whole.document, start_of(self.whole.document), self.whole.hits)
        if not start.sentences:
            return ("empty",)
        if self.dismissed:
            return ("its words are those of other news",)
        return why_none(start.hits)


class SignalReader:
    """The vocabularies and weights of signals, loaded once. Reading is a pure function of the document and what the
    scan finds in it."""

    def __init__(self) -> None:
        self._weights = weights()
        self.version = self._weights.version
        self._threshold = self._weights.thresholds["signal"]

    def vocabularies(self) -> dict[str, Iterable[tuple[str, Any]]]:
        """Phrases for the scan."""
        return {KIND: list(terms().items())}

    def first_look(self, document: Document) -> SignalReading | None:
        """The reading of an article whose words alone say that it is no signal, without a scan; None: read it."""
        # Without a title half of what the first look goes by is missing, so it says nothing.
        if not document.title:
            return None
        score = glance.score(self._weights.glance, document)
        if score >= self._weights.glance.cutoff:
            return None
        chance = min(sigmoid(score), self._threshold)
        return SignalReading(chance, dismissed=True, whole=Whole(document, ()))

    def read(self, document: Document, scan: Callable[[str], dict[str, list[Hit]]]) -> SignalReading:
        """Reads one article, in time linear in its length; never raises for any text.

        ``scan`` finds the vocabularies' phrases in a text. It is not asked where words alone settle that there is no signal:
        those of the first look, or all that the decision knows of words, where cues and frames would have to say more for a
        signal than they do."""
        dismissed = self.first_look(document)
        if dismissed is not None:
            return dismissed
        begun = start_of(document)
        if not begun.sentences:
            return SignalReading(0.0, whole=Whole(document, ()))
        words = seen_words(self._weights, begun.title, begun.body)
        chance = probability(self._weights, log_odds(self._weights, words))
        if chance < self._weights.thresholds["words"]:
            return SignalReading(min(chance, self._threshold), dismissed=True, whole=Whole(document, ()))
        hits = scan(document.full).get(KIND, ())
        start = opening(document, begun, hits)
        whole = Whole(document, hits, start)
        known = both(words, seen_names(self._weights, start.features.named))
        odds = log_odds(self._weights, known)
        if odds < NETWORK_FROM:
            return SignalReading(min(probability(self._weights, odds), self._threshold), whole=whole)
        decision = labels(self._weights, known, begun.title, begun.body)
        if decision.probability < self._threshold:
            return SignalReading(decision.probability, whole=whole)
        decision = settle(decision, start.frames)
        return SignalReading(decision.probability, self._signals(whole, start, decision), decision, whole=whole)

    def _signals(self, whole: Whole, start: Opening, decision: Decision) -> tuple[Signal, ...]:
        document, told = whole.document, whole.frames
        clues = jurisdiction.candidates(document.full, start.hits, start.sentences)
        whose = jurisdiction.choose(clues, self._weights.jurisdiction)
        authority = evidence.authority(document, start.hits, told, whose)
        spans, background = evidence.spans(document, told, decision.direction)
        main = Signal(
            direction=decision.direction,
            instrument=decision.instrument,
            stage=decision.stage,
            jurisdiction=whose,
            authority=authority,
            sectors=sectors.bound(whole.standing, document.body_start),
            confidence=round(decision.probability * certainty(decision), 4),
            evidence=spans,
            background=background,
        )
        return (main, *evidence.further(document, told, main))


def why_none(found: Sequence[Hit]) -> tuple[str, ...]:
    """Why an article is no signal, in words for a person."""
    classes = {tag.partition(".")[0] for hit in found for tag in hit[2].tags}
    reasons = []
    if not any(hit[2].body is not None or hit[2].place is not None for hit in found) and "generic" not in classes:
        reasons.append("no public authority named")
    if not classes & ACTS:
        reasons.append("no act told")
    off = sorted({tag.partition(".")[2] for hit in found for tag in hit[2].tags if tag.startswith("off.")})
    if off:
        reasons.append("words of other news: " + ", ".join(off))
    return tuple(reasons) or ("below the threshold",)
