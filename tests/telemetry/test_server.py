import time
from pathlib import Path

import httpx
import pytest

from pipeline.errors import OutputError
from pipeline.ledger import Ledger
from pipeline.runners.trouble import Trouble
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.server import TelemetryServer
from tests.telemetry.reports import report


class Turns:
    """A run's last turn, set by hand."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def health(turns) -> Health:
    return Health(turns, 30, ["kafka", "alerts.jsonl"])


@pytest.fixture
def metrics(tmp_path: Path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield Metrics(ledger, "m1")


@pytest.fixture
def base(health, metrics):
    with TelemetryServer("127.0.0.1:0", metrics.registry, health) as server:
        yield f"http://127.0.0.1:{server.port}"


def test_metrics_are_served_in_both_of_prometheus_formats(base, metrics):
    metrics(report())
    plain = httpx.get(f"{base}/metrics")
    assert plain.status_code == 200
    assert plain.headers["content-type"].startswith("text/plain")
    assert 'policywire_articles_total{source="kafka"} 3.0' in plain.text
    newer = httpx.get(f"{base}/metrics", headers={"Accept": "application/openmetrics-text"})
    assert newer.headers["content-type"].startswith("application/openmetrics-text")
    assert newer.text.endswith("# EOF\n")


def test_a_run_is_alive_from_its_start_and_ready_from_its_first_turn(base, turns):
    assert httpx.get(f"{base}/healthz").status_code == 200
    starting = httpx.get(f"{base}/readyz")
    assert (starting.status_code, starting.text) == (503, "starting\n")
    turns.at = time.monotonic()
    assert httpx.get(f"{base}/readyz").text == "ok\n"


def test_a_run_that_stalls_is_not_alive(base, turns):
    turns.at = time.monotonic() - 31
    answer = httpx.get(f"{base}/healthz")
    assert answer.status_code == 503
    assert "no turn for 31 s" in answer.text
    assert httpx.get(f"{base}/readyz").status_code == 503


def test_a_source_or_sink_in_trouble_makes_unready_but_not_dead(base, turns, health):
    turns.at = time.monotonic()
    health(Trouble("kafka", "no answer from a Kafka broker"))
    health(Trouble("clock", "it was set back"))
    answer = httpx.get(f"{base}/readyz")
    assert (answer.status_code, answer.text) == (503, "kafka: no answer from a Kafka broker\n")
    assert httpx.get(f"{base}/healthz").status_code == 200
    health(Trouble("kafka", "reached again", over=True))
    assert httpx.get(f"{base}/readyz").status_code == 200


def test_other_paths_and_methods_are_refused(base):
    assert httpx.get(f"{base}/").status_code == 404
    assert httpx.get(f"{base}/../etc/passwd").status_code == 404
    assert httpx.post(f"{base}/metrics").status_code == 501


def test_a_port_in_use_is_said_with_the_setting(base, health, metrics):
    address = base.removeprefix("http://")
    with pytest.raises(
        OutputError, match=r"cannot listen on 127\.0\.0\.1:\d+: Address already in use.*telemetry\.metrics"
    ):
        TelemetryServer(address, metrics.registry, health)
