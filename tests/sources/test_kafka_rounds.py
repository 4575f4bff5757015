import time
from datetime import UTC, datetime

import pytest
from kafka import KafkaConsumer, TopicPartition

from deploy.kafka.broker import create_topics
from pipeline.errors import PolicywireError
from pipeline.kafka.address import TopicAddress
from pipeline.kafka.clients import producer
from pipeline.kafka.topics import Topics, input_topics
from pipeline.ledger import Ledger
from pipeline.settings import ReadLimits
from pipeline.sources.kafka import Record, read_record
from pipeline.sources.kafka_rounds import KafkaRounds
from schemas import Article, DeadLetter
from tests.brokers import new_topic
from tests.scripted import news
from tests.waiting import wait_for

LIMITS = ReadLimits()


def write(kafka, topic, *values, partition=None):
    client = producer(kafka)
    for value in values:
        client.send(topic, value, partition=partition).get(timeout=10)
    client.close()


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "l.sqlite") as opened:
        yield opened


@pytest.fixture
def open_source(kafka, ledger):
    opened = []

    def begin(topics, **options):
        topics = Topics(topics) if isinstance(topics, str) else topics
        source = KafkaRounds(options.pop("settings", kafka), topics, LIMITS, **options)
        opened.append(source)
        return source

    yield begin
    for source in opened:
        source.close()


def read(source, ledger, count=None, limit=1000):
    """Plans until ``count`` records came (or the end, with once), committing each plan; the records."""
    records = []

    def step():
        plan = source.plan(ledger, limit)
        if plan is not None:
            records.extend(plan.work)
            with ledger.transaction() as transaction:
                plan.commit(transaction, [])
        return len(records) >= count if count is not None else source.idle()

    wait_for(step)
    return records


def values(records):
    return {record.value for record in records}


@pytest.mark.kafka
def test_all_partitions_are_read_from_the_earliest_and_a_restart_goes_on(kafka, topic, ledger, open_source):
    write(kafka, topic, *(str(n).encode() for n in range(50)))
    first = open_source(topic)
    records = read(first, ledger, 50, limit=7)
    assert values(records) == {str(n).encode() for n in range(50)}
    assert len(records) == 50
    first.close()
    write(kafka, topic, b"later")
    assert values(read(open_source(topic), ledger, 1)) == {b"later"}


@pytest.mark.kafka
def test_once_ends_at_what_was_the_end(kafka, topic, ledger, open_source):
    write(kafka, topic, b"1", b"2", b"3")
    source = open_source(topic, once=True)
    assert len(read(source, ledger)) == 3
    write(kafka, topic, b"4")
    assert source.plan(ledger, 10) is None
    assert source.idle()
    assert values(read(open_source(topic, once=True), ledger)) == {b"4"}
    assert read(open_source(topic, once=True), ledger) == []


@pytest.mark.kafka
def test_once_ends_behind_the_markers_of_a_transaction(kafka, topic, ledger, open_source):
    client = producer(kafka, transactional_id=topic)
    client.init_transactions()
    client.begin_transaction()
    client.send(topic, b"kept")
    client.commit_transaction()
    client.begin_transaction()
    client.send(topic, b"dropped")
    client.flush()
    client.abort_transaction()
    client.close()
    assert values(read(open_source(topic, once=True), ledger)) == {b"kept"}


@pytest.mark.kafka
def test_latest_stays_where_it_began_even_if_nothing_came(kafka, topic, ledger, open_source):
    write(kafka, topic, b"old")
    first = open_source(topic, start="latest")
    wait_for(lambda: (plan := first.plan(ledger, 10)) and commit(ledger, plan))
    first.close()
    write(kafka, topic, b"new")
    assert values(read(open_source(topic), ledger, 1)) == {b"new"}


def commit(ledger, plan):
    with ledger.transaction() as transaction:
        plan.commit(transaction, [])
    return True


@pytest.mark.kafka
def test_from_a_time_on(kafka, topic, ledger, open_source):
    write(kafka, topic, b"old")
    time.sleep(0.05)
    middle = datetime.now(UTC)
    time.sleep(0.05)
    write(kafka, topic, b"new")
    assert values(read(open_source(topic, start=middle, once=True), ledger)) == {b"new"}


@pytest.mark.kafka
def test_the_groups_offsets_are_used_and_kept(kafka, topic, ledger, open_source, tmp_path):
    settings = kafka.model_copy(update={"group": f"group-{topic}"})
    write(kafka, topic, b"1", b"2", partition=0)
    source = open_source(topic, settings=settings)
    read(source, ledger, 2)
    probe = KafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=settings.group, enable_auto_commit=False)
    place = TopicPartition(topic, 0)
    assert probe.committed(place) is None
    source.delivered()
    wait_for(lambda: probe.committed(place) == 2)
    probe.close()
    source.close()
    write(kafka, topic, b"3", partition=0)
    with Ledger(tmp_path / "other.sqlite") as other:
        assert values(read(open_source(topic, settings=settings), other, 1)) == {b"3"}


