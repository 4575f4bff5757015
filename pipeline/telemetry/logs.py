"""Structured logs on stderr: one event a line, JSON or for a person, the same names either way.

docs/operations.md lists the events and their keys. An article is named by its id (``article``) in every event that is
about one, an alert by its own (``alert``), never by words of the article: logs travel further than news may.
"""

import logging
import sys
import threading
import time
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Literal, Self

import structlog

from pipeline.cli.output import printable
from pipeline.runners.rounds import RoundReport
from pipeline.runners.trouble import Trouble
from pipeline.telemetry.settings import LogLevel
from pipeline.telemetry.tally import Tally, Waiting

Format = Literal["human", "json"]
_SHARED: list[Any] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(form: Format, level: LogLevel) -> None:
    """Sends our events, and what libraries log, to stderr in one form. Called once, before the first event."""
    least = logging.getLevelNamesMapping()[level.upper()]
    render: Any = _render_human if form == "human" else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*_SHARED, structlog.processors.format_exc_info, render],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.add_logger_name, _name_foreign],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                render,
            ],
        )
    )
    # Of libraries only what is wrong: their chatter is not ours to document.
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)


def _name_foreign(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A library's message becomes the key ``message`` of the one event ``library``."""
    event["message"], event["event"] = event["event"], "library"
    return event


def _render_human(_: Any, __: str, event: dict[str, Any]) -> str:
    """``TIME LEVEL event key=value ...``, without anything that could steer a terminal."""
    stamp, level, name = event.pop("timestamp"), event.pop("level"), event.pop("event")
    trace = event.pop("exception", "")
    pairs = " ".join(f"{key}={value}" for key, value in event.items() if value not in ("", None, {}))
    line = printable(f"{stamp[:19]}Z {level:<7} {name} {pairs}".rstrip())
    return f"{line}\n{trace}" if trace else line


class LogLines:
    """Logs every alert, dead letter and trouble, and sums up the rounds of every ``seconds``."""

    def __init__(self, seconds: float = 10.0, waiting: Waiting | None = None) -> None:
        """``configure`` was called before."""
        self._log: Any = structlog.get_logger()
        self._seconds, self._guard = seconds, threading.Lock()
        self._waiting = waiting
        self._tally = Tally(waiting)

    def __call__(self, news: RoundReport | Trouble) -> None:
        """Logs, or adds up. Called from several threads."""
        with self._guard:
            if isinstance(news, Trouble):
                if news.over:
                    self._log.info("trouble_over", where=news.where, message=news.message)
                else:
                    self._log.warning("trouble", where=news.where, message=news.message)
                return
            for alert in news.alerts:
                self._log.info(
                    "alert",
                    alert=alert.id,
                    article=alert.article,
                    story=alert.story,
                    direction=alert.direction,
                    jurisdiction=alert.jurisdiction,
                    severity=alert.severity,
                    revision=alert.revision,
                )
            for letter in news.letters:
                self._log.warning("dead_letter", **letter._asdict())
            self._tally.add(news)
            if time.monotonic() - self._tally.since >= self._seconds:
                self._flush()

    def _flush(self) -> None:
        tally, self._tally = self._tally, Tally(self._waiting)
        if tally.rounds:
            self._log.info(
                "rounds",
                rounds=tally.rounds,
                **{name: count for name, count in sorted(tally.counters.items()) if count},
                articles_per_second=round(tally.rate(), 1),
                slowest_seconds=round(tally.slowest, 3),
                waiting=tally.waiting(),
            )

    def __enter__(self) -> Self:
        from pipeline import __version__

        self._log.info("started", version=__version__)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guard:
            self._flush()
            self._log.info("stopped", **({"error": str(error)} if error is not None else {}))
