"""Sinks, disks and brokers that fail under a running pipeline."""

import json
import os
import resource
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.kafka.clients import producer
from pipeline.ledger import Ledger
from tests.brokers import new_topic
from tests.crash.process import RunProcess
from tests.scripted import news
from tests.waiting import wait_for

# The issue asks for a minute; here it is some seconds, in CI and elsewhere the same path.
OUTAGE = float(os.environ.get("POLICYWIRE_TEST_OUTAGE", "3"))


def write(kafka, topic, numbers):
    client = producer(kafka)
    for number in numbers:
        client.send(topic, news(number), key=str(number).encode())
    client.flush()
    client.close()


class Receiver(ThreadingHTTPServer):
    """A webhook's receiver that can be out of order."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got, self.down = [], False
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if not self.server.down:
            self.server.got.append(json.loads(body)["data"]["article"]["id"])
        self.send_response(503 if self.server.down else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.kafka
def test_a_sink_that_is_down_holds_reading_back_and_gets_everything_once(kafka, topic, start, receiver, tmp_path):
    receiver.down = True
    write(kafka, topic, range(60))
    running = start(
        "--kafka", kafka.bootstrap, "--topic", topic, "--alerts", f"http://127.0.0.1:{receiver.server_port}/hook",
        "--alerts", "alerts.jsonl", POLICYWIRE_WEBHOOK__ALLOW_PRIVATE="1", POLICYWIRE_LIVE__OUTBOX_LIMIT="20",
        POLICYWIRE_LIVE__ROUND_ARTICLES="10",
    )  # fmt: skip
    wait_for(lambda: running.said("reading pauses"), 60)
    time.sleep(OUTAGE)
    with Ledger(tmp_path / "policywire.sqlite", exclusive=False) as ledger:
        assert ledger.totals()["articles"] < 60
    receiver.down, since = False, time.monotonic()
    wait_for(lambda: len(receiver.got) == 60, 60)
    assert time.monotonic() - since < OUTAGE + 20  # the longest pause between two tries is 15 s
    running.send(signal.SIGTERM)
    assert running.wait()[0] == 0
    assert sorted(receiver.got) == sorted(f"article-{n}" for n in range(60))
    assert len((tmp_path / "alerts.jsonl").read_text().splitlines()) == 60


@pytest.mark.kafka
def test_a_broker_lost_while_running_is_said_and_nothing_is_missing(own_broker, kafka, start, tmp_path):
    settings = kafka.model_copy(update={"bootstrap": own_broker.bootstrap})
    topic, alerts = new_topic(own_broker, "lost", 2), new_topic(own_broker, "alerts", 1)
    write(settings, topic, range(10))
    running = start(
        "--kafka", own_broker.bootstrap, "--topic", topic, "--alerts", f"kafka://{own_broker.bootstrap}/{alerts}",
        "--alerts", "alerts.jsonl", POLICYWIRE_KAFKA__TIMEOUT_SECONDS="2",
    )  # fmt: skip
    lines = tmp_path / "alerts.jsonl"
    wait_for(lambda: lines.exists() and len(lines.read_text().splitlines()) == 10, 60)
    own_broker.kill()
    wait_for(lambda: running.said("no answer from a Kafka broker"), 60)
    time.sleep(OUTAGE)
    own_broker.start()
    write(settings, topic, range(10, 20))
    wait_for(lambda: len(lines.read_text().splitlines()) == 20, 90)
    wait_for(lambda: running.said("reached again"), 60)

    def delivered():
        with Ledger(tmp_path / "policywire.sqlite", exclusive=False) as ledger:
            return not ledger.waiting()

    wait_for(delivered, 60)
    running.send(signal.SIGTERM)
    assert running.wait()[0] == 0


@pytest.mark.kafka
def test_a_full_disk_ends_the_run_in_one_line_and_the_next_one_goes_on(kafka, topic, start, tmp_path):
    arguments = ("--kafka", kafka.bootstrap, "--topic", topic, "--once", "--alerts", "alerts.jsonl")
    assert start(*arguments).wait()[0] == 0
    write(kafka, topic, range(300))
    full = start(*arguments)
    room = (tmp_path / "policywire.sqlite").stat().st_size + 60_000
    resource.prlimit(full.pid, resource.RLIMIT_FSIZE, (room, room))
    code, _ = full.wait()
    assert code == 1
    assert "disk" in full.log()
    assert "nothing is lost" in full.log()
    assert "Traceback" not in full.log()
    again = start(*arguments)
    assert again.wait()[0] == 0, again.log()
    found = [json.loads(line)["data"]["article"]["id"] for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert sorted(found) == sorted(f"article-{n}" for n in range(300))


def test_a_stop_before_anything_began_is_a_stop(tmp_path):
    running = RunProcess(tmp_path, "--topic", "t", "--kafka", "127.0.0.1:9", "--alerts", "a.jsonl")
    wait_for(lambda: running.said("started"), 60)
    running.send(signal.SIGINT)
    began = time.monotonic()
    assert running.wait()[0] == 0
    assert time.monotonic() - began < 2
