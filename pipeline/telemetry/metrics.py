"""Prometheus metrics. Every name is here and in docs/operations.md, and nowhere else is one made."""

import platform
import time
from collections import Counter as Tally
from collections.abc import Iterator
from typing import Protocol

import apache_beam
from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import ProcessCollector as ProcessMetrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline import __version__
from pipeline.errors import LedgerError
from pipeline.ledger import LedgerView
from pipeline.runners.rounds import RoundReport
from pipeline.runners.trouble import Trouble
from pipeline.sources.feeds.state import HEALTH, FeedState, health

_LATENCY = (0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400, 604_800)
_ROUND = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)


class Backlogged(Protocol):
    """A source that knows how much is waiting for it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def backlog(self) -> int:
        """Articles that are known to be waiting."""


class Metrics:
    """Adds up what a live run tells. ``registry`` is what /metrics shows."""

    def __init__(self, ledger: LedgerView, model_version: str, sources: tuple[object, ...] = ()) -> None:
        """``sources`` are the run's; of those that have a ``backlog`` it is shown."""
        self.registry = CollectorRegistry()
        self._build(model_version)
        self._articles = self._counter("articles", "Articles read, by source.", "source")
        self._alerts = self._counter(
            "alerts", "Alerts written, by direction and jurisdiction.", "direction", "jurisdiction"
        )
        self._held = self._counter(
            "held_back", "Articles that raised no alert, by the check that held them back.", "reason"
        )
        self._dead = self._counter("dead_letters", "Inputs that could not be read, by cause.", "cause")
        self._rounds = Histogram(
            "policywire_round_seconds", "How long rounds took.", registry=self.registry, buckets=_ROUND
        )
        self._published = Histogram(
            "policywire_alert_publication_latency_seconds",
            "From an article's publication to its alert in the ledger.",
            registry=self.registry,
            buckets=_LATENCY,
        )
        self._arrived = Histogram(
            "policywire_alert_arrival_latency_seconds",
            "From an article's arrival to its alert in the ledger.",
            registry=self.registry,
            buckets=_LATENCY,
        )
        self._last_round = Gauge(
            "policywire_last_round_timestamp_seconds", "When the last round was written.", registry=self.registry
        )
        self._troubled = Gauge(
            "policywire_trouble",
            "1 while a source, a sink or the clock is in trouble.",
            ["where"],
            registry=self.registry,
        )
        self._troubles = self._counter("troubles", "Troubles met, by source or sink.", "where")
        self.registry.register(_Looked(ledger, sources))
        ProcessMetrics(registry=self.registry)
        self.registry.register(PLATFORM_COLLECTOR)
        self.registry.register(GC_COLLECTOR)

    def __call__(self, news: RoundReport | Trouble) -> None:
        """Takes in what the run tells. Called from several threads."""
        if isinstance(news, Trouble):
            self._troubled.labels(news.where).set(0 if news.over else 1)
            if not news.over:
                self._troubles.labels(news.where).inc()
            return
        self._rounds.observe(news.seconds)
        self._last_round.set(news.at)
        for name, count in news.counters.items():
            if name.startswith("held_"):
                self._held.labels(name.removeprefix("held_")).inc(count)
            elif name.startswith("read_"):
                self._articles.labels(name.removeprefix("read_")).inc(count)
            elif name.startswith("dead_") and name != "dead_letters":
                self._dead.labels(name.removeprefix("dead_")).inc(count)
        for alert in news.alerts:
            self._alerts.labels(alert.direction, alert.jurisdiction).inc()
            if alert.published is not None:
                self._published.observe(max(0.0, news.at - alert.published))
            if alert.arrived is not None:
                self._arrived.observe(max(0.0, news.at - alert.arrived))

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"policywire_{name}", words, labels, registry=self.registry)

    def _build(self, model_version: str) -> None:
        Gauge(
            "policywire_build_info",
            "Always 1; the labels say what runs.",
            ["version", "model", "beam", "python"],
            registry=self.registry,
        ).labels(__version__, model_version, apache_beam.__version__, platform.python_version()).set(1)


class _Looked(Collector):
    """What is looked up in the ledger and asked of the sources when Prometheus asks."""

    def __init__(self, ledger: LedgerView, sources: tuple[object, ...]) -> None:
        self._ledger = ledger
        self._sources = [source for source in sources if hasattr(source, "backlog")]

    def describe(self) -> list[Metric]:
        """Nothing is looked up when the collector is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The state of outbox, dead letters, feeds and sources now; nothing of the ledger where it cannot be read."""
        up = GaugeMetricFamily("policywire_ledger_up", "1 if the ledger could be read.")
        try:
            families = list(self._of_ledger())
            up.add_metric([], 1)
        except (LedgerError, OSError):
            families = []
            up.add_metric([], 0)
        yield up
        yield from families
        backlog = GaugeMetricFamily("policywire_source_backlog", "Articles that wait to be read.", labels=["source"])
        for source in self._sources:
            backlog.add_metric([source.name], source.backlog)  # type: ignore[attr-defined]
        yield backlog

    def _of_ledger(self) -> Iterator[Metric]:
        now = time.time()
        waiting = GaugeMetricFamily("policywire_outbox_waiting", "What waits to be delivered.", labels=["sink"])
        oldest = GaugeMetricFamily(
            "policywire_outbox_oldest_seconds", "How long the oldest of it has waited.", labels=["sink"]
        )
        for sink, count in self._ledger.waiting().items():
            waiting.add_metric([sink], count)
            for parcel in self._ledger.outbox(sink, 1):
                oldest.add_metric([sink], max(0.0, now - parcel.at))
        yield waiting
        yield oldest
        open_letters = GaugeMetricFamily("policywire_dead_letters_open", "Dead letters to see to.", labels=["cause"])
        for cause, count in self._ledger.dead_letter_counts().items():
            open_letters.add_metric([cause], count)
        yield open_letters
        size = GaugeMetricFamily("policywire_ledger_bytes", "Size of the ledger's file.")
        size.add_metric([], self._ledger.path.stat().st_size)
        yield size
        yield from self._of_feeds(now)

    def _of_feeds(self, now: float) -> Iterator[Metric]:
        feeds = GaugeMetricFamily("policywire_feeds", "Feeds, by health.", labels=["health"])
        success = GaugeMetricFamily(
            "policywire_feed_last_success_timestamp_seconds", "When a feed was last read; 0: never.", labels=["feed"]
        )
        found: Tally[str] = Tally()
        for url, body in self._ledger.feed_states().items():
            state = FeedState.model_validate_json(body)
            found[health(state, now)] += 1
            success.add_metric([url], state.last_success)
        for word in HEALTH:
            feeds.add_metric([word], found[word])
        yield feeds
        yield success
