import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.kafka.broker import Broker
from pipeline.articles.normalise import normalise
from pipeline.errors import KafkaUnavailableError
from pipeline.kafka.clients import consumer
from pipeline.kafka.publication import Pace, Publisher, message
from pipeline.kafka.settings import KafkaSettings
from pipeline.settings import ReadLimits
from pipeline.sources.record import parse_record
from schemas import Article, Position
from tests.brokers import new_topic

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def messages(kafka: KafkaSettings, topic: str) -> list[object]:
    client = consumer(kafka)
    partitions = client.partitions_for_topic(topic)
    from kafka import TopicPartition

    assigned = [TopicPartition(topic, partition) for partition in partitions]
    client.assign(assigned)
    client.seek_to_beginning()
    ends = client.end_offsets(assigned)
    found: list[object] = []
    while any(client.position(partition) < end for partition, end in ends.items()):
        found += [record for records in client.poll(500).values() for record in records]
    client.close()
    return found


def publish(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.cli", "publish", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_message_is_keyed_by_identity_and_reads_as_the_same_article() -> None:
    article = Article(
        title="Ministry &amp; banks", text="A rule.", url="https://example.org/a?utm_source=x", published=NOON
    )
    key, value = message(article.model_copy(update={"position": Position(origin="a.jsonl", kind="file", line=3)}))
    again = parse_record(value, Position(origin="news", kind="kafka", partition=0, offset=0), ReadLimits())
    assert isinstance(again, Article)
    assert again.id.encode() == key
    assert normalise(again).model_copy(update={"position": None}) == normalise(article)
    assert message(article.model_copy(update={"text": "A new text."}))[0] == key


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_a_rate_spaces_articles_evenly_and_catches_up() -> None:
    clock = Clock()
    pace = Pace(rate=10, clock=clock)
    assert [round(pace.wait(None), 3) for _ in range(3)] == [0, 0.1, 0.2]
    clock.time += 10
    assert pace.wait(None) == 0


def test_speed_is_that_of_events_and_never_waits_for_the_past_or_the_undated() -> None:
    clock = Clock()
    pace = Pace(speed=60, clock=clock)
    assert pace.wait(NOON) == 0
    assert pace.wait(NOON + timedelta(minutes=5)) == 5
    assert pace.wait(NOON - timedelta(days=1)) == 0
    assert pace.wait(None) == 0
    clock.time += 4
    assert pace.wait(NOON + timedelta(minutes=5)) == 1


@pytest.mark.kafka
def test_every_article_arrives_once_with_versions_in_one_partition(kafka: KafkaSettings, topic: str) -> None:
    told: list[str] = []
    articles = [Article(id=f"a{n % 50}", title=f"Title {n}") for n in range(12_000)]
    with Publisher(kafka, topic, told.append) as publisher:
        publisher.send(articles, Pace())
    assert publisher.progress.delivered == publisher.progress.sent == 12_000
    arrived = messages(kafka, topic)
    assert sorted(json.loads(record.value)["title"] for record in arrived) == sorted(a.title for a in articles)
    by_key: dict[bytes, list[tuple[int, int]]] = {}
    for record in arrived:
        by_key.setdefault(record.key, []).append((record.partition, int(json.loads(record.value)["title"][6:])))
    for placed in by_key.values():
        assert len({partition for partition, _ in placed}) == 1
        assert [number for _, number in placed] == sorted(number for _, number in placed)
    assert told == []


@pytest.mark.kafka
def test_an_article_too_large_for_a_message_is_named_and_left_out(kafka: KafkaSettings, topic: str) -> None:
    told: list[str] = []
    place = Position(origin="big.jsonl", kind="file", line=2)
    with Publisher(kafka, topic, told.append) as publisher:
        publisher.send(
            [Article(title="a"), Article(title="b", text="x" * 2_000_000, position=place), Article(title="c")], Pace()
        )
    assert (publisher.progress.delivered, publisher.progress.too_large) == (2, 1)
    assert told[0].startswith("big.jsonl:2: 2,000,")


@pytest.mark.kafka
def test_a_broker_that_restarts_in_between_costs_nothing(own_broker: Broker) -> None:
    kafka = KafkaSettings(bootstrap=own_broker.bootstrap, timeout_seconds=10)
    topic = new_topic(own_broker, "bounced")

    def articles():  # type: ignore[no-untyped-def]
        for number in range(3000):
            if number == 1000:
                own_broker.kill()
                own_broker.start()
            yield Article(id=str(number), title=f"Title {number}")

    with Publisher(kafka, topic, print) as publisher:
        publisher.send(articles(), Pace())
    assert sorted(int(record.key) for record in messages(kafka, topic)) == list(range(3000))


@pytest.mark.kafka
def test_a_missing_topic_is_named(kafka: KafkaSettings) -> None:
    with pytest.raises(KafkaUnavailableError, match="no topic 'nothing-here'"):
        Publisher(kafka, "nothing-here", print)


@pytest.mark.kafka
def test_the_command_sends_archives_and_names_what_it_cannot_read(
    kafka: KafkaSettings, topic: str, tmp_path: Path
) -> None:
    lines = [json.dumps({"title": f"Title {n}", "date": "2024-05-01"}) for n in range(100)]
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as stream:
        stream.write("\n".join([*lines[:50], "{broken", *lines[50:]]))
    result = publish(str(tmp_path), "--kafka", kafka.bootstrap, "--topic", topic)
    assert result.returncode == 1
    assert "a.jsonl.gz:51: bad_json" in result.stderr
    assert f"100 articles delivered to {topic} on {kafka.bootstrap}, 1 left out" in result.stderr
    assert len(messages(kafka, topic)) == 100
    (tmp_path / "b.txt").write_text("Regulator opens the market\n\nIt lifted a ban.")
    result = publish(str(tmp_path / "b.txt"), "--kafka", kafka.bootstrap, "--topic", topic, "--rate", "50")
    assert (result.returncode, result.stdout) == (0, "")
    assert len(messages(kafka, topic)) == 101


def test_the_command_says_what_is_wrong_with_its_use(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A title\n\nA text.")
    for arguments, said in (
        (("--topic", "no such"), "no topic name"),
        (("--speed", "fast"), "60x"),
        (("--kafka", "here:there"), "HOST:PORT"),
    ):
        result = publish(str(tmp_path), *arguments)
        assert result.returncode == 2
        assert said in result.stderr
