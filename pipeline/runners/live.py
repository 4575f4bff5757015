"""A live run: rounds, one after the other, and the couriers that carry what came of them to the sinks."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from pipeline.errors import InputError, OutputError
from pipeline.ledger import Ledger
from pipeline.ledger.transaction import Aged
from pipeline.runners.memory import give_back
from pipeline.runners.rounds import RoundReport, Rounds
from pipeline.runners.trouble import Trouble
from pipeline.settings import Live, Settings
from pipeline.sinks.courier import Courier
from pipeline.sinks.sink import Sink
from pipeline.sources.round import RoundSource

DAY = 86_400.0
ONCE_PATIENCE = 60.0
"""How long ``once`` waits for a source or a sink that cannot be reached, in seconds."""
_PRUNE_EVERY = 600.0
_GIVE_BACK_EVERY = 60.0
_CLOCK_SLACK = 60.0


class LiveRun:
    """Reads ``sources`` into ``ledger`` and delivers to ``sinks``, until it is stopped.

    ``tell`` is called with every RoundReport and every Trouble, from several threads.

    Attributes:
        turned: when the loop last turned, in seconds of time.monotonic; 0: not yet.
        counters: sums of those of the rounds.
    """

    def __init__(
        self,
        ledger: Ledger,
        sources: Sequence[RoundSource],
        sinks: Sequence[Sink],
        settings: Settings,
        tell: Callable[[RoundReport | Trouble], None],
    ) -> None:
        """Builds the graph; reads and delivers nothing yet."""
        self._ledger, self._sources, self._settings, self._tell = ledger, sources, settings, tell
        alerts_to = [sink.name for sink in sinks if "alert" in sink.takes]
        letters_to = [sink.name for sink in sinks if "dead_letter" in sink.takes]
        self._couriers = [Courier(ledger, sink, tell, letters_to) for sink in sinks]
        self._names = {sink.name for sink in sinks}
        self._rounds = Rounds(ledger, sources, settings, alerts_to=alerts_to, letters_to=letters_to)
        self._stop = threading.Event()
        self._held_back = False
        self._clock = _Clock(ledger)
        self._pruned = 0.0
        self._given_back = time.monotonic()
        self.turned = 0.0
        self.counters: Counter[str] = Counter()

    def stop(self) -> None:
        """Asks the run to end with the round under way. May be called from another thread or a signal handler."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.is_set()

    def run(self, *, once: bool = False) -> None:
        """Runs until ``stop``; with ``once`` until all that was there at the beginning is read and delivered.

        Raises LedgerError where the ledger fails, StepError where the graph does; with ``once`` OutputError where a
        sink, or InputError where a source, could not be reached for ``ONCE_PATIENCE`` seconds. Whatever
        was not delivered waits in the ledger.
        """
        self._warn_of_absent_sinks()
        for courier in self._couriers:
            courier.start()
        try:
            self._loop(once)
            if once and not self._stop.is_set():
                self._deliver_all()
        finally:
            for source in self._sources:
                source.close()
            self._rounds.close()
            deadline = time.monotonic() + 1.0
            for courier in self._couriers:
                courier.stop(0.0)
            for courier in self._couriers:
                courier.stop(max(0.05, deadline - time.monotonic()))

    def _loop(self, once: bool) -> None:
        reached, last_words = time.monotonic(), "a source gives no answer"
        while not self._stop.is_set():
            self.turned = time.monotonic()
            self._look_after_couriers()
            if trouble := self._clock.look():
                self._tell(trouble)
            if self.turned - self._given_back > _GIVE_BACK_EVERY:
                self._given_back = self.turned
                give_back()
            waiting = self._waiting()
            if not waiting:
                self._rounds.delivered()
            if self._too_much(waiting):
                self._stop.wait(0.1)
                continue
            report = self._rounds.run_one()
            troubles, self._rounds.troubles = self._rounds.troubles, []
            for trouble in troubles:
                self._tell(trouble)
                last_words = trouble.message if not trouble.over else last_words
            if report is not None:
                reached = time.monotonic()
                self.counters.update(report.counters)
                self._tell(report)
                for courier in self._couriers:
                    courier.wake()
                continue
            self._prune()
            if once:
                if self._rounds.idle():
                    return
                if time.monotonic() - reached > ONCE_PATIENCE:
                    raise InputError(f"gave up after {ONCE_PATIENCE:.0f} s: {last_words}; what was read before is kept")
            self._stop.wait(self._settings.live.poll_seconds)

    def _waiting(self) -> dict[str, int]:
        return {name: count for name, count in self._ledger.waiting().items() if name in self._names}

    def _too_much(self, waiting: dict[str, int]) -> bool:
        """Whether reading must pause because a sink is too far behind."""
        most = max(waiting.values(), default=0)
        # Once held back, go on only when a tenth is free again, so that a slow sink does not make for tiny rounds.
        limit = self._settings.live.outbox_limit
        full = most >= limit if not self._held_back else most > limit * 0.9
        if full != self._held_back:
            self._held_back = full
            sink = max(waiting, key=lambda name: waiting[name], default="")
            if full:
                self._tell(Trouble(sink, f"{most:,} alerts wait for it: reading pauses until it takes them"))
            else:
                self._tell(Trouble(sink or "sinks", "has caught up: reading goes on", over=True))
        return full

    def _look_after_couriers(self) -> None:
        for courier in self._couriers:
            if courier.failed is not None:
                raise courier.failed

    def _deliver_all(self) -> None:
        """Waits until every sink has everything, as long as it gets on."""
        waiting, since = self._waiting(), time.monotonic()
        while waiting and not self._stop.is_set():
            self._look_after_couriers()
            if time.monotonic() - since > ONCE_PATIENCE:
                held = ", ".join(f"{count:,} for {name}" for name, count in waiting.items())
                raise OutputError(f"alerts could not be delivered ({held}); they wait in the ledger for the next run")
            self._stop.wait(0.02)
            now = self._waiting()
            if now != waiting:
                waiting, since = now, time.monotonic()
        if not waiting:
            self._rounds.delivered()

    def _warn_of_absent_sinks(self) -> None:
        for name, count in self._ledger.waiting().items():
            if name not in self._names:
                self._tell(
                    Trouble(
                        name, f"{count:,} alerts of earlier runs wait for it: name it again (--alerts) to deliver them"
                    )
                )

    def _prune(self) -> None:
        """Forgets what is old, now and then, when there is nothing else to do. Not after the clock was moved: it
        would take the new for old."""
        if time.monotonic() - self._pruned < _PRUNE_EVERY or self._clock.moved:
            return
        self._pruned = time.monotonic()
        with self._ledger.transaction() as transaction:
            for table, days in _ages(self._settings.live):
                transaction.prune(table, transaction.at - days * DAY)


