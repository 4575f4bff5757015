import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from pipeline.errors import KafkaUnavailableError, UsageError
from pipeline.kafka.clients import producer
from pipeline.kafka.settings import KafkaSettings
from pipeline.runners.replay import replay
from pipeline.settings import Settings
from pipeline.sources.kafka_archive import parse_range, read_stretch, stretches
from schemas import Alert, DeadLetter
from tests.brokers import new_topic
from tests.scripted import news

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
HOUR = 3_600_000
NINE = int(datetime(2026, 1, 31, 9, tzinfo=UTC).timestamp() * 1000)
# A broker deletes what is older than a topic's retention, by the time that messages bear.
FOREVER = {"retention.ms": "-1"}


@pytest.mark.parametrize(
    ("url", "topics", "since", "until"),
    [
        ("kafka://a:1/news", ["news"], None, None),
        ("kafka:///news,other", ["news", "other"], None, None),
        ("kafka://a:1,b:2/news?from=2h", ["news"], datetime(2026, 2, 1, 10, tzinfo=UTC), None),
        ("kafka://a/news?to=2026-01-31", ["news"], None, datetime(2026, 1, 31, tzinfo=UTC)),
        ("kafka://a/news?from=2026-01-31T10:00:00%2B01:00", ["news"], datetime(2026, 1, 31, 9, tzinfo=UTC), None),
        ("kafka://a/news?from=2026-01-31T10:00:00+01:00", ["news"], datetime(2026, 1, 31, 9, tzinfo=UTC), None),
    ],
)
def test_an_address_names_topics_and_times(url, topics, since, until):
    asked = parse_range(url, NOW)
    assert [address.topic for address in asked.addresses] == topics
    assert (asked.since, asked.until) == (since, until)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("kafka://a/news?from=yesterday", "from=yesterday.*give a time"),
        ("kafka://a/news?to=99999999999d", "to=99999999999d.*give a time"),
        ("kafka://a/news?since=2h", "'since=2h'.*from=TIME"),
        ("kafka://a/news?from=1h&from=2h", "'from=2h'"),
        ("kafka://a/news?from=1h&to=2h", "nothing lies between"),
        ("kafka://a/", "is no topic name"),
        ("kafka://a/news,", "is no topic name"),
        ("kafka://me:secret@a/news", "no user or password"),
    ],
)
def test_a_wrong_address_is_named(url, words):
    with pytest.raises(UsageError, match=words):
        parse_range(url, NOW)


def at(hours: float) -> str:
    return datetime.fromtimestamp((NINE + hours * HOUR) / 1000, UTC).isoformat()


@pytest.fixture
def hourly(kafka, broker):
    """A topic of three partitions: article n written n hours behind nine, and at five a message that is none."""
    topic = new_topic(broker, "hourly", settings=FOREVER)
    client = producer(kafka)
    for number in range(10):
        body = b"no article" if number == 5 else news(number)
        client.send(topic, body, partition=number % 3, timestamp_ms=NINE + number * HOUR)
    client.send(topic, news(10, published=None), partition=0, timestamp_ms=NINE + 10 * HOUR)
    client.close()
    return topic


def told(outcome):
    return sorted(Alert.model_validate_json(line).article.id for line in outcome.alerts())


@pytest.mark.kafka
def test_a_stretch_of_time_is_read_in_all_partitions(kafka, hourly):
    settings = Settings(kafka=kafka)
    asked = parse_range(f"kafka:///{hourly}?from={at(3)}&to={at(8)}", NOW)
    with replay([], settings, stretches(asked, kafka)) as outcome:
        assert told(outcome) == ["article-3", "article-4", "article-6", "article-7"]
        (letter,) = map(DeadLetter.model_validate_json, outcome.dead_letters())
        assert (letter.position.origin, letter.position.partition, letter.position.offset) == (hourly, 2, 1)


