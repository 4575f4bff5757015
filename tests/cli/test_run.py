"""``policywire run`` as a process, against a broker."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from deploy.kafka.broker import create_topics
from pipeline.cli.run import parse_start
from pipeline.errors import UsageError
from pipeline.kafka.clients import producer
from pipeline.ledger import Ledger
from tests.brokers import new_topic
from tests.scripted import news
from tests.waiting import wait_for

ROOT = Path(__file__).parent.parent.parent


class Run:
    """A process of ``policywire run`` in a folder of its own."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.log = folder / "log"
        self._stderr = self.log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "run", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        )

    def wait(self, seconds=60):
        out, _ = self.process.communicate(timeout=seconds)
        self._stderr.close()
        return self.process.returncode, out.decode(), self.log.read_text()

    def said(self, words):
        return words in self.log.read_text()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self._stderr.close()


@pytest.fixture
def run(tmp_path):
    started = []

    def begin(*arguments, **environment):
        started.append(Run(tmp_path, *arguments, **environment))
        return started[-1]

    yield begin
    for process in started:
        process.end()


def write(kafka, topic, *values):
    client = producer(kafka)
    for value in values:
        client.send(topic, value)
    client.flush()
    client.close()


def ids(path):
    return (
        [json.loads(line)["data"]["article"]["id"] for line in path.read_text().splitlines()] if path.exists() else []
    )


@pytest.mark.kafka
def test_once_reads_a_topic_to_its_end_and_delivers_everywhere(kafka, topic, broker, run, tmp_path):
    alerts = new_topic(broker, "alerts", 2)
    write(kafka, topic, *(news(n, alert=n % 2 == 0) for n in range(10)), b"not JSON")
    where = f"kafka://{kafka.bootstrap}/{alerts}"
    arguments = ("--kafka", kafka.bootstrap, "--topic", topic, "--once", "--alerts", where)
    code, out, log = run(*arguments, "--alerts", "alerts.jsonl", "--alerts", "-").wait()
    assert code == 1, log
    assert "1 dead letters (`policywire deadletters list`); what was read is delivered" in log
    assert sorted(ids(tmp_path / "alerts.jsonl")) == [f"article-{n}" for n in range(0, 10, 2)]
    assert len(out.splitlines()) == 5
    assert (tmp_path / "alerts.dead-letters.jsonl").exists()
    with Ledger(tmp_path / "policywire.sqlite", exclusive=False) as ledger:
        assert ledger.totals()["articles"] == 10
        assert ledger.dead_letter_counts() == {"bad_json": 1}
        assert ledger.waiting() == {}
    code, out, log = run(*arguments, "--alerts", "-").wait()
    assert (code, out) == (0, ""), log


@pytest.mark.kafka
def test_the_widest_pattern_does_not_read_what_the_run_wrote(kafka, own_broker, run, tmp_path):
    settings = kafka.model_copy(update={"bootstrap": own_broker.bootstrap})
    create_topics(own_broker.bootstrap, {"news": 2, "alerts": 1, "alerts.dlq": 1})
    write(settings, "news", *(news(n) for n in range(5)), b"not JSON")
    alerts = f"kafka://{settings.bootstrap}/alerts"
    arguments = ("--kafka", settings.bootstrap, "--topic", ".*", "--once", "--alerts", alerts)
    # The second time there are alerts, a dead letter and the group's offsets to leave alone.
    for expected in (1, 0):
        code, _, log = run(*arguments, POLICYWIRE_KAFKA__GROUP="widest").wait()
        assert code == expected, log
    with Ledger(tmp_path / "policywire.sqlite", exclusive=False) as ledger:
        assert ledger.totals()["articles"] == 5
        assert ledger.dead_letter_counts() == {"bad_json": 1}
        assert {item.rpartition("/")[0] for item in ledger.positions(f"kafka {settings.bootstrap}")} == {"news"}


