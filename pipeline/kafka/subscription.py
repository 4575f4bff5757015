"""Follows an alert topic: from where to where, which alerts pass, and which have been seen before."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from kafka import TopicPartition
from kafka.errors import CommitFailedError, RebalanceInProgressError

from pipeline.alerts.decision import is_on_watchlist
from pipeline.errors import InputError, KafkaUnavailableError, UsageError
from pipeline.kafka.clients import consumer, explained, missing_topic
from pipeline.kafka.positions import Start, beginnings, parse_moment
from pipeline.kafka.settings import KafkaSettings
from pipeline.sinks.cloudevents import decode
from schemas import Alert, AlertEvent

Since: TypeAlias = Literal["now", "beginning"] | datetime

_STARTS: dict[str, Start] = {"now": "latest", "beginning": "earliest"}
_REMEMBERED = 200_000
_POLL_MS = 200
_LOOK_SECONDS = 2.0


def parse_since(text: str, now: datetime) -> Since:
    """``now``, ``beginning``, a time in ISO 8601 (UTC where it names no zone), or how long ago: 90s, 15m, 2h, 7d.

    Raises UsageError saying which forms there are.
    """
    if text in ("now", "beginning"):
        return text  # type: ignore[return-value]
    try:
        return parse_moment(text, now)
    except ValueError:
        raise UsageError(
            f"--since {text[:40]!r}: give now, beginning, a time such as 2026-01-31T09:00, or how long ago, such as 2h"
        ) from None


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts pass: those that meet every condition given; each empty one is met by all."""

    directions: frozenset[str] = frozenset()
    jurisdictions: frozenset[str] = frozenset()
    instruments: frozenset[str] = frozenset()
    companies: tuple[str, ...] = ()
    min_confidence: float = 0.0

    def passes(self, alert: Alert) -> bool:
        """Whether ``alert`` meets the conditions."""
        signal = alert.signal
        return (
            signal.confidence >= self.min_confidence
            and (not self.directions or signal.direction in self.directions)
            and (not self.jurisdictions or signal.jurisdiction in self.jurisdictions)
            and (not self.instruments or signal.instrument in self.instruments)
            and (not self.companies or any(is_on_watchlist(c, self.companies) for c in alert.companies))
        )


