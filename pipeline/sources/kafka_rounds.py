"""Kafka topics as a source for rounds."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from kafka import TopicPartition
from kafka import errors as kafka_errors
from kafka.structs import OffsetAndMetadata

from pipeline.errors import PolicywireError, SourceUnavailableError
from pipeline.kafka.clients import consumer, explained
from pipeline.kafka.positions import Start, beginnings
from pipeline.kafka.settings import KafkaSettings
from pipeline.kafka.topics import Topics
from pipeline.ledger import LedgerView, Transaction
from pipeline.runners.trouble import Trouble
from pipeline.settings import ReadLimits
from pipeline.sources.kafka import Record, read_record, schema
from pipeline.sources.round import ItemReader, Plan
from schemas import Article, DeadLetter

_AHEAD_RECORDS = 20_000
_AHEAD_BYTES = 64 << 20
_DISCOVER_SECONDS = 5.0
_CHECK_SECONDS = 2.0
_POLL_MS = 100


class KafkaRounds:
    """The RoundSource of one topic, or of all topics that a pattern matches.

    A thread of its own reads ahead, a bounded stretch, and looks for new partitions and topics every five seconds;
    those are read from their beginning. Positions are the ledger's; the group's committed offsets are kept up as well,
    if a group is set, behind the delivery of everything before them, so that other tools see how far reading has come.

    ``backlog`` says how many messages are on the topics and not in a round yet.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Topics,
        limits: ReadLimits,
        *,
        start: Start = "committed",
        once: bool = False,
        tell: Callable[[Trouble], None] = lambda _: None,
    ) -> None:
        """``once``: read to what is now the end. ``tell`` is told of messages that are gone before they were read."""
        self.name = f"kafka {settings.bootstrap}"
        self._limits = limits
        self._reader = _Reader(self.name, settings, topics, start, once, tell)
        self._written: dict[str, int] = {}

    @property
    def backlog(self) -> int:
        """Messages that are known to be waiting."""
        return self._reader.backlog

    def plan(self, ledger: LedgerView, limit: int) -> Plan | None:
        """The next records that were read ahead."""
        if not self._reader.started:
            self._reader.begin(ledger.positions(self.name))
        begun, records = self._reader.take(limit)
        return _KafkaPlan(self, begun, records) if begun or records else None

    def idle(self) -> bool:
        """Whether the end that ``once`` fixed is reached."""
        return self._reader.finished()

    def reader(self) -> ItemReader:
        """Parses a record."""
        return partial(read_in_round, self._limits)

    def delivered(self) -> None:
        """Commits the group's offsets, if there is a group."""
        if self._written:
            self._reader.commit(self._written)
            self._written = {}

    def close(self) -> None:
        """Ends the thread and the connection."""
        self._reader.close()

    def written(self, positions: dict[str, int]) -> None:
        """Takes note that everything before ``positions`` is in the ledger."""
        self._written.update(positions)


@dataclass(frozen=True)
class _KafkaPlan:
    source: KafkaRounds
    begun: dict[str, int]
    work: Sequence[Record]

    def commit(self, transaction: Transaction, notes: Sequence[Any]) -> None:  # noqa: ARG002
        # Records of a partition come in order: the last one counts.
        read = {_item(record.topic, record.partition): record.offset + 1 for record in self.work}
        positions = {**self.begun, **read}
        for item, following in positions.items():
            transaction.set_position(self.source.name, item, following)
        self.source.written(positions)


def _item(topic: str, partition: int) -> str:
    return f"{topic}/{partition}"


def _partition(item: str) -> TopicPartition:
    topic, _, number = item.rpartition("/")
    return TopicPartition(topic, int(number))


