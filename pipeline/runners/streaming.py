"""The graph on a streaming runner: Kafka topics and feeds in, an alert topic out, without end.

Delivery is at least once. Positions are committed to the consumer group behind the sinks, so whatever ends a pipeline,
nothing is missing after the next start; what is sent twice has the same ids, by which subscribers drop it.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import apache_beam as beam
from apache_beam.options.pipeline_options import PortableOptions

from pipeline.alerts.transform import DecideUnbounded
from pipeline.errors import PolicywireError, UsageError
from pipeline.graph import policy_alerts
from pipeline.kafka.address import TopicAddress
from pipeline.kafka.clients import ensure_topic
from pipeline.kafka.positions import Start
from pipeline.kafka.topics import input_topics
from pipeline.runners.options import RunnerOptions, check_options
from pipeline.runners.pipelines import empty_pipeline, last_words
from pipeline.runners.prism import Prism, find_prism
from pipeline.runners.quiet import quieten
from pipeline.settings import Settings
from pipeline.sinks.kafka_stream import WriteKafka
from pipeline.sources.endless import STOP
from pipeline.sources.feeds.stream import PollFeeds
from pipeline.sources.kafka_stream import MARKS, CommitPositions, ReadKafka, close_readers

GROUP = "policywire"
"""The group whose positions are kept where the settings name none."""

RUNNERS: Final[dict[str, list[str]]] = {
    "prism": ["--runner=PortableRunner", "--environment_type=LOOPBACK"],
    "flink": [
        "--runner=FlinkRunner",
        "--checkpointing_interval=10000",
        # Without this what a bundle gave out is held back at a checkpoint until the next bundle begins, which for a
        # source's first one is never: the job stands still for good (seen with Beam 2.62's job server).
        "--finish_bundle_before_checkpointing",
        # By default a bundle lasts ten seconds, and so does an alert.
        "--max_bundle_time_mills=100",
    ],
    "dataflow": ["--runner=DataflowRunner"],
}


_FLINK_ONCE = "--shutdown_sources_after_idle_ms=100"
"""Flink keeps even sources that have ended open, for its checkpoints' sake, and a job with them."""
_FLUSH_SECONDS = 3.0
"""How long what was read may take to be written before a job is cancelled. What takes longer is read again."""


def runner_options(runner: str, more: Sequence[str] = (), *, once: bool = False) -> RunnerOptions:
    """Beam's options for a runner by its name here; ``more`` are options of Beam and of the runner, and override ours.
    ``once``: for a graph that ends.

    Raises UsageError where the name is none of RUNNERS, and where one of ``more`` is not as it should be. Which options
    Flink has is known only at the start, from its job server.
    """
    if runner not in RUNNERS:
        raise UsageError(f"no runner {runner!r}; there are {', '.join(RUNNERS)}, and without --runner rounds")
    check_options(more)
    ending = [_FLINK_ONCE] if once and runner == "flink" else []
    options = RunnerOptions([*RUNNERS[runner], "--streaming", *ending, *more])
    options.get_all_options(retain_unknown_options=runner == "flink")
    return options


def streaming_graph(
    pipeline: Any,
    settings: Settings,
    topic: str | None,
    alerts: TopicAddress,
    start: Start = "committed",
    *,
    feeds: Sequence[str] = (),
    backfill: bool = False,
    once: bool = False,
) -> None:
    """Wires ``topic``, a name or a pattern, and ``feeds``, addresses, to the topic ``alerts`` and its dead-letter topic,
    with Kafka's positions committed behind both. Raises UsageError as ``input_topics`` does."""
    source_settings = settings.kafka.model_copy(update={"group": settings.kafka.group or GROUP})
    sink_settings = alerts.settings(settings.kafka)
    sources: dict[str, Any] = {}
    if topic is not None:
        topics = input_topics(topic, source_settings, [alerts])
        sources["Kafka"] = ReadKafka(source_settings, topics, settings.limits, start, once)
    if feeds:
        sources["Feeds"] = PollFeeds(settings, tuple(feeds), backfill, once)
    outputs = policy_alerts(
        pipeline,
        _ReadAll(sources),
        settings.alerting,
        DecideUnbounded(settings.alerting.story_hours, settings.alerting.repeats),
        str(settings.registry) if settings.registry else None,
    )
    sent = outputs.alerts | "Alerts" >> WriteKafka(sink_settings, alerts.topic)
    set_aside = outputs.dead_letters | "Dead letters" >> WriteKafka(sink_settings, alerts.dead_letters)
    if topic is not None:
        _ = (outputs.read[MARKS], sent, set_aside) | "Positions" >> CommitPositions(source_settings)


