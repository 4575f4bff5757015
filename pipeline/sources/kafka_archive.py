"""Topics as an archive: what was written to them in a stretch of time, read once from its beginning to its end."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

import apache_beam as beam
from kafka import TopicPartition

from pipeline.errors import KafkaUnavailableError, UsageError
from pipeline.kafka.address import TopicAddress, parse_address
from pipeline.kafka.clients import consumer, explained, missing_topic
from pipeline.kafka.positions import beginnings, parse_moment
from pipeline.kafka.settings import KafkaSettings
from pipeline.progress import PROGRESS
from pipeline.settings import ReadLimits
from pipeline.sources.archive import turns
from pipeline.sources.kafka import Record, read_record, schema, timed
from schemas import Article

_POLL_MS = 500
_FORM = "write kafka://HOST:PORT/TOPIC[,TOPIC...][?from=TIME&to=TIME]"


class TopicRange(NamedTuple):
    """Topics of one cluster, and the time in which their messages were written: from ``since`` (None: the first
    message) to before ``until`` (None: what is now the end)."""

    addresses: tuple[TopicAddress, ...]
    since: datetime | None = None
    until: datetime | None = None


class Stretch(NamedTuple):
    """The messages of one partition from offset ``first`` to before ``end``."""

    settings: KafkaSettings
    topic: str
    partition: int
    first: int
    end: int


def is_topic(text: str) -> bool:
    """Whether ``text`` means topics and no file."""
    return text.startswith("kafka:")


def parse_range(url: str, now: datetime) -> TopicRange:
    """Reads ``kafka://HOST:PORT/TOPIC,TOPIC?from=TIME&to=TIME``; the times as ``parse_moment``, at the earliest first.

    Raises UsageError naming what is wrong.
    """
    whole, _, query = url.partition("?")
    base, _, topics = whole.rpartition("/")
    addresses = (
        tuple(parse_address(f"{base}/{topic}") for topic in topics.split(",")) if base else (parse_address(whole),)
    )
    given: dict[str, datetime] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in ("from", "to") or name in given:
            raise UsageError(f"{part[:60]!r} in {url[:200]!r}: {_FORM}")
        try:
            given[name] = parse_moment(unquote(value), now)
        except ValueError as error:
            raise UsageError(f"{name}={value[:40]} in {url[:200]!r}: {error}") from None
    since, until = given.get("from"), given.get("to")
    if since is not None and until is not None and since >= until:
        raise UsageError(f"{url[:200]!r}: nothing lies between from={since.isoformat()} and to={until.isoformat()}")
    return TopicRange(addresses, since, until)


def stretches(asked: TopicRange, settings: KafkaSettings) -> list[Stretch]:
    """What is to be read, of every partition that holds any of it: from the first message that was written at
    ``since`` or later to before the first that was written at ``until`` or later, as the broker finds them.

    Raises KafkaUnavailableError or KafkaRefusedError naming broker, topic and remedy.
    """
    found: list[Stretch] = []
    for address in asked.addresses:
        reached = address.settings(settings).model_copy(update={"group": None})
        client = consumer(reached)
        try:
            with explained(reached, address.topic):
                numbers = client.partitions_for_topic(address.topic)
                if not numbers:
                    raise missing_topic(reached, address.topic)
                partitions = [TopicPartition(address.topic, number) for number in sorted(numbers)]
                firsts = beginnings(client, partitions, asked.since or "earliest")
                ends = beginnings(client, partitions, asked.until or "latest")
        finally:
            client.close()
        found += [
            Stretch(reached, address.topic, partition.partition, firsts[partition], ends[partition])
            for partition in partitions
            if firsts[partition] < ends[partition]
        ]
    return found


def read_stretch(stretch: Stretch) -> Iterator[Record]:
    """The messages, in order. Raises KafkaUnavailableError where none comes for ``kafka.timeout_seconds``."""
    settings, partition = stretch.settings, TopicPartition(stretch.topic, stretch.partition)
    client = consumer(settings)
    try:
        client.assign([partition])
        client.seek(partition, stretch.first)
        position, heard = stretch.first, time.monotonic()
        while position < stretch.end:
            with explained(settings, stretch.topic):
                messages = client.poll(timeout_ms=_POLL_MS).get(partition, ())
                # Markers of transactions have offsets, too, and are never handed out.
                following = client.position(partition)
            for message in messages:
                if message.offset < stretch.end:
                    yield Record(
                        message.topic,
                        message.partition,
                        message.offset,
                        message.timestamp,
                        message.value,
                        schema(message),
                    )
            if following > position:
                PROGRESS.done += min(following, stretch.end) - position
                position, heard = following, time.monotonic()
            elif time.monotonic() - heard > settings.timeout_seconds:
                raise KafkaUnavailableError(
                    f"{settings.bootstrap} sends nothing of {stretch.topic}[{stretch.partition}] behind offset {position:,} "
                    f"for {settings.timeout_seconds:g} s: see that it runs, and replay again"
                )
    finally:
        client.close()


@dataclass
class ReadStretches(beam.PTransform):
    """Stretches -> ``articles`` at their event time, or their message's where they are undated, in turn, and
    ``dead_letters``. Bounded. An article arrived when its message was written, so that a replay depends on the topic alone.

    Attributes:
        stretches: what ``stretches`` gave.
        limits: what a message may be at most.
        behind: how many inputs come before them.
    """

    stretches: Sequence[Stretch]
    limits: ReadLimits
    behind: int = 0

    def expand(self, begin: Any) -> dict[str, Any]:
        """One step a stretch."""
        outputs = (
            begin
            | "Stretches" >> beam.Create(list(enumerate(self.stretches, self.behind)))
            | "Read stretches" >> beam.ParDo(_ReadStretch(self.limits)).with_outputs("dead_letters", main="articles")
        )
        return {"articles": outputs.articles, "dead_letters": outputs.dead_letters}


class _ReadStretch(beam.DoFn):
    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits

    def process(self, numbered: tuple[int, Stretch]) -> Iterator[Any]:
        number, stretch = numbered
        for turn, record in zip(turns(number), read_stretch(stretch), strict=False):
            written = datetime.fromtimestamp(record.timestamp / 1000, UTC) if record.timestamp >= 0 else None
            item = read_record(record, self._limits, written)
            if isinstance(item, Article):
                PROGRESS.articles += 1
                yield timed(item.in_turn(turn), record)
            else:
                PROGRESS.dead_letters += 1
                yield beam.pvalue.TaggedOutput("dead_letters", item)
