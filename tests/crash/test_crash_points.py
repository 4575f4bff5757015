"""A kill at each of the points where something could get lost or doubled, and the next run."""

import json
import signal
from collections import Counter

import pytest

from pipeline.kafka.clients import consumer, producer
from pipeline.ledger import Ledger
from tests.brokers import new_topic
from tests.scripted import news

ARTICLES = 40


def write(kafka, topic):
    client = producer(kafka)
    for number in range(ARTICLES):
        client.send(topic, news(number, alert=number % 2 == 0), key=str(number).encode())
    client.flush()
    client.close()


def alerts_on(kafka, topic):
    client = consumer(kafka, group_id=None)
    client.subscribe([topic])
    found, empty = Counter(), 0
    while empty < 3:
        batches = client.poll(timeout_ms=700)
        empty = 0 if batches else empty + 1
        found.update(json.loads(m.value)["article"]["id"] for batch in batches.values() for m in batch)
    client.close()
    return found


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("point", "repeats"),
    [("planned", 0), ("done", 0), ("committed", 0), ("delivered", 20), ("acknowledged", 0)],
)
def test_a_kill_at_any_point_loses_nothing_and_repeats_only_what_was_not_marked(
    kafka, topic, broker, start, tmp_path, point, repeats
):
    write(kafka, topic)
    alerts = new_topic(broker, "alerts", 1)
    arguments = ("--kafka", kafka.bootstrap, "--topic", topic, "--once", "--alerts", f"kafka:///{alerts}")
    environment = {"POLICYWIRE_KAFKA__BOOTSTRAP": kafka.bootstrap}
    killed = start(*arguments, POLICYWIRE_CRASH_AT=point, **environment)
    assert killed.wait()[0] == -signal.SIGKILL, killed.log()
    again = start(*arguments, **environment)
    assert again.wait()[0] == 0, again.log()
    with Ledger(tmp_path / "policywire.sqlite", exclusive=False) as ledger:
        assert ledger.totals()["articles"] == ARTICLES
        assert ledger.totals()["alerts"] == ARTICLES / 2
        assert ledger.waiting() == {}
    found = alerts_on(kafka, alerts)
    assert found.keys() == {f"article-{n}" for n in range(0, ARTICLES, 2)}
    assert sum(found.values()) - len(found) <= repeats
