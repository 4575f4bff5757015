import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.kafka.broker import Broker
from pipeline.alerts.history import revise
from pipeline.errors import KafkaUnavailableError, UsageError
from pipeline.kafka.clients import producer
from pipeline.kafka.settings import KafkaSettings
from pipeline.kafka.subscription import AlertFilter, Remembered, Selection, Subscription, parse_since
from schemas import Alert, AlertEvent
from tests.brokers import new_topic
from tests.builders import alert, article, company
from tests.builders import signal as policy_signal

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
STRUCTURED = [("content-type", b"application/cloudevents+json")]


def numbered(number: int, **changes: Any) -> Alert:
    source = article(id=f"article-{number}", title=f"Regulator fines bank number {number}")
    return alert(article=source, story=f"story-{number}", **changes)


def send(kafka: KafkaSettings, topic: str, alerts: list[Alert], timestamp_ms: int | None = None) -> None:
    client = producer(kafka)
    for each in alerts:
        value = AlertEvent.of(each).model_dump_json().encode()
        client.send(topic, value, key=each.story.encode(), headers=STRUCTURED, timestamp_ms=timestamp_ms)
    client.flush()
    client.close()


def read_once(
    kafka: KafkaSettings, topic: str, since: Any = "beginning", wanted: AlertFilter | None = None
) -> list[str]:
    selection = Selection(wanted or AlertFilter())
    with Subscription(kafka, topic, since, selection, print, once=True) as subscription:
        return [event.id for batch in subscription.batches() for event in batch]


def subscribing(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipeline.cli", "subscribe", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", "now"),
        ("beginning", "beginning"),
        ("90s", NOW - timedelta(seconds=90)),
        ("15m", NOW - timedelta(minutes=15)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T09:00+01:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
    ],
)
def test_since_is_a_word_a_time_or_how_long_ago(text: str, meant: Any) -> None:
    assert parse_since(text, NOW) == meant


@pytest.mark.parametrize("text", ["", "yesterday", "-2h", "2w", "²h", "99999999999d", "2026-13-01"])
def test_another_since_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="now, beginning, a time"):
        parse_since(text, NOW)


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (AlertFilter(), True),
        (AlertFilter(directions=frozenset({"tightening", "easing"})), True),
        (AlertFilter(directions=frozenset({"easing"})), False),
        (AlertFilter(jurisdictions=frozenset({"GB"})), True),
        (AlertFilter(jurisdictions=frozenset({"US"})), False),
        (AlertFilter(instruments=frozenset({"enforcement"})), True),
        (AlertFilter(instruments=frozenset({"trade"})), False),
        (AlertFilter(companies=("acme",)), True),
        (AlertFilter(companies=("LSE:ACME",)), True),
        (AlertFilter(companies=("Borealis",)), False),
        (AlertFilter(min_confidence=0.9), True),
        (AlertFilter(min_confidence=0.91), False),
        (AlertFilter(directions=frozenset({"tightening"}), companies=("Borealis",)), False),
    ],
)
def test_an_alert_passes_if_it_meets_every_condition(wanted: AlertFilter, passes: bool) -> None:
    assert wanted.passes(alert(companies=(company("Acme Bank"),))) is passes


def test_an_alert_is_shown_once_and_its_corrections_whatever_the_filter() -> None:
    first = numbered(1)
    eased, history = revise(first, None)
    assert eased is not None
    corrected, history = revise(numbered(1, signal=policy_signal(direction="easing")), history)
    withdrawn, _ = revise(None, history)
    assert corrected is not None
    assert withdrawn is not None
    selection = Selection(AlertFilter(directions=frozenset({"tightening"})))
    events = [AlertEvent.of(each) for each in (first, first, corrected, withdrawn)]
    assert [selection.take(event) for event in events] == [True, False, True, True]
    assert selection.counts == {"shown": 3, "repeats": 1}
    strict = Selection(AlertFilter(directions=frozenset({"tightening"})))
    assert not strict.take(AlertEvent.of(corrected))  # what it corrects was never shown here


def test_memory_of_what_was_seen_is_bounded_and_keeps_the_latest() -> None:
    memory = Remembered(3)
    assert [memory.add(name) for name in "abcabcd"] == [True] * 3 + [False] * 3 + [True]
    assert "a" not in memory
    assert all(name in memory for name in "bcd")


@pytest.mark.kafka
def test_once_reads_to_the_present_end_and_drops_repeats(kafka: KafkaSettings, topic: str) -> None:
    alerts = [numbered(n) for n in range(30)]
    send(kafka, topic, alerts + alerts[:10])
    shown = read_once(kafka, topic)
    assert sorted(shown) == sorted(each.id for each in alerts)
    assert read_once(kafka, topic, wanted=AlertFilter(companies=("Borealis",))) == []


@pytest.mark.kafka
def test_a_time_is_where_reading_begins(kafka: KafkaSettings, topic: str) -> None:
    send(kafka, topic, [numbered(1)], timestamp_ms=1_000_000)
    send(kafka, topic, [numbered(2)], timestamp_ms=2_000_000)
    assert read_once(kafka, topic, datetime.fromtimestamp(1500, UTC)) == [numbered(2).id]
    assert read_once(kafka, topic, datetime.fromtimestamp(3000, UTC)) == []
    assert read_once(kafka, topic, "now") == []


