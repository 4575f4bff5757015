"""Sends articles to a topic: keyed by identity, at a pace, each acknowledged by all replicas in sync."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kafka import errors as kafka_errors

from pipeline.articles.normalise import normalise
from pipeline.errors import PolicywireError
from pipeline.kafka.clients import ensure_topic, explained, producer
from pipeline.kafka.settings import KafkaSettings
from pipeline.sources.kafka import SCHEMA_HEADER
from schemas import SCHEMA_VERSION, Article

HEADERS = [
    ("content-type", b"application/json"),
    (SCHEMA_HEADER, f"urn:policywire:schema:article:{SCHEMA_VERSION}".encode()),
]
_MOST_UNDER_WAY = 5000


def message(article: Article) -> tuple[bytes, bytes]:
    """Key and value of an article on the topic. The key is its identity, so that all versions of an article lie in one
    partition, in order. Where it was read is left out: on the topic, its place is the offset."""
    identified = article.model_copy(update={"id": normalise(article).id, "position": None})
    return identified.id.encode("utf-8", "replace"), identified.model_dump_json(exclude_defaults=True).encode()


class Pace:
    """When the next article is due: ``rate`` a second, or as published, ``speed`` times as fast as it happened.

    In event time the articles are taken in the order in which they come; one that was published before its
    predecessor, or is undated, is due at once. Neither given: everything is due at once.
    """

    def __init__(
        self,
        rate: float | None = None,
        speed: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``rate`` in articles a second; ``speed`` without a unit."""
        self._rate, self._speed, self._clock = rate, speed, clock
        self._began = clock()
        self._first: datetime | None = None
        self._count = 0

    def wait(self, published: datetime | None) -> float:
        """Seconds until an article with this time is due."""
        due = self._began
        if self._rate is not None:
            due += self._count / self._rate
            self._count += 1
        if self._speed is not None and published is not None:
            if self._first is None:
                self._first, self._began = published, self._clock()
            due = max(due, self._began + (published - self._first).total_seconds() / self._speed)
        return max(0.0, due - self._clock())


@dataclass
class Progress:
    """How far a publication has come.

    Attributes:
        sent: articles handed to the producer.
        delivered: articles that the broker has acknowledged, counted without a gap from the first.
        too_large: articles that were left out, since no message can hold them.
    """

    sent: int = 0
    delivered: int = 0
    too_large: int = 0


class Publisher:
    """Sends articles to ``topic``; a context manager, whose end waits for what is under way."""

    def __init__(self, settings: KafkaSettings, topic: str, tell: Callable[[str], None]) -> None:
        """``tell`` is called with a line about each article that is too large.

        Raises KafkaUnavailableError or KafkaRefusedError where broker or topic are not there.
        """
        ensure_topic(settings, topic, writing=True)
        self.progress = Progress()
        self._settings, self._topic, self._tell = settings, topic, tell
        self._producer: Any = producer(settings)
        self._under_way: deque[Any] = deque()

    def __enter__(self) -> "Publisher":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None or issubclass(kind, KeyboardInterrupt):
                self._settle(0)
        finally:
            self._producer.close(timeout=1)

    def send(self, articles: Iterable[Article], pace: Pace) -> None:
        """Sends all of ``articles``, each when ``pace`` says. Raises PolicywireError where the broker is lost for more
        than two minutes, or refuses."""
        for article in articles:
            self._pause(pace.wait(article.published))
            key, value = message(article)
            try:
                with explained(self._settings, self._topic):
                    self._under_way.append(self._producer.send(self._topic, value, key=key, headers=HEADERS))
            except PolicywireError as error:
                if not isinstance(error.__cause__, kafka_errors.MessageSizeTooLargeError):
                    raise
                self.progress.too_large += 1
                self._tell(f"{article.position or article.id}: {len(value):,} bytes, more than a message may hold")
                continue
            self.progress.sent += 1
            if len(self._under_way) > _MOST_UNDER_WAY:
                self._settle(_MOST_UNDER_WAY // 2)

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                self._settle(len(self._under_way), wait=False)
                time.sleep(min(left, 0.5))

    def _settle(self, most: int, *, wait: bool = True) -> None:
        """Waits until at most ``most`` articles are under way; without ``wait``, takes note of those that arrived."""
        while self._under_way and (len(self._under_way) > most or self._under_way[0].is_done):
            if not wait and not self._under_way[0].is_done:
                return
            with explained(self._settings, self._topic):
                self._under_way[0].get(timeout=150)
            self._under_way.popleft()
            self.progress.delivered += 1
