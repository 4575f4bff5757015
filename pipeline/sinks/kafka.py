"""Alerts to a Kafka topic as CloudEvents in binary mode, keyed by story; dead letters to ``TOPIC.dlq``."""

import time
from collections.abc import Sequence
from typing import Any, ClassVar

from kafka import errors as kafka_errors

from pipeline.errors import PolicywireError
from pipeline.kafka.address import TopicAddress
from pipeline.kafka.clients import ensure_topic, explained, producer
from pipeline.kafka.settings import KafkaSettings
from pipeline.ledger import Parcel
from pipeline.ledger.view import Kind
from pipeline.sinks.cloudevents import headers
from pipeline.sinks.sink import Delivery
from schemas import Alert, AlertEvent, DeadLetter

_PATIENCE = 5.0
_TOO_LARGE = (kafka_errors.MessageSizeTooLargeError, kafka_errors.RecordListTooLargeError)
_REFUSED = (*_TOO_LARGE, kafka_errors.InvalidRecordError, kafka_errors.CorruptRecordError)


class KafkaSink:
    """Sends with an idempotent producer and takes an alert for delivered when all replicas in sync have it.

    What the broker does not acknowledge in five seconds stays under way, and the next ``deliver`` waits for it rather
    than sending it again; so an outage of a broker makes no repeats. Repeats come from a crash between the broker's
    acknowledgement and the ledger's mark alone.
    """

    batch: ClassVar[int] = 500
    takes: ClassVar[frozenset[Kind]] = frozenset(("alert", "dead_letter"))

    def __init__(self, address: TopicAddress, settings: KafkaSettings) -> None:
        """Connects at the first delivery, not before."""
        self._address, self._settings = address, address.settings(settings)
        self.name = f"kafka://{self._settings.bootstrap}/{address.topic}"
        self._producer: Any = None
        self._no_letters = ""  # why the dead letters' topic cannot be written
        self._under_way: dict[int, Any] = {}

    def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        """Sends what is not under way yet, in order, and waits for the acknowledgements."""
        delivery = Delivery()
        if self._offer(parcels, delivery):
            # The broker refused one, and the client gave up all that was under way with it. One by one, the culprit
            # shows itself and the others get through.
            for parcel in parcels:
                if parcel.seq not in delivery.acknowledged and parcel.seq not in delivery.refused:
                    self._offer([parcel], delivery)
                    if delivery.failure:
                        break
        return delivery

    def _offer(self, parcels: Sequence[Parcel], delivery: Delivery) -> bool:
        """Adds what became of ``parcels`` to ``delivery``. True: one of them was refused, unknown which."""
        try:
            self._connect()
            with explained(self._settings, self._address.topic):
                for parcel in parcels:
                    if parcel.seq not in self._under_way:
                        self._send(parcel, delivery)
        except PolicywireError as error:
            delivery.failure = str(error)
        return self._producer is not None and self._collect(parcels, delivery)

    def close(self) -> None:
        """Lets go of the connection; what is under way may still arrive, and is sent again by the next run."""
        self._drop(0.3)

    def _connect(self) -> None:
        if self._producer is not None:
            return
        ensure_topic(self._settings, self._address.topic, writing=True)
        try:
            ensure_topic(self._settings, self._address.dead_letters, writing=True)
            self._no_letters = ""
        except PolicywireError as error:
            self._no_letters = str(error)
        self._producer = producer(self._settings)

    def _send(self, parcel: Parcel, delivery: Delivery) -> None:
        if parcel.kind == "dead_letter" and self._no_letters:
            delivery.refused[parcel.seq] = self._no_letters
            return
        topic, key, described = self._envelope(parcel)
        try:
            self._under_way[parcel.seq] = self._producer.send(topic, parcel.body, key=key, headers=described)
        except _TOO_LARGE as error:
            delivery.refused[parcel.seq] = f"larger than a message may be ({error})"

    def _envelope(self, parcel: Parcel) -> tuple[str, bytes, list[tuple[str, bytes]]]:
        if parcel.kind == "dead_letter":
            letter = DeadLetter.model_validate_json(parcel.body)
            return self._address.dead_letters, letter.id.encode(), letter_headers(letter)
        event = AlertEvent.of(Alert.model_validate_json(parcel.body))
        return self._address.topic, event.subject.encode(), headers(event)

    def _collect(self, parcels: Sequence[Parcel], delivery: Delivery) -> bool:
        deadline = time.monotonic() + _PATIENCE
        for parcel in parcels:
            future = self._under_way.get(parcel.seq)
            if future is None:
                continue
            try:
                future.get(timeout=max(0.0, deadline - time.monotonic()))
            except _REFUSED as error:
                alone = len(self._under_way) == 1
                if alone:
                    delivery.refused[parcel.seq] = f"the broker refuses it: {error}"
                self._drop(0.5)  # an idempotent producer is of no use behind a refusal
                return not alone
            except Exception as error:
                if not future.is_done:
                    delivery.failure = delivery.failure or f"no acknowledgement from {self._settings.bootstrap} yet"
                    return False
                # It may have been written or not; a new producer sends it, and what came behind it, again.
                delivery.failure = f"{self._settings.bootstrap} did not take alerts ({error})"
                self._drop(0.5)
                return False
            else:
                delivery.acknowledged.append(parcel.seq)
            del self._under_way[parcel.seq]
        return False

    def _drop(self, seconds: float) -> None:
        client, self._producer = self._producer, None
        self._under_way.clear()
        if client is not None:
            client.close(timeout=seconds)


def letter_headers(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """What is known of a dead letter, under the names of Kafka Connect, which viewers read, and some of our own."""
    place = letter.position
    known = {
        "__connect.errors.topic": place.origin,
        "__connect.errors.partition": place.partition,
        "__connect.errors.offset": place.offset,
        "__connect.errors.connector.name": "policywire",
        "__connect.errors.stage": letter.step,
        "__connect.errors.exception.class.name": letter.error or None,
        "__connect.errors.exception.message": letter.message,
        "__connect.errors.exception.stacktrace": letter.trace or None,
        "policywire.cause": letter.cause,
        "policywire.version": letter.version,
    }
    return [(name, str(value).encode()) for name, value in known.items() if value is not None]
