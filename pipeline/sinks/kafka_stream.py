"""Alerts and dead letters to Kafka from a streaming runner: a bundle is done when all replicas in sync have it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipeline.kafka.clients import explained, producer
from pipeline.kafka.settings import KafkaSettings
from pipeline.sinks.cloudevents import headers
from pipeline.sinks.kafka import letter_headers
from schemas import Alert, AlertEvent, DeadLetter


@dataclass
class WriteKafka(beam.PTransform):
    """Alerts or dead letters -> messages on ``topic``, as the sink of ``run`` writes them. Gives out nothing, but its
    watermark says up to where everything is written. A bundle that cannot be written fails, and comes again.

    Attributes:
        settings: the cluster.
        topic: the topic's name.
    """

    settings: KafkaSettings
    topic: str

    def expand(self, items: Any) -> Any:
        """One step."""
        return items | "Send" >> beam.ParDo(_Send(self.settings, self.topic)).with_output_types(tuple[str, int])


class _Send(beam.DoFn):
    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        self._settings, self._topic = settings, topic
        self._producer: Any = None
        self._under_way: list[Any] = []

    def setup(self) -> None:
        self._producer = producer(self._settings)

    def start_bundle(self) -> None:
        self._under_way = []

    def process(self, item: Alert | DeadLetter) -> Iterator[Any]:
        key, value, described = _message(item)
        with explained(self._settings, self._topic):
            self._under_way.append(self._producer.send(self._topic, value, key=key, headers=described))
        yield from ()

    def finish_bundle(self) -> None:
        with explained(self._settings, self._topic):
            self._producer.flush()
            for sent in self._under_way:
                sent.get(timeout=150)
        self._under_way = []

    def teardown(self) -> None:
        if self._producer is not None:
            self._producer.close(timeout=1)


def _message(item: Alert | DeadLetter) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    body = item.model_dump_json().encode()
    if isinstance(item, Alert):
        return item.story.encode(), body, headers(AlertEvent.of(item))
    return item.id.encode(), body, letter_headers(item)