@dataclass
class _ReadAll(beam.PTransform):
    """Several sources as one: ``articles`` and ``dead_letters`` of all, and what else one of them gives. Each step's name
    is the same whatever other sources there are."""

    sources: dict[str, Any]

    def expand(self, begin: Any) -> dict[str, Any]:
        read = {name: begin | name >> source for name, source in self.sources.items()}
        common = {
            output: [outputs.pop(output) for outputs in read.values()] | label >> beam.Flatten()
            for output, label in (("articles", "Articles"), ("dead_letters", "Dead letters"))
        }
        return {**common, **{output: items for outputs in read.values() for output, items in outputs.items()}}


class StreamingRun:
    """A pipeline on a streaming runner, from start to end."""

    def __init__(
        self,
        settings: Settings,
        topic: str | None,
        alerts: TopicAddress,
        runner: str,
        more: Sequence[str] = (),
        *,
        start: Start = "committed",
        feeds: Sequence[str] = (),
        backfill: bool = False,
        once: bool = False,
    ) -> None:
        """Checks the runner and the topics; runs nothing yet. ``more`` are Beam's own options.

        Raises UsageError as ``runner_options``, ``find_prism`` and ``input_topics`` do, and PolicywireError as
        ``ensure_topic`` does.
        """
        quieten()
        self._options = runner_options(runner, more, once=once)
        self._cancels = runner == "flink" and not once
        self._prism = Prism(find_prism()) if runner == "prism" else None
        if topic is not None and (name := input_topics(topic, settings.kafka, [alerts]).name) is not None:
            ensure_topic(settings.kafka, name)
        for name in (alerts.topic, alerts.dead_letters):
            ensure_topic(alerts.settings(settings.kafka), name, writing=True)
        STOP.clear()
        self._graph = partial(
            streaming_graph,
            settings=settings,
            topic=topic,
            alerts=alerts,
            start=start,
            feeds=feeds,
            backfill=backfill,
            once=once,
        )

    def stop(self) -> None:
        """Asks a pipeline whose workers live in this process to read no more, and to end when all is written; a job on
        Flink, which would not end by itself, is cancelled. May be called from a signal handler."""
        STOP.set()

    def run(self) -> None:
        """Runs until stopped, or with ``once`` to the end. Raises PolicywireError where the pipeline fails."""
        with self._prism or nullcontext() as prism:
            if prism is not None:
                self._options.view_as(PortableOptions).job_endpoint = prism.endpoint
            pipeline = empty_pipeline(self._options)
            self._graph(pipeline)
            result = None
            try:
                result = pipeline.run()
                if self._cancels:
                    threading.Thread(target=_cancel_when_stopped, args=(result,), daemon=True).start()
                state = result.wait_until_finish()
            except PolicywireError:
                raise
            except Exception as error:
                if result is not None and STOP.is_set() and result.state == "CANCELLED":
                    return
                raise PolicywireError(f"the pipeline failed: {last_words(error)}; {_NOTHING_LOST}") from error
            finally:
                close_readers()
        if state not in ("DONE", "DRAINED"):
            raise PolicywireError(f"the pipeline ended in state {state}; {_NOTHING_LOST}")


def _cancel_when_stopped(result: Any) -> None:
    STOP.wait()
    time.sleep(_FLUSH_SECONDS)
    result.cancel()


_NOTHING_LOST = "the next start reads from where everything was written"
