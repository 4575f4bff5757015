"""Kafka as an unbounded source for streaming runners: a splittable DoFn a partition, and positions that are committed
only behind everything that came of what they cover.

In Beam's sense an article's time is when it was read, in milliseconds that never go back within a partition; so the
watermark is exact, no article is ever late, and "the watermark of the sinks has passed t" means that all that was read
before t has been written. That is what commits rest on. The time of the event is the article's own, and travels in it.
"""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Duration, Timestamp
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from pipeline.errors import SourceUnavailableError
from pipeline.kafka.clients import consumer, explained
from pipeline.kafka.positions import Start, beginnings
from pipeline.kafka.settings import KafkaSettings
from pipeline.kafka.topics import Topics
from pipeline.settings import ReadLimits
from pipeline.sources.endless import END, ESTIMATOR, STOP, Pace, Search, advance, no_finalizer
from pipeline.sources.kafka import Record, read_record, schema
from schemas import Article

ARTICLES, DEAD_LETTERS, MARKS = "articles", "dead_letters", "marks"

_LOG = logging.getLogger("policywire.kafka")
_ENDLESS = 1 << 62
_DISCOVER_SECONDS = 1
_IDLE_SECONDS = 0.05
_AWAY_SECONDS = 1.0
_PATIENCE_SECONDS = 120.0
_PACE = Pace()
_POLL_MS = 100
_BUNDLE_RECORDS = 1000
_BUNDLE_SECONDS = 0.25
_MILLISECOND = Duration(micros=1000)


class Stretch(NamedTuple):
    """What to read of a partition: from ``start`` to before ``stop``."""

    topic: str
    partition: int
    start: int
    stop: int


@dataclass
class ReadKafka(beam.PTransform):
    """Begin -> ``articles``, ``dead_letters``, and ``marks`` for CommitPositions. Unbounded, or with ``once`` bounded
    by what is the end when it starts. All partitions of the topics, new ones within seconds. An element's timestamp is
    when it was read.

    Attributes:
        settings: the cluster.
        topics: which topics.
        limits: what a message may be at most.
        start: where to begin; ``committed`` is where the group stands, else the earliest message.
        once: end at the present end.
    """

    settings: KafkaSettings
    topics: Topics
    limits: ReadLimits = field(default_factory=ReadLimits)
    start: Start = "committed"
    once: bool = False

    def expand(self, begin: Any) -> dict[str, Any]:
        """Partitions, then what is in them."""
        topic = begin | "Topic" >> beam.Create([self.topics.text], reshuffle=False)
        find = _ListPartitions if self.once else _WatchPartitions
        partitions = topic | "Partitions" >> beam.ParDo(find(self.settings, self.topics, self.start))
        outputs = (
            partitions
            | "Spread" >> beam.Reshuffle()
            | "Messages"
            >> beam.ParDo(_ReadStretch(self.settings, self.limits)).with_outputs(DEAD_LETTERS, MARKS, main=ARTICLES)
        )
        return {name: outputs[name] for name in (ARTICLES, DEAD_LETTERS, MARKS)}


class _ListPartitions(beam.DoFn):
    """Topics -> a stretch up to the present end for each of their partitions."""

    def __init__(self, settings: KafkaSettings, topics: Topics, start: Start) -> None:
        self._settings, self._topics, self._start = settings, topics, start

    def process(self, text: str) -> Iterator[Any]:  # noqa: ARG002
        client = consumer(self._settings)
        try:
            with explained(self._settings, self._topics.name):
                found = sorted(self._topics.partitions(client))
                if not found:
                    raise self._topics.missing(self._settings)
                ends = client.end_offsets(found)
                for partition, begin in beginnings(client, found, self._start).items():
                    if begin < ends[partition]:
                        yield TimestampedValue(
                            Stretch(partition.topic, partition.partition, begin, ends[partition]), Timestamp.now()
                        )
        finally:
            client.close(autocommit=False)


class _Tracker(OffsetRestrictionTracker):
    """Splits a stretch only where it stands: a partition is read by one at a time."""

    def is_bounded(self) -> bool:
        return bool(self._range.stop < _ENDLESS)

    def try_split(self, fraction_of_remainder: float) -> Any:
        if fraction_of_remainder != 0:
            return None
        return super().try_split(fraction_of_remainder)


class _Offsets(RestrictionProvider):
    """The offsets of a stretch."""

    def initial_restriction(self, element: Stretch) -> OffsetRange:
        return OffsetRange(element.start, element.stop)

    def create_tracker(self, restriction: OffsetRange) -> _Tracker:
        return _Tracker(restriction)

    def restriction_size(self, element: Stretch, restriction: OffsetRange) -> float:  # noqa: ARG002
        return float(min(restriction.size(), 1 << 32))

    def truncate(self, element: Stretch, restriction: OffsetRange) -> OffsetRange | None:  # noqa: ARG002
        # When a runner drains: an endless stretch ends where it stands.
        return restriction if restriction.stop < _ENDLESS else None


