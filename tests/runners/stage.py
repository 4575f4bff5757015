"""Topics of a test's own, and what lies on them."""

from collections import Counter
from pathlib import Path

from kafka import TopicPartition

from deploy.kafka.broker import Broker, create_topics
from pipeline.kafka.clients import consumer, producer
from pipeline.kafka.settings import KafkaSettings
from pipeline.runners.streaming import GROUP
from pipeline.sinks.cloudevents import decode
from schemas import Alert
from tests.brokers import new_topic
from tests.crash.process import RunProcess


class Stage:
    """A topic with articles, a topic with alerts, and processes of ``policywire run --runner`` between them."""

    def __init__(self, broker: Broker, folder: Path, runner: str, *options: str, **environment: str) -> None:
        """``options`` are the command's, ``environment`` its variables."""
        self.kafka = KafkaSettings(bootstrap=broker.bootstrap)
        self.topic = new_topic(broker, "news")
        self.alerts = new_topic(broker, "alerts")
        create_topics(broker.bootstrap, {f"{self.alerts}.dlq": 1})
        self._folder, self._environment = folder, environment
        self._options = ("--runner", runner, *options)
        self._processes: list[RunProcess] = []

    def run(self, *arguments: str, topic: str = "") -> RunProcess:
        """Starts a process; ``topic`` is the stage's unless given."""
        process = RunProcess(
            self._folder,
            *(*self._options, "--kafka", self.kafka.bootstrap, "--topic", topic or self.topic),
            *("--alerts", f"kafka://{self.kafka.bootstrap}/{self.alerts}", *arguments),
            **self._environment,
        )
        self._processes.append(process)
        return process

    def publish(self, values, partition=None, topic: str = "") -> None:
        client = producer(self.kafka)
        sent = [client.send(topic or self.topic, value, partition=partition) for value in values]
        for each in sent:
            each.get(timeout=60)
        client.close()

    def messages(self, topic: str) -> list:
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

    def sent(self) -> list[Alert]:
        """The alerts on the topic, repeats among them, in order."""
        return [decode(m.value, m.headers).data for m in self.messages(self.alerts)]

    def alerted(self) -> Counter:
        """How often each alert lies on the topic, by the article's id."""
        alerts = self.sent()
        ids = {alert.id: alert.article.id for alert in alerts}
        assert len(set(ids.values())) == len(ids), "an article was alerted under two ids"
        return Counter(alert.article.id for alert in alerts)

    def more_alerts_than(self, count: int) -> bool:
        return len(self.messages(self.alerts)) > count

    def behind(self, topic: str = "") -> int:
        """How many messages the group's positions are behind the end."""
        name = topic or self.topic
        client = consumer(self.kafka.model_copy(update={"group": GROUP}))
        partitions = [TopicPartition(name, n) for n in client.partitions_for_topic(name)]
        ends = client.end_offsets(partitions)
        left = sum(ends[p] - (client.committed(p) or 0) for p in partitions)
        client.close()
        return left

    def close(self) -> None:
        for process in self._processes:
            if process.alive():
                process.kill()


def ids(numbers) -> set[str]:
    return {f"article-{number}" for number in numbers}