@pytest.mark.kafka
def test_metrics_health_and_logs_tell_of_what_is_read(kafka, topic, run, tmp_path):
    write(kafka, topic, *(news(n, alert=n % 2 == 0) for n in range(10)), b"not JSON")
    arguments = ("--kafka", kafka.bootstrap, "--topic", topic, "--alerts", "alerts.jsonl", "--metrics", "127.0.0.1:0")
    running = run(*arguments)
    wait_for(lambda: len(ids(tmp_path / "alerts.jsonl")) == 5, 60)
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    port = next(line["message"].rpartition(" ")[2] for line in lines if line.get("where") == "telemetry")
    page = ""

    def idle() -> bool:
        # The backlog is told by the round behind the one that read the last article.
        nonlocal page
        page = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        return f'policywire_source_backlog{{source="kafka {kafka.bootstrap}"}} 0.0' in page

    wait_for(idle, 20)
    assert f'policywire_articles_total{{source="kafka {kafka.bootstrap}"}} 10.0' in page
    assert 'policywire_alerts_total{direction="tightening",jurisdiction="US"} 5.0' in page
    assert 'policywire_dead_letters_total{cause="bad_json"} 1.0' in page
    assert "policywire_alert_arrival_latency_seconds_count 5.0" in page
    assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    alerted = {line["article"] for line in lines if line["event"] == "alert"}
    assert alerted == {f"article-{n}" for n in range(0, 10, 2)}
    assert [line["position"] for line in lines if line["event"] == "dead_letter"]


@pytest.mark.kafka
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_within_two_seconds(kafka, topic, run, tmp_path, number):
    write(kafka, topic, *(news(n) for n in range(20)))
    running = run("--kafka", kafka.bootstrap, "--topic", topic, "--alerts", "alerts.jsonl")
    wait_for(lambda: len(ids(tmp_path / "alerts.jsonl")) == 20, 60)
    asked = time.monotonic()
    running.process.send_signal(number)
    code, _, log = running.wait(10)
    assert code == 0, log
    assert time.monotonic() - asked < 2
    assert "given up" not in log, log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines][-1] == "stopped"
    assert sum(line.get("articles", 0) for line in lines) == 20


@pytest.mark.kafka
def test_a_broker_that_is_down_at_the_start_is_said_and_waited_for(own_broker, kafka, run, tmp_path):
    topic = new_topic(own_broker, "late", 1)
    settings = kafka.model_copy(update={"bootstrap": own_broker.bootstrap})
    write(settings, topic, news(1))
    own_broker.stop()
    running = run(
        "--kafka", own_broker.bootstrap, "--topic", topic, "--alerts", "a.jsonl", POLICYWIRE_KAFKA__TIMEOUT_SECONDS="2"
    )
    wait_for(lambda: running.said("no answer from a Kafka broker"), 60)
    own_broker.start()
    wait_for(lambda: ids(tmp_path / "a.jsonl") == ["article-1"], 60)
    wait_for(lambda: running.said("reached again"))


@pytest.mark.kafka
def test_a_missing_topic_is_said(kafka, run):
    running = run("--kafka", kafka.bootstrap, "--topic", "nowhere")
    wait_for(lambda: running.said("there is no topic 'nowhere'"), 60)


