"""OpenTelemetry traces of rounds, for whoever has a collector: the extra ``otel``.

A span a round, with a child for each of its stages and an event for each alert and dead letter. The standard variables
OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS and OTEL_RESOURCE_ATTRIBUTES say where to and as what.
"""

from types import TracebackType
from typing import Any, Self

from pipeline import __version__
from pipeline.errors import UsageError
from pipeline.runners.rounds import RoundReport
from pipeline.runners.trouble import Trouble

_STAGES = ("plan", "run", "write")


class Traces:
    """Makes spans of what a run tells."""

    def __init__(self, exporter: Any = None) -> None:
        """``exporter`` is an OpenTelemetry span exporter; none: OTLP over HTTP. Raises UsageError where the extra is not
        installed."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise UsageError(
                "telemetry.traces needs OpenTelemetry: install it (pip install 'policywire[otel]') or unset it"
            ) from error
        resource = Resource.create({"service.name": "policywire", "service.version": __version__})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("policywire", __version__)

    def __call__(self, news: RoundReport | Trouble) -> None:
        """A round becomes a span; troubles are for logs and metrics."""
        if isinstance(news, Trouble):
            return
        from opentelemetry.trace import set_span_in_context

        begin = _nanoseconds(news.at - news.seconds)
        numbers = {f"policywire.{name}": count for name, count in news.counters.items()}
        span = self._tracer.start_span(
            "round", start_time=begin, attributes={**numbers, "policywire.sources": news.sources}
        )
        for alert in news.alerts:
            span.add_event("alert", {"alert": alert.id, "article": alert.article}, _nanoseconds(news.at))
        for letter in news.letters:
            span.add_event("dead_letter", {"id": letter.id, "cause": letter.cause}, _nanoseconds(news.at))
        inside, moment = set_span_in_context(span), begin
        for stage in _STAGES:
            child = self._tracer.start_span(stage, context=inside, start_time=moment)
            moment += _nanoseconds(news.stages.get(stage, 0.0))
            child.end(moment)
        span.end(_nanoseconds(news.at))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._provider.shutdown()


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