@pytest.mark.kafka
def test_a_pattern_takes_topics_that_come_later(kafka, broker, ledger, open_source, monkeypatch):
    monkeypatch.setattr("pipeline.sources.kafka_rounds._DISCOVER_SECONDS", 0.2)
    one = new_topic(broker, "wire-pattern", 1)
    new_topic(broker, "other", 1)
    write(kafka, one, b"1")
    settings = kafka
    source = open_source("wire-pattern.*", settings=settings)
    assert values(read(source, ledger, 1)) == {b"1"}
    two = new_topic(broker, "wire-pattern", 2)
    write(kafka, two, b"2", partition=1)
    assert values(read(source, ledger, 1)) == {b"2"}


@pytest.mark.kafka
def test_a_pattern_leaves_out_what_the_run_writes_to(kafka, broker, ledger, open_source):
    news, alerts = new_topic(broker, "loop-news", 1), new_topic(broker, "loop-alerts", 1)
    address = TopicAddress(None, alerts)
    create_topics(broker.bootstrap, {address.dead_letters: 1})
    for topic in (alerts, address.dead_letters, news):
        write(kafka, topic, topic.encode())
    source = open_source(input_topics("loop-.*|__.*", kafka, [address]), once=True)
    assert values(read(source, ledger)) == {news.encode()}


@pytest.mark.kafka
def test_a_missing_topic_is_said_and_read_when_it_comes(kafka, broker, ledger, open_source):
    source = open_source("nowhere-yet")
    with pytest.raises(PolicywireError, match="there is no topic 'nowhere-yet'"):
        wait_for(lambda: source.plan(ledger, 10))

    create_topics(broker.bootstrap, {"nowhere-yet": 1})
    write(kafka, "nowhere-yet", b"1")

    def patiently():
        # A broker tells of a new topic here and there before it tells of it everywhere.
        try:
            return values(read(source, ledger, 1))
        except PolicywireError:
            return None

    assert wait_for(patiently) == {b"1"}


@pytest.mark.kafka
def test_a_broker_that_goes_and_comes_is_told_and_nothing_is_missing(own_broker, kafka, ledger, open_source):
    settings = kafka.model_copy(update={"bootstrap": own_broker.bootstrap, "timeout_seconds": 2})
    topic = new_topic(own_broker, "outage", 2)
    write(settings, topic, b"1", b"2")
    source = open_source(topic, settings=settings)
    read(source, ledger, 2)
    own_broker.kill()
    with pytest.raises(PolicywireError, match="no answer"):
        wait_for(lambda: source.plan(ledger, 10), 30)
    own_broker.start()
    write(settings, topic, b"3", b"4")
    records = []

    def step():
        try:
            plan = source.plan(ledger, 10)
        except PolicywireError:
            return False
        if plan is not None:
            records.extend(plan.work)
            commit(ledger, plan)
        return len(records) >= 2

    wait_for(step, 40)
    assert values(records) == {b"3", b"4"}


@pytest.mark.kafka
def test_a_topic_made_anew_is_told_and_read_from_its_beginning(kafka, broker, ledger, open_source):
    topic = new_topic(broker, "anew", 1)
    write(kafka, topic, b"1")
    with ledger.transaction() as transaction:
        transaction.set_position(f"kafka {kafka.bootstrap}", f"{topic}/0", 500)
    told = []
    source = open_source(topic, tell=told.append)
    assert values(read(source, ledger, 1)) == {b"1"}
    assert "made anew" in told[0].message


def record(value):
    return Record("news", 1, 7, 1_700_000_000_000, value)


def test_a_message_is_an_article_with_its_place():
    now = datetime.now(UTC)
    found = read_record(record(news(1)), LIMITS, now)
    assert isinstance(found, Article)
    assert (str(found.position), found.arrived) == ("news[1]@7", now)


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (None, "unreadable"),
        (b"", "unreadable"),
        (b"{", "bad_json"),
        (b"\xff", "bad_encoding"),
        (b'{"x": 1}', "bad_schema"),
    ],
)
def test_what_is_no_article_is_a_dead_letter_with_its_place(value, cause):
    found = read_record(record(value), LIMITS, datetime.now(UTC))
    assert isinstance(found, DeadLetter)
    assert (found.cause, str(found.position)) == (cause, "news[1]@7")


def test_too_large_a_message_is_a_dead_letter():
    found = read_record(record(b"x" * 50), ReadLimits(max_line_bytes=49), datetime.now(UTC))
    assert isinstance(found, DeadLetter)
    assert found.cause == "too_large"
