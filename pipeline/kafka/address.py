"""Addresses of topics: ``kafka://HOST:PORT/topic``."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from pipeline.errors import UsageError
from pipeline.kafka.settings import KafkaSettings, check_hosts

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")


@dataclass(frozen=True)
class TopicAddress:
    """A topic on a cluster. ``bootstrap`` is HOST:PORT, several parted by commas; None: the setting's."""

    bootstrap: str | None
    topic: str

    def __str__(self) -> str:
        return f"kafka://{self.bootstrap or ''}/{self.topic}"

    @property
    def dead_letters(self) -> str:
        """The topic beside it, for what could not be read or delivered."""
        return f"{self.topic}.dlq"

    def settings(self, settings: KafkaSettings) -> KafkaSettings:
        """``settings`` with this address's brokers."""
        return settings.model_copy(update={"bootstrap": self.bootstrap}) if self.bootstrap else settings


def check_topic(name: str) -> str:
    """``name`` if it can be a topic's. Raises UsageError saying what a topic's name may be."""
    if not _TOPIC.fullmatch(name) or name in (".", ".."):
        raise UsageError(f"{name[:100]!r} is no topic name: letters, digits, '.', '_' and '-', at most 249 of them")
    return name


def parse_address(url: str) -> TopicAddress:
    """Reads ``kafka://HOST:PORT[,HOST:PORT]/topic``; without a host (``kafka:///topic``) the brokers are the setting's.

    Raises UsageError naming the address and what is wrong with it. Passwords in an address are refused, since
    addresses end up in logs and process lists.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"{url[:200]!r}: {error}; write kafka://HOST:PORT/topic") from error
    if parts.scheme != "kafka":
        raise UsageError(f"{url[:200]!r} is no Kafka address; write kafka://HOST:PORT/topic")
    if "@" in parts.netloc:
        raise UsageError("a Kafka address holds no user or password; set POLICYWIRE_KAFKA__USERNAME and ..__PASSWORD")
    if parts.query or parts.fragment:
        raise UsageError(f"{url[:200]!r}: nothing may follow the topic; write kafka://HOST:PORT/topic")
    try:
        hosts = check_hosts(parts.netloc) if parts.netloc else None
    except ValueError as error:
        raise UsageError(f"{url[:200]!r}: {error}") from error
    return TopicAddress(hosts, check_topic(unquote(parts.path.strip("/"))))