@pytest.mark.kafka
def test_a_second_runner_is_refused(kafka, topic, run):
    first = run("--kafka", kafka.bootstrap, "--topic", topic)
    wait_for(lambda: first.said("started"), 60)
    code, _, log = run("--kafka", kafka.bootstrap, "--topic", topic).wait()
    assert code == 1
    assert f"in use by process {first.process.pid}" in log


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "nothing to read"),
        (("--topic", "t", "--alerts", "alerts.csv"), "cannot send alerts to 'alerts.csv'"),
        (("--topic", "t", "--alerts", "a.jsonl", "--alerts", "a.jsonl"), "named twice"),
        (
            ("--topic", "t", "--ledger", "m.jsonl", "--alerts", "./m.jsonl"),
            "--alerts m.jsonl would overwrite --ledger m",
        ),
        (("--topic", "t", "--alerts", "a.jsonl", "--alerts", "b/../a.jsonl"), "would overwrite --alerts a.jsonl"),
        (("--topic", "t", "--from", "yesterday"), "--from 'yesterday'"),
        (("--topic", "t", "--kafka", "what:ever:it"), "HOST:PORT"),
        (("--topic", "a", "--alerts", "kafka:///a"), "--topic 'a' is what --alerts kafka:///a writes to"),
        (("--topic", "a.dlq", "--alerts", "-", "--alerts", "kafka:///a"), "--topic 'a.dlq' is what --alerts"),
        (("--topic", "a", "--runner", "flink", "--alerts", "kafka:///a"), "--topic 'a' is what --alerts"),
        (("--topic", "__consumer_offsets"), "one of Kafka's own topics: correct --topic"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(run, arguments, words):
    code, _, log = run(*arguments).wait()
    assert code == 2
    assert words in log
    assert len(log.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("NONSENSE", "--runner-option 'NONSENSE': write it --NAME=VALUE"),
        ("--environment_typ=LOOPBACK", "--runner-option --environment_typ: neither Beam nor the runner has such an option; "
         "did you mean --environment_type?"),
        ("--num_workers=many", "--runner-option --num_workers: invalid int value: 'many'"),
    ],
)  # fmt: skip
def test_a_wrong_option_for_the_runner_is_one_line_and_exit_code_2(run, option, words):
    arguments = ("--runner", "prism", "--topic", "t", "--alerts", "kafka:///a")
    code, out, log = run(*arguments, "--runner-option", option).wait()
    assert (code, out) == (2, "")
    assert log.startswith(f"policywire: {words}")
    assert len(log.splitlines()) == 1


def _newer_ledger(folder):
    with Ledger(folder / "l.sqlite") as ledger, ledger.transaction() as transaction:
        transaction.set_meta("schema_version", "99")


def test_a_ledger_of_a_newer_policywire_is_one_line_and_exit_code_1(run, tmp_path):
    _newer_ledger(tmp_path)
    before = (tmp_path / "l.sqlite").read_bytes()
    code, _, log = run("--feeds", "https://a.invalid/", "--ledger", "l.sqlite").wait()
    assert code == 1
    assert "schema version 99" in log
    assert "upgrade policywire" in log
    assert len(log.splitlines()) == 1
    assert (tmp_path / "l.sqlite").read_bytes() == before


@pytest.mark.parametrize("ledger", ["l.sqlite", "new.sqlite", "new/l.sqlite"])
def test_a_read_only_volume_is_one_line_and_exit_code_1(tmp_path, ledger):
    volume = tmp_path / "volume"
    volume.mkdir()
    Ledger(volume / "l.sqlite").close()
    # Mounted read-only in a mount namespace of the test's own: not even root may write there.
    mount = f"mount --bind {volume} {volume} && mount -o remount,bind,ro {volume}"
    unshare = ["unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)), "sh", "-c"]
    if subprocess.run([*unshare, mount], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a volume read-only (unshare --mount)")
    command = f"{sys.executable} -m pipeline.cli run --feeds https://a.invalid/ --ledger {volume / ledger}"
    ran = subprocess.run(
        [*unshare, f"{mount} && exec {command}"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1
    assert "Read-only file system" in ran.stderr
    assert "--ledger" in ran.stderr


def test_where_to_start():
    assert parse_start("latest") == "latest"
    assert parse_start("2026-01-31").isoformat() == "2026-01-31T00:00:00+00:00"
    assert parse_start("2026-01-31T12:00:00+02:00").isoformat() == "2026-01-31T12:00:00+02:00"
    with pytest.raises(UsageError):
        parse_start("")
