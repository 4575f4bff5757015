"""The graph on a streaming runner: a Kafka topic in, an alert topic out, without end.

Delivery is at least once. Positions are committed to the consumer group behind the sinks, so whatever ends a pipeline,
nothing is missing after the next start; what is sent twice has the same ids, by which subscribers drop it.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, Final

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions

from pipeline.alerts.transform import DecideUnbounded
from pipeline.errors import PolicywireError, UsageError
from pipeline.graph import policy_alerts
from pipeline.kafka.address import TopicAddress
from pipeline.kafka.clients import ensure_topic
from pipeline.kafka.positions import Start
from pipeline.runners.prism import Prism, find_prism
from pipeline.runners.quiet import quieten
from pipeline.settings import Settings
from pipeline.sinks.kafka import DEAD_LETTER_SUFFIX
from pipeline.sinks.kafka_stream import WriteKafka
from pipeline.sources.kafka_stream import MARKS, STOP, CommitPositions, ReadKafka, close_readers

GROUP = "policywire"
"""The group whose positions are kept where the settings name none."""

RUNNERS: Final[dict[str, list[str]]] = {
    "prism": ["--runner=PortableRunner", "--environment_type=LOOPBACK"],
    "flink": ["--runner=FlinkRunner"],
    "dataflow": ["--runner=DataflowRunner"],
}


def runner_options(runner: str, more: Sequence[str] = ()) -> PipelineOptions:
    """Beam's options for a runner by its name here; ``more`` are options of Beam and of the runner.

    Raises UsageError where the name is none of RUNNERS.
    """
    if runner not in RUNNERS:
        raise UsageError(f"no runner {runner!r}; there are {', '.join(RUNNERS)}, and without --runner rounds")
    return PipelineOptions([*RUNNERS[runner], "--streaming", *more])


def streaming_graph(
    pipeline: Any,
    settings: Settings,
    topic: str,
    alerts: TopicAddress,
    start: Start = "committed",
    *,
    once: bool = False,
) -> None:
    """Wires ``topic`` to the topic ``alerts`` and its dead-letter topic, with positions committed behind both."""
    source_settings = settings.kafka.model_copy(update={"group": settings.kafka.group or GROUP})
    sink_settings = alerts.settings(settings.kafka)
    outputs = policy_alerts(
        pipeline,
        ReadKafka(source_settings, topic, settings.limits, start, once),
        settings.alerting,
        DecideUnbounded(settings.alerting.story_hours, settings.alerting.repeats),
        str(settings.registry) if settings.registry else None,
    )
    sent = outputs.alerts | "Alerts" >> WriteKafka(sink_settings, alerts.topic)
    set_aside = outputs.dead_letters | "Dead letters" >> WriteKafka(sink_settings, alerts.topic + DEAD_LETTER_SUFFIX)
    _ = (outputs.read[MARKS], sent, set_aside) | "Positions" >> CommitPositions(source_settings)


class StreamingRun:
    """A pipeline on a streaming runner, from start to end."""

    def __init__(
        self,
        settings: Settings,
        topic: str,
        alerts: TopicAddress,
        runner: str,
        more: Sequence[str] = (),
        *,
        start: Start = "committed",
        once: bool = False,
    ) -> None:
        """Checks the runner and the topics; runs nothing yet. ``more`` are Beam's own options.

        Raises UsageError as ``runner_options`` and ``find_prism`` do, and PolicywireError as ``ensure_topic`` does.
        """
        quieten()
        self._options = runner_options(runner, more)
        self._prism = Prism(find_prism()) if runner == "prism" else None
        ensure_topic(settings.kafka, topic)
        for name in (alerts.topic, alerts.topic + DEAD_LETTER_SUFFIX):
            ensure_topic(alerts.settings(settings.kafka), name, writing=True)
        STOP.clear()
        self._graph = partial(streaming_graph, settings=settings, topic=topic, alerts=alerts, start=start, once=once)

    def stop(self) -> None:
        """Asks a pipeline whose workers live in this process to read no more, and to end when all is written. May be
        called from a signal handler."""
        STOP.set()

    def run(self) -> None:
        """Runs until stopped, or with ``once`` to the end. Raises PolicywireError where the pipeline fails."""
        with self._prism or nullcontext() as prism:
            if prism is not None:
                self._options.view_as(PortableOptions).job_endpoint = prism.endpoint
            pipeline = beam.Pipeline(options=self._options)
            self._graph(pipeline)
            try:
                state = pipeline.run().wait_until_finish()
            except PolicywireError:
                raise
            except Exception as error:
                raise PolicywireError(f"the pipeline failed: {_last_line(error)}; {_NOTHING_LOST}") from error
            finally:
                close_readers()
        if state not in ("DONE", "DRAINED"):
            raise PolicywireError(f"the pipeline ended in state {state}; {_NOTHING_LOST}")


_NOTHING_LOST = "the next start reads from where everything was written"


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if len(line.strip()) > 1]
    return lines[-1][:500] if lines else type(error).__name__
