"""Rounds: a live stream as a chain of bounded runs, each of which counts whole or not at all.

    plan every source -> run the graph to DONE -> one transaction: positions, feed states, what was seen, histories,
    stories, dead letters, and the new alerts into the outbox

A crash before the transaction leaves everything as it was before the round, and the same is read again; a crash behind
it finds everything written. Delivery is another matter: ``pipeline.sinks.courier``.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipeline.alerts.transform import HISTORIES, STORIES, DecideBounded
from pipeline.crash import crash_point
from pipeline.errors import SourceUnavailableError
from pipeline.graph import policy_alerts
from pipeline.ledger import Ledger, LedgerMemory
from pipeline.runners.collect import Collect, take
from pipeline.runners.direct import Prepared, bounded_pipeline
from pipeline.runners.facts import AlertFacts, LetterFacts
from pipeline.runners.trouble import Pause, Trouble
from pipeline.settings import Settings
from pipeline.sources.round import Plan, ReadWork, RoundSource, hand_out
from schemas import Alert, DeadLetter

ROUND_SECONDS = 1.0
"""How long a round should take at most: so long may a stop signal have to wait for it."""
LEAST_ARTICLES = 500
"""Below this a round's own cost weighs more than its articles: on a machine that is short of time, smaller rounds would
take as long and read less."""

_ALERTS, _LETTERS, _NOTES = "alerts", "dead letters", "notes"


@dataclass(frozen=True)
class RoundReport:
    """What one round did: the one place from which logs and metrics are taken.

    Attributes:
        at: when it was written to the ledger, in seconds since 1970.
        seconds: how long it took, from planning to the ledger's acknowledgement.
        sources: names of the sources that were read.
        counters: of this round, by the graph's names: ``articles``, ``alerts``, ``dead_letters``, ``held_REASON``,
            ``dead_CAUSE``, ``read_SOURCE``.
        alerts: what was written of each alert, in order.
        letters: what was written of each dead letter.
        stages: seconds that planning, running and writing took.
        waiting: behind the round, what each sink has yet to acknowledge.
        limit: how many articles a source might give.
    """

    at: float
    seconds: float
    sources: tuple[str, ...]
    counters: Counter[str]
    waiting: dict[str, int]
    limit: int
    alerts: tuple[AlertFacts, ...] = ()
    letters: tuple[LetterFacts, ...] = ()
    stages: dict[str, float] = field(default_factory=dict)


@dataclass
class _Outcome:
    """What came out of one run of the graph."""

    counters: Counter[str]
    alerts: list[tuple[tuple[str, int, str], AlertFacts, bytes]]
    letters: list[DeadLetter]
    histories: list[tuple[str, bytes]]
    stories: list[tuple[str, bytes]]
    notes: list[tuple[str, Any]]


class Rounds:
    """Runs rounds over sources into a ledger."""

    def __init__(
        self,
        ledger: Ledger,
        sources: Sequence[RoundSource],
        settings: Settings,
        *,
        alerts_to: Sequence[str],
        letters_to: Sequence[str] = (),
    ) -> None:
        """Builds the graph, once. ``alerts_to`` and ``letters_to`` name the sinks in whose outbox alerts and dead
        letters are put."""
        self._ledger, self._sources = ledger, sources
        self._alerts_to, self._letters_to = alerts_to, letters_to
        self._most = settings.live.round_articles
        self._limit = min(LEAST_ARTICLES, self._most)
        self._pauses: dict[str, Pause] = {source.name: Pause() for source in sources}
        self.troubles: list[Trouble] = []
        self._graph = _prepare(ledger, sources, settings)

    def run_one(self) -> RoundReport | None:
        """Runs one round, if any source has something new. What sources complained of is added to ``troubles``.

        Raises StepError where a step of the graph failed and LedgerError where the ledger did: nothing was written.
        """
        started = time.monotonic()
        plans = self._plan()
        if not plans:
            return None
        planned = time.monotonic()
        crash_point("planned")
        outcome = self._run(plans)
        done = time.monotonic()
        crash_point("done")
        at = self._write(plans, outcome)
        crash_point("committed")
        written = time.monotonic()
        limit = self._limit
        self._adapt(outcome.counters, written - started)
        return RoundReport(
            at,
            written - started,
            tuple(plans),
            outcome.counters,
            self._ledger.waiting(),
            limit,
            tuple(facts for _, facts, _ in outcome.alerts),
            tuple(map(LetterFacts.of, outcome.letters)),
            {"plan": planned - started, "run": done - planned, "write": written - done},
        )

    def close(self) -> None:
        """Lets the graph's steps go."""
        self._graph.close()

    def idle(self) -> bool:
        """Whether no source has anything under way, and none is being waited for."""
        return all(source.idle() and not self._pauses[source.name].length for source in self._sources)

    def delivered(self) -> None:
        """Tells the sources that every sink has everything of theirs."""
        for source in self._sources:
            source.delivered()

    def _plan(self) -> dict[str, Plan]:
        plans: dict[str, Plan] = {}
        for source in self._sources:
            pause = self._pauses[source.name]
            if not pause.over():
                continue
            try:
                plan = source.plan(self._ledger, self._limit)
            except SourceUnavailableError as error:
                self.troubles.append(Trouble(source.name, f"{error}; next try in {pause.longer():.1f} s"))
                continue
            if pause.length:
                self._pauses[source.name] = Pause()
                self.troubles.append(Trouble(source.name, "reached again", over=True))
            if plan is not None:
                plans[source.name] = plan
        return plans

    def _run(self, plans: dict[str, Plan]) -> _Outcome:
        names = [source.name for source in self._sources]
        for name in names:
            hand_out(name, plans[name].work if name in plans else ())
        _discard()
        try:
            counters = self._graph.run_to_end()
        except BaseException:
            _discard()
            raise
        finally:
            for name in names:
                hand_out(name, ())
        return _Outcome(
            counters,
            sorted(take(_ALERTS), key=lambda packed: packed[0]),
            take(_LETTERS),
            take(HISTORIES),
            take(STORIES),
            take(_NOTES),
        )

    def _write(self, plans: dict[str, Plan], outcome: _Outcome) -> float:
        with self._ledger.transaction() as transaction:
            for name, plan in plans.items():
                plan.commit(transaction, [value for source, value in outcome.notes if source == name])
            transaction.set_histories(outcome.histories)
            transaction.set_stories(outcome.stories)
            seen = datetime.fromtimestamp(transaction.at, UTC)
            letters = [letter.model_copy(update={"seen": seen}) for letter in outcome.letters]
            transaction.keep_dead_letters(letters)
            transaction.post("alert", ((facts.id, body) for _, facts, body in outcome.alerts), self._alerts_to)
            packed = ((letter.id, letter.model_dump_json().encode()) for letter in letters)
            transaction.post("dead_letter", packed, self._letters_to)
            transaction.add_totals(outcome.counters)
            transaction.set_meta("last_round", repr(transaction.at))
        return transaction.at

    def _adapt(self, counters: Counter[str], seconds: float) -> None:
        """Sizes the next round by what this one took."""
        done = counters["articles"] + counters["dead_letters"]
        if seconds > ROUND_SECONDS:
            self._limit = max(min(LEAST_ARTICLES, self._most), min(self._limit, int(done * ROUND_SECONDS / seconds)))
        elif done >= self._limit * 0.8 and seconds < ROUND_SECONDS * 0.7:
            self._limit = min(self._most, int(self._limit * min(2.0, ROUND_SECONDS / seconds)))


