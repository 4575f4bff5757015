"""Which topics to read: one by its name, or all that a pattern matches."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition

from pipeline.errors import KafkaUnavailableError, UsageError
from pipeline.kafka.address import TopicAddress, check_topic
from pipeline.kafka.clients import missing_topic
from pipeline.kafka.settings import KafkaSettings

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_INTERNAL = "__"  # what the names of a cluster's own topics begin with: offsets, transactions, a service's canaries


@dataclass(frozen=True)
class Topics:
    """A topic, or all topics whose whole names match a pattern. Kafka's own are never among them.

    Attributes:
        text: a name; a pattern where it holds anything but a name's characters.
        without: names that a pattern does not mean, whether they match or not.
    """

    text: str
    without: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Raises UsageError where ``text`` is neither a name nor a pattern, or names one of Kafka's own topics."""
        if self.name is not None:
            check_topic(self.name)
            if self.name.startswith(_INTERNAL):
                raise UsageError(f"{self.name!r} is one of Kafka's own topics: correct --topic")
            return
        try:
            re.compile(self.text)
        except re.error as error:
            raise UsageError(
                f"{self.text[:100]!r} is neither a topic's name nor a pattern ({error}): correct --topic"
            ) from None

    @property
    def name(self) -> str | None:
        """The name; None: it is a pattern."""
        return self.text if _NAME.fullmatch(self.text) else None

    def partitions(self, client: Any) -> set[TopicPartition]:
        """Those that ``client``'s cluster has now; empty where it has no such topic. A name is answered from the
        consumer's metadata, which it asks for anew every ten seconds; a pattern by asking the broker."""
        names = filter(self._means, client.topics()) if self.name is None else [self.name]
        return {TopicPartition(name, number) for name in names for number in client.partitions_for_topic(name) or ()}

    def _means(self, name: str) -> bool:
        foreign = name not in self.without and not name.startswith(_INTERNAL)
        return foreign and re.fullmatch(self.text, name) is not None

    def missing(self, settings: KafkaSettings) -> KafkaUnavailableError:
        """The error to raise where the cluster of ``settings`` has none of them."""
        if self.name is not None:
            return missing_topic(settings, self.name)
        return KafkaUnavailableError(
            f"no topic on {settings.bootstrap} matches {self.text!r}, those written to left out: correct --topic"
        )


def input_topics(text: str, settings: KafkaSettings, outputs: Iterable[TopicAddress]) -> Topics:
    """The topics that ``text`` means on the cluster of ``settings`` for a run that writes to ``outputs`` and to their
    dead-letter topics. A pattern leaves out whatever has the name of one of those, even where it may be on another
    cluster: a cluster goes by several addresses.

    Raises UsageError as Topics does, and where ``text`` is the name of one of those on the same cluster.
    """
    written: set[str] = set()
    for output in outputs:
        names = {output.topic, output.dead_letters}
        brokers = output.settings(settings).bootstrap.split(",")
        if text in names and not set(brokers).isdisjoint(settings.bootstrap.split(",")):
            raise UsageError(f"--topic {text!r} is what --alerts {output} writes to: read or write another topic")
        written |= names
    return Topics(text, frozenset(written))
