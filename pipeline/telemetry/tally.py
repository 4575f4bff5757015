"""Sums of rounds."""

import time
from collections import Counter

from pipeline.runners.rounds import RoundReport


class Tally:
    """Sums of rounds since a moment, and what the last one said."""

    def __init__(self) -> None:
        self.since = time.monotonic()
        self.rounds = 0
        self.counters: Counter[str] = Counter()
        self.slowest = 0.0
        self.waiting: dict[str, int] = {}

    def add(self, report: RoundReport) -> None:
        """Takes in a round."""
        self.rounds += 1
        self.counters.update(report.counters)
        self.slowest = max(self.slowest, report.seconds)
        self.waiting = report.waiting

    def rate(self) -> float:
        """Articles a second."""
        return self.counters["articles"] / max(time.monotonic() - self.since, 0.001)
