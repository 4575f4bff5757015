"""What the benchmarks of the live pipeline share: a broker of their own, articles, and a look at what came out."""

import json
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaConsumer

from deploy.kafka.broker import ProcessBroker, create_topics
from pipeline.kafka.clients import producer
from pipeline.kafka.settings import KafkaSettings
from pipeline.ledger import Ledger
from tests.crash.process import RunProcess

# About as long as the items of a news feed: 600 to 700 bytes. One in twenty tells of a policy signal.
_FILLER = (
    "Supporters who had travelled from both ends of the country left early, and the manager said that the side had "
    "made too many mistakes in the second half. The next match is on Saturday. Tickets for it went on sale in the "
    "morning and were gone by noon, the club wrote on its page, and there will be a screen in the park. The weather "
    "is expected to be dry, with some cloud in the afternoon and a light wind from the west."
)
_SIGNAL = (
    "The Federal Reserve fined the lender {0} million dollars for breaking lending rules, it said on Monday. The bank "
    "has to write to its customers within sixty days. Analysts had expected a smaller sum, and the shares were little "
    "changed in the afternoon. The lender said that it had put new controls in place and would pay at once."
)


def article(number: int) -> bytes:
    """The number-th article as JSON."""
    signal = number % 20 == 0
    title = f"Federal Reserve fines Bank {number} over lending rules" if signal else f"Match {number} ends in a draw"
    text = _SIGNAL.format(number) if signal else f"Match {number}. {_FILLER}"
    time_ = f"2024-03-{1 + number // 86400 % 28:02}T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return json.dumps({"id": f"article-{number}", "title": title, "text": text, "published": time_}).encode()


@dataclass
class Stage:
    """A broker, a folder for a ledger, and topics ``news`` and ``policy-alerts``."""

    bootstrap: str
    folder: Path

    @property
    def settings(self) -> KafkaSettings:
        """How to reach the broker."""
        return KafkaSettings(bootstrap=self.bootstrap)

    def write(self, numbers: range) -> None:
        """Puts articles on the topic, as fast as it goes."""
        client = producer(self.settings, linger_ms=20)
        for number in numbers:
            client.send("news", article(number), key=str(number).encode())
        client.flush()
        client.close()

    def run(self, *more: str, **environment: str) -> RunProcess:
        """``policywire run`` from the one topic to the other."""
        sink = f"kafka://{self.bootstrap}/policy-alerts"
        return RunProcess(
            self.folder, "--kafka", self.bootstrap, "--topic", "news", "--alerts", sink, *more, **environment
        )

    def ledger(self) -> Ledger:
        """A look at the run's ledger."""
        return Ledger(self.folder / "policywire.sqlite", exclusive=False)

    def alerts(self) -> KafkaConsumer:
        """A reader of the alert topic, from its beginning."""
        return KafkaConsumer("policy-alerts", bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")


@contextmanager
def stage() -> Iterator[Stage]:
    """Sets the stage, and clears it away."""
    with tempfile.TemporaryDirectory(prefix="policywire-bench-") as folder, ProcessBroker() as broker:
        create_topics(broker.bootstrap, {"news": 4, "policy-alerts": 2, "policy-alerts.dlq": 1})
        yield Stage(broker.bootstrap, Path(folder))


def wait_until_started(process: RunProcess) -> None:
    """Until the vocabularies are loaded and the first round may begin."""
    while not process.said('"started"'):
        assert process.alive(), process.log()
        time.sleep(0.01)


@dataclass(frozen=True)
class Spent:
    """Processor seconds of a run's process and of the readers that it started."""

    run: float = 0.0
    readers: float = 0.0

    def __sub__(self, earlier: "Spent") -> "Spent":
        return Spent(self.run - earlier.run, self.readers - earlier.readers)


def spent(pid: int) -> Spent:
    """What the process ``pid`` has spent so far."""
    return Spent(_processor_seconds(pid), sum(map(_processor_seconds, _children(pid))))


def resident_mb(pid: int) -> float:
    """Memory of a process and its readers, in MB."""
    pages = sum(int(_proc(process, "statm").split()[1]) for process in (pid, *_children(pid)))
    return pages * resource.getpagesize() / 1e6


def _processor_seconds(pid: int) -> float:
    fields = _proc(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    return [int(child) for thread in Path(f"/proc/{pid}/task").iterdir() for child in _lines(thread / "children")]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:  # a thread that has ended
        return []


def _proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def machine() -> str:
    """Cores and load, to be printed beside every figure."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the run"
