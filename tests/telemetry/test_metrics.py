from collections import Counter
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.ledger import Ledger
from pipeline.runners.trouble import Trouble
from pipeline.sources.feeds.state import FeedState
from pipeline.telemetry.metrics import Metrics
from tests import builders
from tests.telemetry.reports import AT, report


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger(tmp_path / "ledger.sqlite", clock=lambda: AT) as opened:
        yield opened


def samples(metrics: Metrics) -> dict[str, float]:
    """What a scrape sees: ``name{label=value,...}`` -> value."""
    text = generate_latest(metrics.registry).decode()
    return {
        sample.name
        + (
            "{" + ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items())) + "}" if sample.labels else ""
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_rounds_add_up(ledger):
    metrics = Metrics(ledger, "m1")
    metrics(report())
    metrics(report(counters=Counter(read_kafka=2, dead_bad_json=1, dead_letters=1), alerts=()))
    seen = samples(metrics)
    assert seen["policywire_articles_total{source=kafka}"] == 5
    assert seen["policywire_alerts_total{direction=tightening,jurisdiction=GB}"] == 1
    assert seen["policywire_held_back_total{reason=no_signal}"] == 2
    assert seen["policywire_dead_letters_total{cause=bad_json}"] == 2
    assert not any(name.startswith("policywire_dead_letters_total{cause=letters") for name in seen)
    assert seen["policywire_round_seconds_count"] == 2
    assert seen["policywire_last_round_timestamp_seconds"] == AT
    assert seen["policywire_alert_publication_latency_seconds_sum"] == pytest.approx(100)
    assert seen["policywire_alert_arrival_latency_seconds_bucket{le=0.5}"] == 1
    assert seen["policywire_alert_arrival_latency_seconds_bucket{le=0.25}"] == 0


def test_undated_articles_have_no_latency_and_clocks_ahead_give_none_below_zero(ledger):
    metrics = Metrics(ledger, "m1")
    (alert,) = report().alerts
    metrics(report(alerts=(alert._replace(published=None, arrived=AT + 5),)))
    seen = samples(metrics)
    assert seen["policywire_alert_publication_latency_seconds_count"] == 0
    assert seen["policywire_alert_arrival_latency_seconds_sum"] == 0


def test_troubles_come_and_go(ledger):
    metrics = Metrics(ledger, "m1")
    metrics(Trouble("kafka", "no answer"))
    assert samples(metrics)["policywire_trouble{where=kafka}"] == 1
    metrics(Trouble("kafka", "reached again", over=True))
    seen = samples(metrics)
    assert seen["policywire_trouble{where=kafka}"] == 0
    assert seen["policywire_troubles_total{where=kafka}"] == 1


def test_the_ledger_is_looked_up_when_asked(ledger):
    metrics = Metrics(ledger, "m1")
    alert = builders.alert()
    state = FeedState(url="https://example.org/feed", failures=1, last_success=AT - 60, added=AT - 60)
    with ledger.transaction() as transaction:
        transaction.post("alert", [(alert.id, b"{}"), ("other", b"{}")], ["alerts.jsonl"])
        transaction.set_feed_state(state.url, state.model_dump_json().encode())
    seen = samples(metrics)
    assert seen["policywire_outbox_waiting{sink=alerts.jsonl}"] == 2
    assert seen["policywire_outbox_oldest_seconds{sink=alerts.jsonl}"] > 0
    assert seen["policywire_feeds{health=ok}"] == 0
    assert sum(value for name, value in seen.items() if name.startswith("policywire_feeds{")) == 1
    assert seen["policywire_feed_last_success_timestamp_seconds{feed=https://example.org/feed}"] == AT - 60
    assert seen["policywire_ledger_up"] == 1
    assert seen["policywire_ledger_bytes"] > 0


def test_a_ledger_that_cannot_be_read_does_not_end_the_scrape(ledger):
    metrics = Metrics(ledger, "m1")
    metrics(report())
    ledger.close()
    seen = samples(metrics)
    assert seen["policywire_ledger_up"] == 0
    assert seen["policywire_articles_total{source=kafka}"] == 3


def test_sources_with_a_backlog_show_it_and_others_do_not(ledger):
    class Behind:
        name, backlog = "kafka", 41

    class Other:
        name = "feeds"

    seen = samples(Metrics(ledger, "m1", (Behind(), Other())))
    assert {name: value for name, value in seen.items() if "backlog" in name} == {
        "policywire_source_backlog{source=kafka}": 41
    }


def test_build_info_says_what_runs(ledger):
    (name,) = [name for name in samples(Metrics(ledger, "m1")) if name.startswith("policywire_build_info")]
    assert "model=m1" in name
    assert "beam=2." in name
