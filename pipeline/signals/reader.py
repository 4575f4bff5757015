"""Reads an article's policy signals from what the one scan found in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.articles.document import Document
from pipeline.scan import Hit
from pipeline.signals import evidence, frames, glance, jurisdiction, sectors
from pipeline.signals.decision import Decision, decide, sigmoid
from pipeline.signals.direction import settle
from pipeline.signals.hits import KIND, standing
from pipeline.signals.opening import opening
from pipeline.signals.sentences import Sentence, split
from pipeline.signals.vocabulary import terms
from pipeline.signals.weights import weights
from schemas import Signal
from schemas.terms import DIRECTIONS

# Sentences read for evidence, background and frames; the labels rest on fewer (features.READ_SENTENCES).
FRAME_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class SignalReading:
    """What was read in one article. ``probability`` that it holds a signal is calibrated; ``signals`` has the main one
    first and is empty where there is none, and ``reasons`` then says why."""

    probability: float
    signals: tuple[Signal, ...] = ()
    reasons: tuple[str, ...] = ()
    decision: Decision | None = None
    document: Document = field(default_factory=lambda: Document("", ""), repr=False, compare=False)
    hits: tuple[Hit, ...] = field(default=(), repr=False, compare=False)

    @property
    def sentences(self) -> list[Sentence]:
        """The sentences that ``frames`` are read from; read anew at each call."""
        return split(self.document.full, self.document.body_start, FRAME_CHARS)

    @property
    def frames(self) -> tuple[frames.Frame, ...]:
        """Who does what to what, clause by clause; read anew at each call, for ``explain``."""
        full = self.document.full
        found = standing(full, self.hits, self.document.body_start + FRAME_CHARS)
        return frames.read(full, found, self.sentences)


class SignalReader:
    """The vocabularies and weights of signals, loaded once. Reading is a pure function of document and hits."""

    def __init__(self) -> None:
        self._weights = weights()
        self.version = self._weights.version
        self._threshold = self._weights.thresholds["signal"]

    def vocabularies(self) -> dict[str, Iterable[tuple[str, Any]]]:
        """Phrases for the one scan."""
        return {KIND: list(terms().items())}

    def first_look(self, document: Document) -> SignalReading | None:
        """The reading of an article whose words alone say that it is no signal, without a scan; None: read it."""
        # Without a title half of what the first look goes by is missing, so it says nothing.
        if not document.title:
            return None
        score = glance.score(self._weights.glance, document)
        if score >= self._weights.glance.cutoff:
            return None
        probability = min(sigmoid(score), self._threshold)
        return SignalReading(probability, reasons=("its words are those of other news",), document=document)

    def read(self, document: Document, hits: dict[str, list[Hit]]) -> SignalReading:
        """Reads one article, in time linear in its length; never raises for any text."""
        dismissed = self.first_look(document)
        if dismissed is not None:
            return replace(dismissed, hits=tuple(hits.get(KIND, ())))
        return self.read_fully(document, hits)

    def read_fully(self, document: Document, hits: dict[str, list[Hit]]) -> SignalReading:
        """``read`` without the first look, for a document that passed it."""
        mine = hits.get(KIND, [])
        read, found, told, blocks = opening(document, mine)
        if not read:
            return SignalReading(0.0, reasons=("empty",), document=document)
        decision = settle(decide(self._weights, blocks), told)
        if decision.probability < self._threshold:
            return SignalReading(
                decision.probability, (), why_none(found), decision, document=document, hits=tuple(mine)
            )
        signals = self._signals(document, mine, decision, found, read)
        return SignalReading(decision.probability, signals, (), decision, document=document, hits=tuple(mine))

    def _signals(
        self,
        document: Document,
        hits: Sequence[Hit],
        decision: Decision,
        found: Sequence[Hit],
        read: Sequence[Sentence],
    ) -> tuple[Signal, ...]:
        full = document.full
        whose = jurisdiction.choose(jurisdiction.candidates(full, found, read), self._weights.jurisdiction)
        wide = standing(full, hits, document.body_start + FRAME_CHARS)
        told = frames.read(full, wide, split(full, document.body_start, FRAME_CHARS))
        authority = evidence.authority(document, found, told, whose)
        spans, background = evidence.spans(document, told, decision.direction)
        main = Signal(
            direction=decision.direction,
            instrument=decision.instrument,
            stage=decision.stage,
            jurisdiction=whose,
            authority=authority,
            sectors=sectors.bound(wide, document.body_start),
            confidence=round(decision.probability * decision.directions[DIRECTIONS.index(decision.direction)], 4),
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
    if not classes & frames.ACTS:
        reasons.append("no act told")
    off = sorted({tag.partition(".")[2] for hit in found for tag in hit[2].tags if tag.startswith("off.")})
    if off:
        reasons.append("words of other news: " + ", ".join(off))
    return tuple(reasons) or ("below the threshold",)