class _WatchPartitions(beam.DoFn):
    """Topics -> an endless stretch for each of their partitions, and for new ones as they are added."""

    def __init__(self, settings: KafkaSettings, topics: Topics, start: Start) -> None:
        self._settings, self._topics, self._start = settings, topics, start
        self._client: Any = None

    def teardown(self) -> None:
        if self._client is not None:
            self._client.close(autocommit=False, timeout_ms=500)

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        text: str,  # noqa: ARG002 -- one element, to begin with
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = beam.DoFn.RestrictionParam(Search(frozenset())),  # noqa: B008 -- Beam's way to declare it
        watermark: Any = beam.DoFn.WatermarkEstimatorParam(ESTIMATOR),  # noqa: B008
    ) -> Iterator[Any]:
        finalizer.register(no_finalizer)
        if STOP.is_set():
            tracker.try_claim(END)
            return
        now = advance(watermark)
        known = tracker.current_restriction()
        try:
            stretches = self._new(known)
        except SourceUnavailableError as error:
            if not known:
                raise
            _LOG.warning("%s; looking again", error)
            stretches = []
        found = known | {_name(TopicPartition(stretch.topic, stretch.partition)) for stretch in stretches}
        if not tracker.try_claim(found):
            return
        for stretch in stretches:
            yield TimestampedValue(stretch, now)
        tracker.defer_remainder(Duration(seconds=_DISCOVER_SECONDS))

    def _new(self, known: frozenset[str]) -> list[Stretch]:
        if self._client is None:
            self._client = consumer(self._settings)
        with explained(self._settings, self._topics.name):
            new = sorted(p for p in self._topics.partitions(self._client) if _name(p) not in known)
            # Partitions that were added while we read are read whole, unless the group has begun them.
            found = beginnings(self._client, new, "committed" if known else self._start)
        return [Stretch(p.topic, p.partition, found[p], _ENDLESS) for p in new]


class _ReadStretch(beam.DoFn):
    """A stretch -> its articles, dead letters, and marks (partition, next offset)."""

    def __init__(self, settings: KafkaSettings, limits: ReadLimits) -> None:
        self._settings, self._limits = settings, limits

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        stretch: Stretch,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = beam.DoFn.RestrictionParam(_Offsets()),  # noqa: B008
        watermark: Any = beam.DoFn.WatermarkEstimatorParam(ESTIMATOR),  # noqa: B008
    ) -> Iterator[Any]:
        finalizer.register(no_finalizer)
        reach = tracker.current_restriction()
        partition = TopicPartition(stretch.topic, stretch.partition)
        with _PACE.reading(_name(partition), watermark) as now:
            if STOP.is_set():
                tracker.try_claim(reach.stop - 1)
                return
            yield from self._read(stretch, partition, tracker, now)

    def _read(self, stretch: Stretch, partition: TopicPartition, tracker: Any, now: Timestamp) -> Iterator[Any]:
        reach = tracker.current_restriction()
        began, following = time.monotonic(), reach.start
        try:
            with _READERS.at(self._settings, partition, reach.start) as client:
                while True:
                    with explained(self._settings, stretch.topic):
                        polled = client.poll(_POLL_MS if following == reach.start else 0, max_records=_BUNDLE_RECORDS)
                    for message in polled.get(partition, ()):
                        if not tracker.try_claim(message.offset):
                            yield from _mark(partition, following, now)
                            return
                        following = message.offset + 1
                        record = Record(
                            stretch.topic,
                            stretch.partition,
                            message.offset,
                            message.timestamp,
                            message.value,
                            schema(message),
                        )
                        item = read_record(record, self._limits, datetime.now(UTC))
                        stamped = TimestampedValue(item, now)
                        yield stamped if isinstance(item, Article) else beam.pvalue.TaggedOutput(DEAD_LETTERS, stamped)
                    over = client.position(partition)
                    if over >= reach.stop:  # markers of transactions, or what was compacted, lie at the end
                        tracker.try_claim(max(following, reach.stop - 1))
                        yield from _mark(partition, reach.stop, now)
                        return
                    pause = 0 if polled else _IDLE_SECONDS
                    full = following - reach.start >= _BUNDLE_RECORDS or time.monotonic() - began > _BUNDLE_SECONDS
                    if full or not polled:
                        break
        except SourceUnavailableError as error:
            if reach.stop < _ENDLESS:
                raise
            _LOG.warning("%s; trying again", error)
            pause = _AWAY_SECONDS
        if following > reach.start:
            yield from _mark(partition, following, now)
        tracker.defer_remainder(Duration(seconds=pause))


def _mark(partition: TopicPartition, following: int, now: Timestamp) -> Iterator[Any]:
    mark = (_name(partition), following)
    yield beam.pvalue.TaggedOutput(MARKS, TimestampedValue(mark, now))


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


