"""How fast articles go to a topic and come from it, and alerts go out: the Kafka parts by themselves.

python -m benchmarks.kafka_speed --messages 50000
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kafka import TopicPartition

from benchmarks.live_stage import Stage, article, machine, stage
from pipeline.kafka.address import parse_address
from pipeline.kafka.clients import consumer, producer
from pipeline.kafka.publication import message
from pipeline.kafka.settings import KafkaSettings
from pipeline.kafka.topics import Topics
from pipeline.ledger import Ledger, Parcel
from pipeline.runners.replay import replay
from pipeline.settings import ReadLimits, Settings
from pipeline.sinks.kafka import KafkaSink
from pipeline.sources.kafka_rounds import KafkaRounds
from schemas import Article

_TOPIC = "news"
_PADDING = "What else was said is of no weight. " * 40


def produce(kafka: KafkaSettings, messages: int) -> None:
    """Articles of about 2 KB, keyed as ``policywire publish`` keys them; returns when all are acknowledged."""
    client = producer(kafka, linger_ms=20)
    for number in range(messages):
        read = Article.model_validate_json(article(number))
        key, value = message(read.model_copy(update={"text": f"{read.text} {_PADDING}"}))
        client.send(_TOPIC, value, key=key)
    client.flush()
    client.close()


def consume(kafka: KafkaSettings, messages: int) -> None:
    """With the bare consumer, as ``subscribe`` and the sources make it."""
    client = consumer(kafka)
    client.assign([TopicPartition(_TOPIC, number) for number in client.partitions_for_topic(_TOPIC)])
    got = 0
    while got < messages:
        got += sum(map(len, client.poll(500).values()))
    client.close()


def read_ahead(kafka: KafkaSettings, messages: int) -> None:
    """With the source of ``run``, into plans of a round's size."""
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "ledger.sqlite") as ledger:
        source = KafkaRounds(kafka, Topics(_TOPIC), ReadLimits(), once=True)
        got = 0
        while got < messages:
            plan = source.plan(ledger, 5000)
            got += len(plan.work) if plan is not None else 0
            if plan is None:
                time.sleep(0.001)
        source.close()


def deliver(kafka: KafkaSettings, parcels: list[Parcel]) -> None:
    """With the Kafka sink of ``run``, in its own batches; returns when all are acknowledged."""
    sink = KafkaSink(parse_address("kafka:///policy-alerts"), kafka)
    for first in range(0, len(parcels), sink.batch):
        batch = parcels[first : first + sink.batch]
        delivery = sink.deliver(batch)
        assert len(delivery.acknowledged) == len(batch), delivery
    sink.close()


def alerts(where: Stage, count: int) -> list[Parcel]:
    """Alerts as they wait in the outbox, made from one by changing its number."""
    archive = where.folder / "one.jsonl"
    archive.write_bytes(article(0) + b"\n")
    with replay([archive], Settings()) as outcome:
        (body,) = outcome.alerts()
    return [Parcel(n, "alert", str(n), body.replace(b"article-0", b"article-%d" % n), 0.0) for n in range(count)]


def main() -> None:
    """Prints the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=50_000)
    count = parser.parse_args().messages
    with stage() as where:
        print(machine())
        parcels = alerts(where, count // 10)
        steps: list[tuple[str, int, Callable[[], None]]] = [
            ("produced", count, lambda: produce(where.settings, count)),
            ("consumed", count, lambda: consume(where.settings, count)),
            ("read by the source of run", count, lambda: read_ahead(where.settings, count)),
            ("alerts delivered by the sink of run", len(parcels), lambda: deliver(where.settings, parcels)),
        ]
        for what, number, step in steps:
            began, spent = time.perf_counter(), time.process_time()
            step()
            seconds, spent = time.perf_counter() - began, time.process_time() - spent
            print(f"{number / seconds:>8,.0f} a second {what} ({spent / number * 1e3:.3f} ms of processor time each)")


if __name__ == "__main__":
    main()
