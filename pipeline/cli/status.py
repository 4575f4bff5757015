"""How a live run tells what it does: a line that keeps changing on a terminal, log lines elsewhere."""

import sys
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Any, Protocol, Self

from pipeline.cli.output import printable
from pipeline.runners.rounds import RoundReport
from pipeline.runners.trouble import Trouble


class Reporter(Protocol):
    """Tells a person, or whoever reads the log."""

    def __call__(self, news: RoundReport | Trouble) -> None:
        """Told of every round and of every trouble, from several threads."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def reporter() -> Reporter:
    """A status line where stderr is a terminal, JSON log lines where it is not."""
    return StatusLine() if sys.stderr.isatty() else LogLines()


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


class LogLines:
    """One JSON line on stderr for every trouble, and one for the rounds of every ``seconds``."""

    def __init__(self, seconds: float = 10.0) -> None:
        import structlog

        self._log: Any = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(),
            ],
        )
        self._seconds, self._guard = seconds, threading.Lock()
        self._tally = Tally()

    def __call__(self, news: RoundReport | Trouble) -> None:
        """Logs, or adds up."""
        with self._guard:
            if isinstance(news, Trouble):
                (self._log.info if news.over else self._log.warning)(news.message, where=news.where)
                return
            self._tally.add(news)
            if time.monotonic() - self._tally.since >= self._seconds:
                self._flush()

    def _flush(self) -> None:
        tally, self._tally = self._tally, Tally()
        if tally.rounds:
            self._log.info(
                "rounds",
                rounds=tally.rounds,
                **{name: count for name, count in sorted(tally.counters.items()) if count},
                articles_per_second=round(tally.rate(), 1),
                slowest_seconds=round(tally.slowest, 3),
                waiting=tally.waiting,
            )

    def __enter__(self) -> Self:
        self._log.info("started")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guard:
            self._flush()
            self._log.info("stopped")


class StatusLine:
    """A line at the bottom of the terminal; troubles scroll by above it."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)
        self._status = self._console.status("waiting for articles", spinner="dots")
        self._all, self._recent = Tally(), Tally()
        self._guard = threading.Lock()

    def __call__(self, news: RoundReport | Trouble) -> None:
        """Shows it."""
        with self._guard:
            if isinstance(news, Trouble):
                style = "green" if news.over else "yellow"
                self._console.print(
                    f"{time.strftime('%H:%M:%S')} {printable(f'{news.where}: {news.message}')}",
                    style=style,
                    markup=False,
                    highlight=False,
                )
                return
            self._all.add(news)
            self._recent.add(news)
            rate = self._recent.rate()
            if time.monotonic() - self._recent.since > 5:
                self._recent = Tally()
            self._status.update(self._line(rate))

    def _line(self, rate: float) -> str:
        counters = self._all.counters
        parts = [
            f"{counters['articles']:,} articles",
            f"{counters['alerts']:,} alerts",
            f"{counters['dead_letters']:,} dead letters",
            f"{rate:,.0f} articles a second",
        ]
        if waiting := sum(self._all.waiting.values()):
            parts.append(f"{waiting:,} to be delivered")
        return " · ".join(parts)

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()
        if self._all.rounds:
            self._console.print(self._line(self._all.rate()), markup=False, highlight=False)
