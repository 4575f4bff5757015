import json
import time

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event

from pipeline.dead_letters import dead_letter
from pipeline.kafka.address import TopicAddress
from pipeline.kafka.clients import consumer
from pipeline.ledger import Parcel
from pipeline.sinks import kafka as module
from pipeline.sinks.kafka import KafkaSink, letter_headers
from schemas import Position
from tests.brokers import new_topic
from tests.builders import alert
from tests.waiting import wait_for

LETTER = dead_letter(
    "bad_json", "Source", "not JSON", Position(origin="news", kind="kafka", partition=2, offset=7), b"{"
)


def parcel(seq, **changes):
    made = alert(**({"id": f"id{seq}", "story": f"story{seq % 3}"} | changes))
    return Parcel(seq, "alert", made.id, made.model_dump_json().encode(), 0.0)


def letter_parcel(seq):
    return Parcel(seq, "dead_letter", LETTER.id, LETTER.model_dump_json().encode(), 0.0)


def read(settings, topic, count):
    client = consumer(settings, group_id=None, auto_offset_reset="earliest")
    client.subscribe([topic])
    messages = []
    wait_for(lambda: messages.extend(m for b in client.poll(200).values() for m in b) or len(messages) >= count)
    messages.extend(m for b in client.poll(300).values() for m in b)
    client.close()
    return messages


@pytest.fixture
def open_sink(kafka):
    opened = []

    def begin(topic, settings=kafka):
        opened.append(KafkaSink(TopicAddress(None, topic), settings))
        return opened[-1]

    yield begin
    for sink in opened:
        sink.close()


@pytest.mark.kafka
def test_alerts_are_cloudevents_keyed_by_story(kafka, topic, open_sink):
    sink = open_sink(topic)
    delivery = sink.deliver([parcel(n) for n in range(6)])
    assert (delivery.acknowledged, delivery.failure) == (list(range(6)), "")
    messages = read(kafka, topic, 6)
    assert len(messages) == 6
    for message in messages:
        event = from_kafka_event(KafkaMessage(dict(message.headers), message.key, message.value))
        data = json.loads(message.value)
        assert event.get_type() == "news.policy.signal.v1"
        assert (event.get_id(), event.get_subject(), message.key.decode()) == (data["id"], data["story"], data["story"])
        assert event.get_time() is not None
    by_story = {}
    for message in messages:
        by_story.setdefault(message.key, set()).add(message.partition)
    assert all(len(partitions) == 1 for partitions in by_story.values())


@pytest.mark.kafka
def test_dead_letters_go_to_a_topic_of_their_own(kafka, topic, broker, open_sink):
    create = kafka.model_copy(update={"create_topics": True})
    assert open_sink(topic, create).deliver([letter_parcel(1), parcel(2)]).acknowledged == [1, 2]
    (message,) = read(kafka, topic + ".dlq", 1)
    headers = dict(message.headers)
    assert headers["__connect.errors.exception.message"] == b"not JSON"
    assert json.loads(message.value)["id"] == LETTER.id


@pytest.mark.kafka
def test_without_that_topic_dead_letters_stay_in_the_ledger_and_alerts_go_on(topic, open_sink):
    delivery = open_sink(topic).deliver([letter_parcel(1), parcel(2)])
    assert delivery.acknowledged == [2]
    assert f"{topic}.dlq" in delivery.refused[1]


@pytest.mark.kafka
def test_an_alert_too_large_for_the_broker_is_refused_and_the_rest_goes_on(broker, kafka, open_sink):
    topic = new_topic(broker, "small", 1, {"max.message.bytes": "20000"})
    sink = open_sink(topic)
    big, huge = parcel(2, headline="x" * 50_000), parcel(3, headline="y" * 2_000_000)
    delivery = sink.deliver([parcel(1), big, huge, parcel(4)])
    assert sorted(delivery.refused) == [2, 3]
    assert (delivery.acknowledged, delivery.failure) == ([1, 4], "")
    assert sink.deliver([parcel(5)]).acknowledged == [5]
    assert {m.value[7:10] for m in read(kafka, topic, 3)} == {b"id1", b"id4", b"id5"}


@pytest.mark.kafka
def test_a_missing_topic_is_a_failure_with_a_remedy(open_sink):
    delivery = open_sink("not-there").deliver([parcel(1)])
    assert "there is no topic 'not-there'" in delivery.failure
    assert "kafka.create_topics" in delivery.failure


@pytest.mark.kafka
def test_an_outage_delays_and_repeats_nothing(own_broker, kafka, open_sink, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 0.5)
    settings = kafka.model_copy(update={"bootstrap": own_broker.bootstrap, "timeout_seconds": 2})
    topic = new_topic(own_broker, "outage", 2)
    sink = open_sink(topic, settings)
    assert sink.deliver([parcel(1)]).acknowledged == [1]
    own_broker.kill()
    waiting = [parcel(2), parcel(3)]
    delivery = sink.deliver(waiting)
    assert delivery.acknowledged == []
    assert delivery.failure
    own_broker.start()

    def again():
        nonlocal waiting
        found = sink.deliver(waiting)
        waiting = [p for p in waiting if p.seq not in found.acknowledged]
        time.sleep(0.1)
        return not waiting

    wait_for(again, 60)
    assert sorted(m.value[7:10] for m in read(settings, topic, 3)) == [b"id1", b"id2", b"id3"]


def test_headers_of_dead_letters_are_those_of_kafka_connect():
    assert dict(letter_headers(LETTER)) == {
        "__connect.errors.topic": b"news",
        "__connect.errors.partition": b"2",
        "__connect.errors.offset": b"7",
        "__connect.errors.connector.name": b"policywire",
        "__connect.errors.stage": b"Source",
        "__connect.errors.exception.message": b"not JSON",
        "policywire.cause": b"bad_json",
        "policywire.version": LETTER.version.encode(),
    }