class Remembered:
    """The last ``most`` ids, so that memory does not grow however long one listens."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, name: str) -> bool:
        return name in self._ids

    def add(self, name: str) -> bool:
        """Remembers ``name`` as the latest; whether it is new."""
        new = name not in self._ids
        self._ids[name] = None
        self._ids.move_to_end(name)
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)
        return new


@dataclass
class Selection:
    """Takes events in and gives those out that a subscriber is to see, each once.

    Attributes:
        wanted: the conditions. A correction or withdrawal of an alert that was given out is given out, too, whatever
            its labels are now.
        counts: ``shown``, ``repeats`` (seen before), ``filtered``, ``other`` (no alerts), ``unreadable``.
    """

    wanted: AlertFilter = AlertFilter()
    counts: Counter[str] = field(default_factory=Counter)
    _seen: Remembered = field(default_factory=Remembered)
    _shown: Remembered = field(default_factory=Remembered)

    def take(self, event: AlertEvent) -> bool:
        """Whether to show ``event``."""
        if not self._seen.add(event.id):
            self.counts["repeats"] += 1
            return False
        corrects = event.data.supersedes is not None and event.data.supersedes in self._shown
        if not corrects and not self.wanted.passes(event.data):
            self.counts["filtered"] += 1
            return False
        self._shown.add(event.id)
        self.counts["shown"] += 1
        return True


class Subscription:
    """Reads a topic's alerts as they come, one batch after the other.

    ``tell`` is called with a line for a person when a message cannot be read, or when the broker is lost and is back.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topic: str,
        since: Since,
        selection: Selection,
        tell: Callable[[str], None],
        *,
        once: bool = False,
    ) -> None:
        """``settings.group``: members of a group share the topic's partitions, and each goes on where the group stands,
        ``since`` where it stands nowhere. ``once``: read to what is now the end."""
        self._settings, self._topic, self._since, self._once = settings, topic, since, once
        self._selection, self._tell = selection, tell
        self._client: Any = None
        self._ends: dict[TopicPartition, int] = {}
        self._lost = False

    def __enter__(self) -> "Subscription":
        """Connects. Raises KafkaUnavailableError or KafkaRefusedError."""
        self._client = consumer(self._settings)
        try:
            with explained(self._settings, self._topic):
                if not self._client.partitions_for_topic(self._topic):
                    raise missing_topic(self._settings, self._topic)
                if self._settings.group is None:
                    self._take_up()
                else:
                    self._join()
        except BaseException:
            self._client.close(autocommit=False)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close(autocommit=False, timeout_ms=500)

    def batches(self) -> Iterator[list[AlertEvent]]:
        """Batches of alerts to show, as they come; empty ones while nothing does, so that the caller can stop.

        With a group, what a batch was made of is committed when the next one is asked for: whoever dies between sees
        it again. Ends with ``once`` at the end. Raises KafkaUnavailableError where the broker is lost with ``once``.
        """
        looked = time.monotonic()
        while not self._at_end():
            with explained(self._settings, self._topic):
                polled = self._client.poll(timeout_ms=_POLL_MS)
            yield [event for messages in polled.values() for event in self._events(messages)]
            if polled and self._settings.group is not None:
                self._commit()
            if time.monotonic() - looked > _LOOK_SECONDS:
                self._look()
                looked = time.monotonic()

    def _events(self, messages: list[Any]) -> Iterator[AlertEvent]:
        for message in messages:
            end = self._ends.get(TopicPartition(message.topic, message.partition))
            if end is not None and message.offset >= end:
                continue
            try:
                event = decode(message.value, message.headers)
            except InputError as error:
                self._selection.counts["unreadable"] += 1
                self._tell(f"{message.topic}[{message.partition}]@{message.offset} is no alert: {error}")
                continue
            if event is None:
                self._selection.counts["other"] += 1
            elif self._selection.take(event):
                yield event

    def _join(self) -> None:
        """Shares partitions with the other members of the group."""
        self._client.subscribe([self._topic])
        deadline = time.monotonic() + max(30.0, self._settings.timeout_seconds)
        while not self._client.assignment():
            self._client.poll(timeout_ms=_POLL_MS)
            if time.monotonic() > deadline:
                if self._once:
                    return  # other members have all partitions
                raise KafkaUnavailableError(
                    f"group {self._settings.group!r} gave us no partition of {self._topic!r}: other members have all"
                )
        partitions = self._client.assignment()
        stands = {partition: self._client.committed(partition) for partition in partitions}
        self._seek([partition for partition, offset in stands.items() if offset is None])
        for partition, offset in stands.items():
            if offset is not None:
                self._client.seek(partition, offset)  # records may have come with the assignment
        self._commit()  # whoever takes a partition over begins where we would have
        if self._once:
            self._ends = dict(self._client.end_offsets(partitions))

    def _take_up(self) -> None:
        """Takes up partitions that are not read yet: at the start from ``since``, later ones from their beginning."""
        found = {TopicPartition(self._topic, number) for number in self._client.partitions_for_topic(self._topic) or ()}
        known = self._client.assignment()
        if not found > known or self._ends:
            return
        stand = {partition: self._client.position(partition) for partition in known}
        self._client.assign(sorted(found))
        for partition, offset in stand.items():
            self._client.seek(partition, offset)
        if known:
            self._client.seek_to_beginning(*(found - known))
        else:
            self._seek(list(found))
            if self._once:
                self._ends = dict(self._client.end_offsets(list(found)))

    def _seek(self, partitions: list[TopicPartition]) -> None:
        begin = _STARTS[self._since] if isinstance(self._since, str) else self._since
        for partition, offset in beginnings(self._client, partitions, begin).items():
            self._client.seek(partition, offset)  # at once: what comes from here on is not missed

    def _commit(self) -> None:
        # In a rebalance the partitions are another member's already, who reads them again.
        with explained(self._settings, self._topic), suppress(CommitFailedError, RebalanceInProgressError):
            self._client.commit()

    def _look(self) -> None:
        """Asks whether the broker is there, and for new partitions."""
        try:
            with explained(self._settings, self._topic):
                if partitions := self._client.assignment():
                    self._client.end_offsets(partitions, timeout_ms=int(self._settings.timeout_seconds * 1000))
                if self._settings.group is None:
                    self._take_up()
        except KafkaUnavailableError as error:
            if self._once:
                raise
            if not self._lost:
                self._tell(f"{error}; waiting for it, nothing is missed")
            self._lost = True
        else:
            if self._lost:
                self._tell(f"{self._settings.bootstrap} answers again")
            self._lost = False

    def _at_end(self) -> bool:
        if not self._once:
            return False
        with explained(self._settings, self._topic):
            wait = int(self._settings.timeout_seconds * 1000)
            return all((self._client.position(p, timeout_ms=wait) or 0) >= end for p, end in self._ends.items())