@pytest.mark.kafka
def test_an_empty_topic_ends_at_once_and_a_missing_one_is_named(kafka: KafkaSettings, topic: str) -> None:
    assert read_once(kafka, topic) == []
    with pytest.raises(KafkaUnavailableError, match=f"no topic '{topic}-not'"):
        read_once(kafka, f"{topic}-not")


@pytest.mark.kafka
def test_a_group_goes_on_where_it_stood(kafka: KafkaSettings, topic: str) -> None:
    member = kafka.model_copy(update={"group": f"{topic}-readers"})
    send(kafka, topic, [numbered(n) for n in range(10)])
    assert len(read_once(member, topic)) == 10
    assert read_once(member, topic) == []
    send(kafka, topic, [numbered(n) for n in range(10, 13)])
    assert sorted(read_once(member, topic)) == sorted(numbered(n).id for n in range(10, 13))


@pytest.mark.kafka
def test_messages_that_are_no_alerts_are_named_and_do_not_stop_the_rest(kafka: KafkaSettings, topic: str) -> None:
    client = producer(kafka)
    client.send(topic, b"\x00\xff", partition=0)
    client.send(topic, None, key=b"tombstone", partition=0)
    client.send(topic, json.dumps({"specversion": "1.0", "type": "other", "id": "1"}).encode(), partition=0)
    client.close()
    send(kafka, topic, [numbered(1)])
    told: list[str] = []
    selection = Selection()
    with Subscription(kafka, topic, "beginning", selection, told.append, once=True) as subscription:
        shown = [event.id for batch in subscription.batches() for event in batch]
    assert shown == [numbered(1).id]
    assert selection.counts == {"shown": 1, "unreadable": 2, "other": 1}
    assert [line.partition(" ")[0] for line in told] == [f"{topic}[0]@0", f"{topic}[0]@1"]


@pytest.mark.kafka
def test_following_from_now_takes_up_new_partitions_and_outlives_the_broker(own_broker: Broker) -> None:
    kafka = KafkaSettings(bootstrap=own_broker.bootstrap, timeout_seconds=2)
    topic = new_topic(own_broker, "followed", partitions=1)
    send(kafka, topic, [numbered(0)])
    told: list[str] = []
    with Subscription(kafka, topic, "now", Selection(), told.append) as subscription:
        batches = subscription.batches()

        def until(number: int) -> None:
            wanted, deadline = numbered(number).id, time.monotonic() + 60
            while time.monotonic() < deadline:
                if ids := [event.id for event in next(batches)]:
                    assert ids == [wanted]
                    return
            pytest.fail(f"alert {number} did not come")

        send(kafka, topic, [numbered(1)])
        until(1)
        own_broker.kill()
        deadline = time.monotonic() + 60
        while not told and time.monotonic() < deadline:
            next(batches)
        own_broker.start()
        send(kafka, topic, [numbered(2)])
        until(2)
        from kafka.admin import NewPartitions

        from pipeline.kafka.clients import admin

        maker = admin(kafka)
        maker.create_partitions({topic: NewPartitions(2)})
        maker.close()
        client = producer(kafka)
        client.send(topic, AlertEvent.of(numbered(3)).model_dump_json().encode(), partition=1).get(10)
        client.close()
        until(3)
    assert "nothing is missed" in told[0]
    assert "answers again" in told[1]


@pytest.mark.kafka
def test_the_command_writes_json_lines_and_ends_well_at_ctrl_c(
    kafka: KafkaSettings, topic: str, tmp_path: Path
) -> None:
    hostile = numbered(1).model_copy(update={"headline": "Regulator \x1b[31mfines\x1b[0m bank"})
    process = subscribing(f"kafka://{kafka.bootstrap}/{topic}", "--since", "beginning")
    try:
        send(kafka, topic, [hostile, hostile])
        assert process.stdout is not None
        line = process.stdout.readline()
        assert b"\x1b" not in line
        assert AlertEvent.model_validate_json(line).data == hostile
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, rest) == (0, b"")
    assert complaints.decode().strip().endswith("1 alerts, 1 repeats dropped")


@pytest.mark.kafka
def test_the_command_exits_1_where_there_is_no_broker_and_2_where_it_is_called_wrongly() -> None:
    for arguments, code, said in (
        (["kafka://127.0.0.1:1/alerts"], 1, "no answer from a Kafka broker at 127.0.0.1:1"),
        (["alerts"], 2, "kafka://HOST:PORT/topic"),
        (["kafka://127.0.0.1:1/alerts", "--direction", "up"], 2, "tightening"),
        (["kafka://127.0.0.1:1/alerts", "--since", "then"], 2, "--since"),
    ):
        os.environ["POLICYWIRE_KAFKA__TIMEOUT_SECONDS"] = "1"
        try:
            process = subscribing(*arguments)
            out, complaints = process.communicate(timeout=60)
        finally:
            del os.environ["POLICYWIRE_KAFKA__TIMEOUT_SECONDS"]
        assert (process.returncode, out) == (code, b"")
        assert said in complaints.decode()
