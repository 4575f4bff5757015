"""Kills and outages over a stream of articles, and the account afterwards.

    python -m tests.crash.kills --articles 50000 --kills 30 --outages 5

A producer sends articles (and some messages that are none) to a topic at a steady rate. Meanwhile ``policywire run`` is
killed by SIGKILL again and again, every second time while alerts are being written to the alert topic, and the broker
is killed or stopped and started again. Then the stream is let run dry, and everything is counted:

- read: articles and dead letters that the ledger counts, against those sent: neither one missing nor one twice;
- alerts on the topic, against those of a replay of the same articles: none missing, none too many;
- repeats: alerts that lie on the topic twice (a kill came between the broker's acknowledgement and the ledger's mark),
  and how many of those `policywire subscribe` shows: none.
"""

import argparse
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from deploy.kafka.broker import ProcessBroker, create_topics
from pipeline.errors import PolicywireError
from pipeline.kafka.clients import consumer, producer
from pipeline.kafka.settings import KafkaSettings
from pipeline.ledger import Ledger
from tests.crash.process import ROOT, RunProcess
from tests.scripted import news

POISON_EVERY = 97
ALERT_EVERY = 10


@dataclass
class Play:
    """What is to happen."""

    articles: int
    kills: int
    outages: int
    rate: float
    seed: int = 1
    say: bool = False


@dataclass
class Account:
    """What came of it. ``lost`` and ``surplus`` are alerts missing from, or too many on, the topic, against a replay."""

    sent: int = 0
    poison: int = 0
    read: int = 0
    dead_letters: int = 0
    expected: int = 0
    lost: int = 0
    surplus: int = 0
    on_topic: int = 0
    repeats_on_topic: int = 0
    shown: int = 0
    repeats_shown: int = 0
    kills: int = 0
    kills_at_alerts: int = 0
    outages: int = 0
    waiting: dict[str, int] = field(default_factory=dict)
    exit_code: int = -1
    seconds: float = 0.0

    def faults(self) -> list[str]:
        """What is not as it must be."""
        checks = {
            f"{self.sent - self.read} of {self.sent} articles unaccounted for": self.read == self.sent,
            f"{self.poison} bad messages, {self.dead_letters} dead letters": self.dead_letters == self.poison,
            f"{self.lost} alerts lost": self.lost == 0,
            f"{self.surplus} alerts too many": self.surplus == 0,
            f"{self.repeats_shown} repeats shown": self.repeats_shown == 0,
            f"{self.shown} alerts shown of {self.expected}": self.shown == self.expected,
            f"left waiting: {self.waiting}": not self.waiting,
            f"exit code {self.exit_code}": self.exit_code == 0,
        }
        return [fault for fault, well in checks.items() if not well]


def record(number: int) -> bytes:
    """The number-th message."""
    if number % POISON_EVERY == POISON_EVERY - 1:
        return b'{"title": "cut off in the mid' + str(number).encode()
    return news(number, alert=number % ALERT_EVERY == 0)


def play(plan: Play, folder: Path) -> Account:
    """Plays ``plan`` in an empty ``folder`` and returns the account."""
    began = time.monotonic()
    with ProcessBroker() as broker:
        create_topics(broker.bootstrap, {"news": 4, "policy-alerts": 3, "policy-alerts.dlq": 1})
        stage = _Stage(plan, folder, broker)
        account = stage.run()
    account.seconds = time.monotonic() - began
    return account