@pytest.mark.kafka
def test_the_whole_of_several_topics_is_read_the_same_each_time(kafka, broker, hourly):
    other = new_topic(broker, "other", 1, FOREVER)
    client = producer(kafka)
    client.send(other, news(20), timestamp_ms=NINE).get(10)
    client.close()
    asked = parse_range(f"kafka:///{hourly},{other}", NOW)
    lines = []
    for workers in (1, 2):
        with replay([], Settings(kafka=kafka, workers=workers), stretches(asked, kafka)) as outcome:
            assert told(outcome) == sorted(f"article-{n}" for n in (*range(5), *range(6, 11), 20))
            lines.append(list(outcome.alerts()))
    assert lines[0] == lines[1]
    arrived = {alert.article.id: alert.article.arrived for alert in map(Alert.model_validate_json, lines[0])}
    assert arrived["article-3"] == datetime.fromisoformat(at(3))


@pytest.mark.kafka
def test_markers_of_transactions_do_not_hold_up_the_end(kafka, broker):
    topic = new_topic(broker, "marked", 1)
    client = producer(kafka, transactional_id=topic)
    client.init_transactions()
    for kept in (True, False):
        client.begin_transaction()
        client.send(topic, news(1 if kept else 2)).get(10)
        client.commit_transaction() if kept else client.abort_transaction()
    client.close()
    (part,) = stretches(parse_range(f"kafka:///{topic}", NOW), kafka)
    assert (part.first, part.end) == (0, 4)
    assert [record.offset for record in read_stretch(part)] == [0]


@pytest.mark.kafka
def test_nothing_in_a_time_is_no_error_and_a_missing_topic_is_one(kafka, topic):
    assert stretches(parse_range(f"kafka:///{topic}", NOW), kafka) == []
    with pytest.raises(KafkaUnavailableError, match="there is no topic 'no-such-archive'"):
        stretches(parse_range("kafka:///no-such-archive", NOW), kafka)


def test_a_broker_that_is_down_is_named():
    with pytest.raises(KafkaUnavailableError, match=r"no answer from a Kafka broker at 127\.0\.0\.1:9"):
        stretches(parse_range("kafka://127.0.0.1:9/news", NOW), KafkaSettings(timeout_seconds=1))


@pytest.mark.kafka
def test_a_broker_that_is_lost_on_the_way_ends_the_replay_in_one_line(own_broker, kafka):
    kafka = kafka.model_copy(update={"bootstrap": own_broker.bootstrap, "timeout_seconds": 2})
    topic = new_topic(own_broker, "lost", 1)
    client = producer(kafka)
    client.send(topic, news(1)).get(10)
    client.close()
    parts = stretches(parse_range(f"kafka:///{topic}", NOW), kafka)
    own_broker.kill()
    words = r"^(no answer from a Kafka broker|127\.0.* sends nothing of).*[^]]$"
    with pytest.raises(KafkaUnavailableError, match=words), replay([], Settings(), parts):
        pass


@pytest.mark.kafka
def test_the_command_writes_what_a_replay_of_files_writes(kafka, hourly, tmp_path):
    def policywire(*arguments):
        command = [sys.executable, "-m", "pipeline.cli", "replay", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    ran = policywire(
        f"kafka://{kafka.bootstrap}/{hourly}?from={at(0)}&to={at(5)}", "--alerts", str(tmp_path / "a.jsonl")
    )
    assert ran.returncode == 0, ran.stderr
    assert "5 articles read, 5 alerts" in ran.stderr
    ids = [json.loads(line)["data"]["article"]["id"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert ids == [f"article-{n}" for n in range(5)]
    wrong = policywire(f"kafka://{kafka.bootstrap}/{hourly}?from=noon")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "from=noon" in wrong.stderr
    missing = policywire(f"kafka://{kafka.bootstrap}/no-such-archive")
    assert missing.returncode == 1
    assert "there is no topic 'no-such-archive'" in missing.stderr
    assert "Traceback" not in missing.stderr
