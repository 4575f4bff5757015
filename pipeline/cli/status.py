"""How a live run tells what it does: a line that keeps changing on a terminal, log lines elsewhere."""

import sys
import threading
import time
from types import TracebackType
from typing import Protocol, Self

from pipeline.cli.output import printable
from pipeline.runners.rounds import RoundReport
from pipeline.runners.trouble import Trouble
from pipeline.telemetry.settings import TelemetrySettings
from pipeline.telemetry.tally import Tally, Waiting


class Reporter(Protocol):
    """Tells a person, or whoever reads the log."""

    def __call__(self, news: RoundReport | Trouble) -> None:
        """Told of every round and of every trouble, from several threads."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def reporter(settings: TelemetrySettings, waiting: Waiting) -> Reporter:
    """Log lines in the form that the settings name; by default a status line where stderr is a terminal, and JSON
    where it is not. ``waiting`` says what waits for each sink."""
    if settings.log_format == "auto" and sys.stderr.isatty():
        return StatusLine(waiting)
    from pipeline.telemetry.logs import LogLines, configure

    configure("human" if settings.log_format == "human" else "json", settings.log_level)
    return LogLines(waiting=waiting)


class StatusLine:
    """A line at the bottom of the terminal; troubles scroll by above it."""

    def __init__(self, waiting: Waiting) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)
        self._status = self._console.status("waiting for articles", spinner="dots")
        self._all, self._recent = Tally(waiting), Tally()
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
        if waiting := sum(self._all.waiting().values()):
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
