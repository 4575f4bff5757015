"""Sums of rounds."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeAlias

from pipeline.errors import LedgerError
from pipeline.runners.rounds import RoundReport

Waiting: TypeAlias = Callable[[], Mapping[str, int]]
"""Says what each sink has yet to acknowledge, now."""


class Tally:
    """Sums of rounds since a moment, and what waits."""

    def __init__(self, waiting: Waiting | None = None) -> None:
        """Without ``waiting`` what the last round said holds."""
        self._now_waiting = waiting
        self.since = time.monotonic()
        self.rounds = 0
        self.counters: Counter[str] = Counter()
        self.slowest = 0.0
        self._waiting: Mapping[str, int] = {}

    def add(self, report: RoundReport) -> None:
        """Takes in a round."""
        self.rounds += 1
        self.counters.update(report.counters)
        self.slowest = max(self.slowest, report.seconds)
        self._waiting = report.waiting

    def waiting(self) -> Mapping[str, int]:
        """What each sink has yet to acknowledge: now, or behind the last round where the ledger cannot be asked."""
        if self._now_waiting is not None:
            with suppress(LedgerError):
                return self._now_waiting()
        return self._waiting

    def rate(self) -> float:
        """Articles a second."""
        return self.counters["articles"] / max(time.monotonic() - self.since, 0.001)