def _ages(live: Live) -> list[tuple[Aged, float]]:
    return [
        ("seen", live.seen_days),
        ("histories", live.history_days),
        ("stories", live.history_days),
        ("dead_letters", live.dead_letter_days),
        ("coverage", live.coverage_days),
    ]


class _Clock:
    """Notices when the system's clock is moved. Nothing that is read or kept depends on the clock; only ages do."""

    def __init__(self, ledger: Ledger) -> None:
        self.moved = False
        self._offset = time.time() - time.monotonic()
        self._behind = float(ledger.meta("last_round") or 0) - time.time()

    def look(self) -> Trouble | None:
        """What there is to say, once."""
        if self._behind > _CLOCK_SLACK:
            behind, self._behind, self.moved = self._behind, 0.0, True
            return Trouble(
                "clock",
                f"it stands {behind:,.0f} s before the last round in the ledger: set it right. Nothing is lost; alerts "
                "are stamped with the time it shows, and nothing is forgotten until the next start",
            )
        offset = time.time() - time.monotonic()
        if abs(offset - self._offset) > _CLOCK_SLACK:
            step, self._offset, self.moved = offset - self._offset, offset, True
            way = "set back" if step < 0 else "moved ahead"
            return Trouble(
                "clock",
                f"it was {way} by {abs(step):,.0f} s. Nothing is lost; nothing is forgotten until the next start",
            )
        return None
