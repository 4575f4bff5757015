"""The graph on Prism, against a broker: what is published comes out as alerts, whatever ends the pipeline in between."""

import random
import signal
import time
from collections import Counter
from functools import partial

import pytest
from kafka.admin import NewPartitions

from deploy.kafka.broker import create_topics
from pipeline.errors import UsageError
from pipeline.kafka.clients import admin
from pipeline.kafka.topics import Topics
from pipeline.runners.streaming import runner_options
from schemas import DeadLetter
from tests.runners.stage import Stage, ids
from tests.scripted import news
from tests.waiting import wait_for

pytestmark = pytest.mark.kafka


@pytest.fixture
def stage(broker, tmp_path, prism):
    made = Stage(broker, tmp_path, "prism", POLICYWIRE_PRISM=str(prism))
    yield made
    made.close()


def test_once_reads_to_the_end_and_ends(stage):
    stage.publish([news(n) for n in range(200)] + [news(n, alert=False) for n in range(200, 260)] + [b"{broken", b""])
    process = stage.run("--once")
    assert process.wait(180)[0] == 0, process.log()
    assert stage.alerted() == Counter(ids(range(200)))
    letters = [DeadLetter.model_validate_json(m.value) for m in stage.messages(f"{stage.alerts}.dlq")]
    assert sorted(letter.cause for letter in letters) == ["bad_json", "unreadable"]
    assert {letter.position.origin for letter in letters} == {stage.topic}
    assert stage.behind() == 0, process.log()


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
    assert stage.behind() == 0, process.log()
    assert set(stage.alerted()) == ids(range(1500))


def test_another_runner_is_refused_with_the_names_there_are():
    with pytest.raises(UsageError, match="prism, flink, dataflow"):
        runner_options("spark")


def test_a_broker_that_is_killed_and_started_again_costs_nothing(own_broker, tmp_path, prism):
    stage = Stage(own_broker, tmp_path, "prism", POLICYWIRE_PRISM=str(prism))
    try:
        stage.publish([news(n) for n in range(1000)])
        process = stage.run()
        wait_for(partial(stage.more_alerts_than, 100), 120)
        own_broker.kill()  # while articles are read and alerts written
        time.sleep(5)
        own_broker.start()
        stage.publish([news(n) for n in range(1000, 1100)])
        wait_for(lambda: len(stage.alerted()) == 1100, 120)
        own_broker.kill()  # while nothing is under way
        time.sleep(12)
        own_broker.start()
        stage.publish([news(n) for n in range(1100, 1200)])
        wait_for(lambda: stage.behind() == 0, 120)
        assert process.alive(), process.log()
        assert set(stage.alerted()) == ids(range(1200))
        process.send(signal.SIGTERM)
        assert process.wait(60)[0] == 0, process.log()
    finally:
        stage.close()


def test_a_pattern_means_all_topics_that_match_also_those_that_come_later(stage):
    common = stage.topic
    other = f"{common}-asia"
    new_topic_named(stage.kafka, other)
    process = stage.run(topic=f"{common}.*|{stage.alerts}.*|__.*")  # what is written to is never meant
    stage.publish([news(n) for n in range(10)] + [b"{broken"])
    stage.publish([news(n) for n in range(10, 20)], topic=other)
    wait_for(lambda: len(stage.alerted()) == 20, 120)
    late = f"{common}-late"
    new_topic_named(stage.kafka, late)
    stage.publish([news(n) for n in range(20, 30)], topic=late)
    wait_for(lambda: len(stage.alerted()) == 30, 120)
    process.send(signal.SIGTERM)
    assert process.wait(60)[0] == 0, process.log()
    assert [stage.behind(topic) for topic in (common, other, late)] == [0, 0, 0]
    assert stage.alerted() == Counter(ids(range(30)))
    assert len(stage.messages(f"{stage.alerts}.dlq")) == 1


def new_topic_named(kafka, name):
    create_topics(kafka.bootstrap, {name: 1})


def test_what_is_neither_a_name_nor_a_pattern_is_refused():
    with pytest.raises(UsageError, match=r"'news-\(' is neither a topic's name nor a pattern.*correct --topic"):
        Topics("news-(")
    with pytest.raises(UsageError, match="no topic name"):
        Topics("..")