class _Reader:
    """The thread that owns the consumer."""

    def __init__(
        self,
        name: str,
        settings: KafkaSettings,
        topics: Topics,
        start: Start,
        once: bool,
        tell: Callable[[Trouble], None],
    ) -> None:
        self.started = False
        self.backlog = 0
        self._name, self._settings, self._start, self._once, self._tell = name, settings, start, once, tell
        self._topics, self._topic = topics, topics.name
        self._guard = threading.Condition()
        self._ahead: list[Record] = []
        self._ahead_bytes = 0
        self._error: PolicywireError | None = None
        self._finished = False
        self._stop = False
        self._to_commit: dict[str, int] = {}
        self._begun: dict[str, int] = {}
        self._next: dict[TopicPartition, int] = {}  # where reading goes on, of every partition that was begun
        self._ends: dict[TopicPartition, int] = {}  # with once: where it ends
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    # What the run's thread calls.

    def begin(self, positions: dict[str, int]) -> None:
        """Starts reading; ``positions`` are the ledger's."""
        if self._start == "committed":
            self._next = {_partition(item): following for item, following in positions.items()}
        self.started = True
        self._thread.start()

    def take(self, limit: int) -> tuple[dict[str, int], list[Record]]:
        """Where partitions were begun since the last time (so that a restart begins there too, even if nothing came),
        and up to ``limit`` records. Raises what keeps the thread from reading, when it has nothing more to give."""
        with self._guard:
            begun, self._begun = self._begun, {}
            taken, self._ahead = self._ahead[:limit], self._ahead[limit:]
            self._ahead_bytes = sum(len(record.value or b"") for record in self._ahead)
            if not taken and not begun and self._error is not None:
                raise self._error
            self._guard.notify()
            return begun, taken

    def finished(self) -> bool:
        with self._guard:
            return self._finished and not self._ahead

    def commit(self, positions: dict[str, int]) -> None:
        with self._guard:
            self._to_commit.update(positions)

    def close(self) -> None:
        with self._guard:
            self._stop = True
            self._guard.notify()
        if self.started:
            self._thread.join(0.5)

    # What the thread does.

    def _work(self) -> None:
        wait = 0.25
        while not self._stop:
            client = None
            try:
                client = consumer(self._settings, auto_offset_reset="none")
                wait = 0.25
                if self._read(client):
                    return
            except PolicywireError as error:
                self._failed(error)
            except Exception as error:
                self._failed(SourceUnavailableError(f"reading {self._name} failed: {type(error).__name__}: {error}"))
            finally:
                if client is not None:
                    client.close(autocommit=False, timeout_ms=300)
            with self._guard:
                self._guard.wait_for(lambda: self._stop, wait)
            wait = min(wait * 2, 5.0)

    def _failed(self, error: PolicywireError) -> None:
        with self._guard:
            self._error = error

    def _read(self, client: Any) -> bool:
        """Reads until told to stop, or until the end with ``once`` (True); raises when the broker is lost."""
        discovered = checked = 0.0
        while not self._stop:
            now = time.monotonic()
            if now - discovered > _DISCOVER_SECONDS:
                self._discover(client)
                discovered = now
            if now - checked > _CHECK_SECONDS:
                self._check(client)
                checked = now
            with self._guard:
                self._error = None  # whatever kept us from reading is over
                if self._at_end():
                    self._finished = True
                    self._commit_group(client)
                    return True
                if len(self._ahead) >= _AHEAD_RECORDS or self._ahead_bytes >= _AHEAD_BYTES:
                    self._guard.wait(0.1)
                    continue
            self._commit_group(client)
            try:
                with explained(self._settings, self._topic):
                    polled = client.poll(timeout_ms=_POLL_MS)
            except PolicywireError as error:
                if not isinstance(error.__cause__, kafka_errors.OffsetOutOfRangeError):
                    raise
                self._begin_anew(client, list(self._next))
                continue
            if polled:
                self._keep(polled)
        return True

    def _keep(self, polled: dict[TopicPartition, list[Any]]) -> None:
        records = [
            Record(
                partition.topic, partition.partition, message.offset, message.timestamp, message.value, schema(message)
            )
            for partition, messages in polled.items()
            for message in messages
            if partition not in self._ends or message.offset < self._ends[partition]
        ]
        for partition, messages in polled.items():
            self._next[partition] = messages[-1].offset + 1
        with self._guard:
            self._ahead += records
            self._ahead_bytes += sum(len(record.value or b"") for record in records)

    def _discover(self, client: Any) -> None:
        """Takes up topics and partitions that are not read yet."""
        with explained(self._settings, self._topic):
            found = self._topics.partitions(client)
            if not found:
                raise self._topics.missing(self._settings)
            assigned = client.assignment()
            if found == assigned or (self._ends and assigned):
                return  # with once, what comes later is for the next run
            client.assign(sorted(found))
            unknown = [partition for partition in found if partition not in self._next]
            begun = beginnings(client, unknown, "earliest" if assigned else self._start)
            self._next.update(begun)
            with self._guard:
                self._begun.update({_item(p.topic, p.partition): following for p, following in begun.items()})
            self._begin_anew(client, list(found))
            if self._once:
                self._ends = dict(client.end_offsets(list(found)))

    def _begin_anew(self, client: Any, partitions: list[TopicPartition]) -> None:
        """Goes to where reading goes on, or, where that is no longer (or not yet) on the topic, to its beginning, and
        says so."""
        earliest, ends = client.beginning_offsets(partitions), client.end_offsets(partitions)
        for partition in partitions:
            following = self._next[partition]
            where = f"{partition.topic}[{partition.partition}]"
            if following < earliest[partition]:
                gone = earliest[partition] - following
                self._tell(
                    Trouble(self._name, f"{gone:,} messages of {where} were deleted by the topic's retention, unread")
                )
            elif following > ends[partition]:
                self._tell(
                    Trouble(
                        self._name,
                        f"{where} ends at {ends[partition]:,}, before {following:,} where reading stood: the topic was "
                        "made anew; reading begins at its beginning",
                    )
                )
            if not earliest[partition] <= following <= ends[partition]:
                self._next[partition] = following = earliest[partition]
            client.seek(partition, following)

    def _check(self, client: Any) -> None:
        """Asks the broker for the ends: to know the backlog, and whether it is still there."""
        partitions = client.assignment()
        with explained(self._settings, self._topic):
            ends = client.end_offsets(partitions, timeout_ms=int(self._settings.timeout_seconds * 1000))
        with self._guard:
            behind = sum(max(0, end - self._next.get(partition, end)) for partition, end in ends.items())
            self.backlog = behind + len(self._ahead)
        if self._ends:
            for partition in partitions:  # markers of transactions have offsets too, and are never handed out
                with explained(self._settings, self._topic):
                    self._next[partition] = max(self._next[partition], client.position(partition) or 0)

    def _at_end(self) -> bool:
        return self._once and bool(self._ends) and all(self._next[p] >= end for p, end in self._ends.items())

    def _commit_group(self, client: Any) -> None:
        if self._settings.group is None or not self._to_commit:
            return
        with self._guard:
            positions, self._to_commit = self._to_commit, {}
        offsets = {_partition(item): OffsetAndMetadata(offset, "", -1) for item, offset in positions.items()}
        with explained(self._settings, self._topic):
            client.commit(offsets, timeout_ms=5_000)


def read_in_round(limits: ReadLimits, record: Record) -> Iterator[Article | DeadLetter]:
    """What a record holds: an article that arrives now, or a dead letter."""
    yield read_record(record, limits, datetime.now(UTC))
