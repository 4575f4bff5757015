"""Who is told of rounds and troubles, and what is put up for them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeAlias

from pipeline.ledger import LedgerView
from pipeline.runners.live import LiveRun
from pipeline.runners.rounds import RoundReport
from pipeline.runners.trouble import Trouble
from pipeline.sources.round import RoundSource
from pipeline.telemetry.settings import TelemetrySettings

Listener: TypeAlias = Callable[[RoundReport | Trouble], None]


class Audience:
    """Passes on what a run tells to every listener."""

    def __init__(self, *listeners: Listener) -> None:
        self.listeners = list(listeners)

    def __call__(self, news: RoundReport | Trouble) -> None:
        """Called from several threads."""
        for listener in self.listeners:
            listener(news)


@contextmanager
def observed(
    run: LiveRun,
    audience: Audience,
    settings: TelemetrySettings,
    ledger: LedgerView,
    model_version: str,
    sources: Sequence[RoundSource],
    sinks: Sequence[str],
) -> Iterator[int | None]:
    """Serves metrics and health of ``run``, and sends traces, as ``settings`` say, while the context lasts. ``audience``
    is the one that ``run`` tells, ``sinks`` are their names.

    Yields the port of the metrics, or None. Raises OutputError where it cannot be had, and UsageError where traces are
    asked for and OpenTelemetry is not installed.
    """
    with ExitStack() as stack:
        port = None
        if settings.traces:
            from pipeline.telemetry.traces import Traces

            audience.listeners.append(stack.enter_context(Traces()))
        if settings.metrics:
            from pipeline.telemetry.health import Health
            from pipeline.telemetry.metrics import Metrics
            from pipeline.telemetry.server import TelemetryServer

            metrics = Metrics(ledger, model_version, tuple(sources))
            parts = [*(source.name for source in sources), *sinks]
            health = Health(lambda: run.turned, settings.stalled_seconds, parts)
            audience.listeners += [metrics, health]
            port = stack.enter_context(TelemetryServer(settings.metrics, metrics.registry, health)).port
        yield port