def _prepare(ledger: Ledger, sources: Sequence[RoundSource], settings: Settings) -> Prepared:
    pipeline = bounded_pipeline()
    alerting = settings.alerting
    outputs = policy_alerts(
        pipeline,
        ReadWork({source.name: source.reader() for source in sources}),
        alerting,
        DecideBounded(alerting.story_hours, alerting.repeats, LedgerMemory(str(ledger.path)), stamp=True),
        str(settings.registry) if settings.registry else None,
        settings.workers,
    )
    _ = outputs.alerts | "Alerts" >> Collect(_ALERTS, _packed)
    _ = outputs.dead_letters | "Dead letters" >> Collect(_LETTERS)
    _ = outputs.read["notes"] | "Notes" >> Collect(_NOTES)
    _ = outputs.decided[HISTORIES] | "Histories" >> Collect(HISTORIES)
    _ = outputs.decided[STORIES] | "Stories" >> Collect(STORIES)
    return Prepared(pipeline)


def _discard() -> None:
    """Drops what a run that failed had collected."""
    for what in (_ALERTS, _LETTERS, _NOTES, HISTORIES, STORIES):
        take(what)


def _packed(alert: Alert) -> tuple[tuple[str, int, str], AlertFacts, bytes]:
    """An alert as it goes into the outbox, with what a round's alerts are sorted by: event time, undated ones first, and
    revision."""
    time = alert.event_time.isoformat() if alert.event_time else ""
    return (time, alert.revision, alert.id), AlertFacts.of(alert), alert.model_dump_json().encode()