class _Stage:
    def __init__(self, plan: Play, folder: Path, broker: ProcessBroker) -> None:
        self._plan, self._folder, self._broker = plan, folder, broker
        self._settings = KafkaSettings(bootstrap=broker.bootstrap, timeout_seconds=10)
        self._chance = random.Random(plan.seed)
        self._account = Account()
        self._sent = threading.Event()

    def _say(self, text: str) -> None:
        if self._plan.say:
            print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    def run(self) -> Account:
        sending = threading.Thread(target=self._send)
        disturbing = threading.Thread(target=self._disturb)
        sending.start()
        disturbing.start()
        process = self._start()
        try:
            for number in range(self._plan.kills):
                self._kill(process, while_alerting=number % 2 == 1)
                process = self._start()
            sending.join()
            disturbing.join()
            self._run_dry(process)
            self._until(
                lambda: process.said('"started"') or not process.alive(), 120
            )  # before it, SIGTERM just ends it
            process.send(signal.SIGTERM)
            self._account.exit_code, _ = process.wait(30)
        finally:
            process.kill()
        self._count()
        return self._account

    def _start(self) -> RunProcess:
        where = f"kafka://{self._broker.bootstrap}/policy-alerts"
        return RunProcess(
            self._folder, "--kafka", self._broker.bootstrap, "--topic", "news", "--alerts", where, "--poll", "0.05",
            POLICYWIRE_KAFKA__TIMEOUT_SECONDS="5",
        )  # fmt: skip

    def _send(self) -> None:
        client = producer(self._settings, delivery_timeout_ms=300_000)
        began = time.monotonic()
        for number in range(self._plan.articles):
            value = record(number)
            self._account.poison += not value.endswith(b"}")
            client.send("news", value, key=str(number).encode())
            if number % 20 == 0:
                time.sleep(max(0.0, began + number / self._plan.rate - time.monotonic()))
        client.flush()
        client.close()
        self._account.sent = self._plan.articles - self._account.poison
        self._sent.set()
        self._say("everything is sent")

    def _disturb(self) -> None:
        span = self._plan.articles / self._plan.rate
        for number in range(self._plan.outages):
            self._sent.wait(span / (self._plan.outages + 1))
            self._say("broker down")
            (self._broker.kill if number % 2 == 0 else self._broker.stop)()
            time.sleep(self._chance.uniform(0.5, 3.0))
            self._broker.start()
            self._account.outages += 1
            self._say("broker up")

    def _kill(self, process: RunProcess, *, while_alerting: bool) -> None:
        self._until(lambda: process.said('"started"') or not process.alive(), 120)
        if while_alerting:
            before = self._alerts_on_topic()
            while before < 0:  # a busy broker has not answered
                before = self._alerts_on_topic()
            # Where everything was sent and delivered there will be no more alerts to wait for.
            self._until(lambda: self._alerts_on_topic() > before or not process.alive() or self._dry(), 60)
            time.sleep(self._chance.uniform(0.0, 0.05))
            self._account.kills_at_alerts += self._alerts_on_topic() > before
        else:
            time.sleep(self._chance.uniform(0.1, 4.0))
        assert process.alive(), f"the pipeline ended by itself:\n{process.log()}"
        process.kill()
        self._account.kills += 1
        self._say(f"kill {self._account.kills}{' while alerting' if while_alerting else ''}; {self._totals()}")

    def _alerts_on_topic(self) -> int:
        with suppress(PolicywireError, Exception):
            client = consumer(self._settings.model_copy(update={"timeout_seconds": 2}), group_id=None)
            try:
                places = [TopicPartition("policy-alerts", n) for n in range(3)]
                return sum(client.end_offsets(places, timeout_ms=2000).values())
            finally:
                client.close()
        return -1

    def _totals(self) -> Counter[str]:
        with suppress(PolicywireError), Ledger(self._folder / "policywire.sqlite", exclusive=False) as ledger:
            return Counter(ledger.totals()) + Counter({"waiting": sum(ledger.waiting().values())})
        return Counter()

    def _dry(self) -> bool:
        totals = self._totals()
        done = totals["articles"] + totals["dead_letters"]
        return self._sent.is_set() and done >= self._plan.articles and not totals["waiting"]

    def _run_dry(self, process: RunProcess) -> None:
        def dry() -> bool:
            assert process.alive(), f"the pipeline ended by itself:\n{process.log()}"
            return self._dry()

        self._until(dry, 60 + self._plan.articles / 100)

    def _until(self, condition, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain; {self._totals()}"
            time.sleep(0.05)

    def _count(self) -> None:
        account = self._account
        totals = self._totals()
        account.read, account.dead_letters = totals["articles"], totals["dead_letters"]
        with Ledger(self._folder / "policywire.sqlite", exclusive=False) as ledger:
            account.waiting = ledger.waiting()
        expected = self._replayed()
        found = self._read_topic()
        account.expected, account.on_topic = len(expected), sum(found.values())
        account.lost, account.surplus = len(expected - found.keys()), len(found.keys() - expected)
        account.repeats_on_topic = account.on_topic - len(found)
        shown = self._subscribed()
        account.shown, account.repeats_shown = len(set(shown)), len(shown) - len(set(shown))

    def _replayed(self) -> set[str]:
        archive, alerts = self._folder / "archive.jsonl", self._folder / "replayed.jsonl"
        archive.write_bytes(b"".join(record(n) + b"\n" for n in range(self._plan.articles)))
        _policywire("replay", str(archive), "--alerts", str(alerts))
        return {json.loads(line)["id"] for line in alerts.read_text().splitlines()}

    def _read_topic(self) -> Counter[str]:
        client = KafkaConsumer(
            "policy-alerts", bootstrap_servers=self._broker.bootstrap, auto_offset_reset="earliest",
            enable_auto_commit=False, consumer_timeout_ms=5000,
        )  # fmt: skip
        found = Counter(json.loads(message.value)["id"] for message in client)
        client.close()
        return found

    def _subscribed(self) -> list[str]:
        out = _policywire("subscribe", f"kafka://{self._broker.bootstrap}/policy-alerts", "--once", "--json")
        return [json.loads(line)["id"] for line in out.splitlines()]


def _policywire(*arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in (0, 1), run.stderr  # 1: there were dead letters
    return run.stdout


def main() -> None:
    """Plays what the command line says and prints the account."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--outages", type=int, default=5)
    parser.add_argument("--rate", type=float, default=200.0, help="articles a second")
    parser.add_argument("--seed", type=int, default=1)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # of outages we know
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="policywire-kills-") as folder:
        account = play(Play(**vars(given), say=True), Path(folder))
    print(json.dumps(vars(account) | {"faults": account.faults()}, indent=2))
    sys.exit(1 if account.faults() else 0)


if __name__ == "__main__":
    main()
