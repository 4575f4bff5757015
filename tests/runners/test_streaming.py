"""The graph on Prism, against a broker: what is published comes out as alerts, whatever ends the pipeline in between."""

import random
import signal
import time
from collections import Counter
from functools import partial

import pytest
from kafka import TopicPartition
from kafka.admin import NewPartitions

from pipeline.errors import UsageError
from pipeline.kafka.clients import admin, consumer, producer
from pipeline.runners.streaming import GROUP, runner_options
from pipeline.sinks.cloudevents import decode
from schemas import DeadLetter
from tests.brokers import new_topic
from tests.crash.process import RunProcess
from tests.scripted import news
from tests.waiting import wait_for

pytestmark = pytest.mark.kafka


class Stage:
    """Topics of a test's own, and what lies on them."""

    def __init__(self, kafka, broker, folder, prism):
        self.kafka, self.broker = kafka, broker
        self.topic = new_topic(broker, "news")
        self.alerts = new_topic(broker, "alerts")
        new_topic_named(broker, f"{self.alerts}.dlq")
        self._folder, self._prism = folder, prism
        self._processes = []

    def run(self, *arguments):
        process = RunProcess(
            self._folder,
            *("--runner", "prism", "--kafka", self.kafka.bootstrap, "--topic", self.topic),
            *("--alerts", f"kafka://{self.kafka.bootstrap}/{self.alerts}", *arguments),
            POLICYWIRE_PRISM=str(self._prism),
        )
        self._processes.append(process)
        return process

    def publish(self, values, partition=None):
        client = producer(self.kafka)
        sent = [client.send(self.topic, value, partition=partition) for value in values]
        for each in sent:
            each.get(timeout=30)
        client.close()

    def messages(self, topic):
        client = consumer(self.kafka)
        partitions = [TopicPartition(topic, n) for n in client.partitions_for_topic(topic)]
        client.assign(partitions)
        client.seek_to_beginning()
        ends = client.end_offsets(partitions)
        found = []
        while any(client.position(p) < end for p, end in ends.items()):
            found += [m for messages in client.poll(200).values() for m in messages]
        client.close()
        return found

    def alerted(self):
        """How often each alert lies on the topic, by the article's id."""
        events = [decode(m.value, m.headers) for m in self.messages(self.alerts)]
        ids = {event.id: event.data.article.id for event in events}
        assert len(set(ids.values())) == len(ids), "an article was alerted under two ids"
        return Counter(event.data.article.id for event in events)

    def more_alerts_than(self, count):
        return len(self.messages(self.alerts)) > count

    def behind(self):
        """How many messages the group's positions are behind the end."""
        client = consumer(self.kafka.model_copy(update={"group": GROUP}))
        partitions = [TopicPartition(self.topic, n) for n in client.partitions_for_topic(self.topic)]
        ends = client.end_offsets(partitions)
        left = sum(ends[p] - (client.committed(p) or 0) for p in partitions)
        client.close()
        return left

    def close(self):
        for process in self._processes:
            if process.alive():
                process.kill()


def new_topic_named(broker, name):
    from deploy.kafka.broker import create_topics

    create_topics(broker.bootstrap, {name: 1})


@pytest.fixture
def stage(kafka, broker, tmp_path, prism):
    made = Stage(kafka, broker, tmp_path, prism)
    yield made
    made.close()


def ids(numbers):
    return {f"article-{number}" for number in numbers}


def test_once_reads_to_the_end_and_ends(stage):
    stage.publish([news(n) for n in range(200)] + [news(n, alert=False) for n in range(200, 260)] + [b"{broken", b""])
    process = stage.run("--once")
    assert process.wait(180)[0] == 0, process.log()
    assert stage.alerted() == Counter(ids(range(200)))
    letters = [DeadLetter.model_validate_json(m.value) for m in stage.messages(f"{stage.alerts}.dlq")]
    assert sorted(letter.cause for letter in letters) == ["bad_json", "unreadable"]
    assert {letter.position.origin for letter in letters} == {stage.topic}
    assert stage.behind() == 0


def test_it_follows_takes_up_new_partitions_and_stops_without_loss(stage):
    process = stage.run()
    stage.publish([news(n) for n in range(50)])
    wait_for(lambda: len(stage.alerted()) == 50, 120)
    maker = admin(stage.kafka)
    maker.create_partitions({stage.topic: NewPartitions(4)})
    maker.close()
    stage.publish([news(n) for n in range(50, 60)], partition=3)
    wait_for(lambda: len(stage.alerted()) == 60, 120)
    stage.publish([news(n) for n in range(60, 160)])
    process.send(signal.SIGTERM)  # in the midst of it
    assert process.wait(60)[0] == 0, process.log()
    first = stage.alerted()
    assert set(first.values()) == {1}
    assert 160 - len(first) == stage.behind()  # whatever was read was written, and no more than that was committed
    assert stage.run("--once").wait(180)[0] == 0
    assert stage.alerted() == Counter(ids(range(160)))


def test_kills_lose_nothing_and_repeats_have_the_same_ids(stage):
    dice = random.Random(7)
    for turn in range(3):
        stage.publish([news(n) for n in range(turn * 500, turn * 500 + 500)])
        known = len(stage.messages(stage.alerts))
        process = stage.run()
        wait_for(partial(stage.more_alerts_than, known), 120)
        time.sleep(dice.random() / 4)
        process.kill()
    process = stage.run("--once")
    assert process.wait(240)[0] == 0, process.log()
    assert set(stage.alerted()) == ids(range(1500))
    assert stage.behind() == 0


def test_another_runner_is_refused_with_the_names_there_are():
    with pytest.raises(UsageError, match="prism, flink, dataflow"):
        runner_options("spark")
