"""Which topics to read: one by its name, or all that a pattern matches."""

import re
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition

from pipeline.errors import KafkaUnavailableError, UsageError
from pipeline.kafka.address import check_topic
from pipeline.kafka.clients import missing_topic
from pipeline.kafka.settings import KafkaSettings

_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Topics:
    """A topic, or all topics whose whole names match a pattern.

    Attributes:
        text: a name; a pattern where it holds anything but a name's characters.
        without: names that a pattern does not mean, whether they match or not.
    """

    text: str
    without: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Raises UsageError where ``text`` is neither a name nor a pattern."""
        if self.name is not None:
            check_topic(self.name)
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
        if self.name is not None:
            names = [self.name]
        else:
            pattern = re.compile(self.text)
            names = [name for name in client.topics() if pattern.fullmatch(name) and name not in self.without]
        return {TopicPartition(name, number) for name in names for number in client.partitions_for_topic(name) or ()}

    def missing(self, settings: KafkaSettings) -> KafkaUnavailableError:
        """The error to raise where the cluster of ``settings`` has none of them."""
        if self.name is not None:
            return missing_topic(settings, self.name)
        return KafkaUnavailableError(f"no topic on {settings.bootstrap} matches {self.text!r}: correct --topic")