class _Readers:
    """This process's consumers, one a partition, kept between bundles with what they have fetched ahead."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._idle: dict[tuple[KafkaSettings, TopicPartition], Any] = {}

    def at(self, settings: KafkaSettings, partition: TopicPartition, offset: int) -> "_Borrowed":
        """A consumer of ``partition`` that stands at ``offset``, for as long as the context lasts."""
        key = (settings, partition)
        with self._guard:
            client = self._idle.pop(key, None)
        if client is None:
            client = consumer(settings)
            client.assign([partition])
            client.seek(partition, offset)
        elif client.position(partition) != offset:
            client.seek(partition, offset)
        return _Borrowed(self, key, client)

    def give_back(self, key: tuple[KafkaSettings, TopicPartition], client: Any) -> None:
        with self._guard:
            other = self._idle.pop(key, None)
            self._idle[key] = client
        if other is not None:
            other.close(autocommit=False)

    def close(self) -> None:
        """Closes those that nobody uses."""
        with self._guard:
            clients, self._idle = list(self._idle.values()), {}
        for client in clients:
            client.close(autocommit=False, timeout_ms=500)


class _Borrowed:
    def __init__(self, readers: _Readers, key: tuple[KafkaSettings, TopicPartition], client: Any) -> None:
        self._readers, self._key, self._client = readers, key, client

    def __enter__(self) -> Any:
        return self._client

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._readers.give_back(self._key, self._client)
        else:
            self._client.close(autocommit=False, timeout_ms=500)


_READERS = _Readers()


def close_readers() -> None:
    """Closes this process's consumers. For when a pipeline in this process has ended."""
    _READERS.close()


@dataclass
class CommitPositions(beam.PTransform):
    """(marks, and what the sinks give out, which is nothing but a watermark) -> commits the group's positions, each when
    everything that was read before it has been written. Ends the graph.

    Attributes:
        settings: the cluster, with a group.
    """

    settings: KafkaSettings

    def expand(self, collections: Any) -> Any:
        """Marks wait until the watermark of all sinks has passed them."""
        return (
            collections
            | "With sinks" >> beam.Flatten()
            # State is kept by key, and a runner finds it again only by a coder that is deterministic: so it is named.
            | "Keyed by partition" >> beam.Map(_as_it_is).with_output_types(tuple[str, int])
            | "Commit" >> beam.ParDo(_Commit(self.settings)).with_output_types(None)
        )


def _as_it_is(mark: tuple[str, int]) -> tuple[str, int]:
    return mark


_TIMES = TimerSpec("passed", TimeDomain.WATERMARK)
_AWAITED = ReadModifyWriteStateSpec("awaited", BytesCoder())
_BEHIND = ReadModifyWriteStateSpec("behind", BytesCoder())


class _Commit(beam.DoFn):
    """Keeps one mark a partition waiting for the watermark, and the furthest one behind it."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._client: Any = None

    def teardown(self) -> None:
        if self._client is not None:
            self._client.close(autocommit=False, timeout_ms=500)

    def process(
        self,
        mark: tuple[str, int],
        timestamp: Timestamp = beam.DoFn.TimestampParam,
        awaited: Any = beam.DoFn.StateParam(_AWAITED),  # noqa: B008
        behind: Any = beam.DoFn.StateParam(_BEHIND),  # noqa: B008
        passed: Any = beam.DoFn.TimerParam(_TIMES),  # noqa: B008
    ) -> None:
        packed = _pack(mark[1], timestamp)
        if not awaited.read():
            awaited.write(packed)
            passed.set(timestamp + _MILLISECOND)
        elif mark[1] > _unpack(behind.read())[0]:
            behind.write(packed)

    @on_timer(_TIMES)
    def passed(
        self,
        key: str = beam.DoFn.KeyParam,
        awaited: Any = beam.DoFn.StateParam(_AWAITED),  # noqa: B008
        behind: Any = beam.DoFn.StateParam(_BEHIND),  # noqa: B008
        passed: Any = beam.DoFn.TimerParam(_TIMES),  # noqa: B008
    ) -> None:
        offset, _ = _unpack(awaited.read())
        self._commit(key, offset)
        following, at = _unpack(behind.read())
        behind.clear()
        if following > offset:
            awaited.write(_pack(following, at))
            passed.set(at + _MILLISECOND)
        else:
            awaited.clear()

    def _commit(self, key: str, offset: int) -> None:
        topic, _, number = key.rpartition("/")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                if self._client is None:
                    self._client = consumer(self._settings)
                with explained(self._settings, topic):
                    self._client.commit({TopicPartition(topic, int(number)): OffsetAndMetadata(offset, "", -1)})
                return
            except SourceUnavailableError as error:
                # Not by a timer: behind the end of the input none would fire.
                if time.monotonic() > deadline:
                    raise
                _LOG.warning("%s; trying again", error)
                time.sleep(_AWAY_SECONDS)


def _pack(offset: int, at: Timestamp) -> bytes:
    return f"{offset} {at.micros}".encode()


def _unpack(packed: bytes | None) -> tuple[int, Timestamp]:
    offset, micros = (packed or b"-1 0").split()
    return int(offset), Timestamp(micros=int(micros))
