"""Feeds as an unbounded source for streaming runners: a splittable DoFn a host, which asks one feed at a time.

What is known of a host's feeds (their state, and which entries were seen) is the restriction, so a runner checkpoints it
together with the articles that came of it: within a job no entry is read twice, and none is passed by. An element's
timestamp is when its feed was asked, as Kafka's is when it was read.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Duration
from pydantic import BaseModel, ConfigDict

from pipeline.settings import FeedPolicy, Settings
from pipeline.sources.endless import END, ESTIMATOR, STOP, Search, advance, no_finalizer
from pipeline.sources.feeds.agenda import Agenda, host_of
from pipeline.sources.feeds.entries import read_new
from pipeline.sources.feeds.fetch import Question, fetch, new_client
from pipeline.sources.feeds.poll import Polled
from pipeline.sources.feeds.robots import crawl_delay
from pipeline.sources.feeds.source import to_read, to_tell
from pipeline.sources.feeds.state import DAY, FeedState, Reading
from pipeline.sources.feeds.state import advance as advanced
from schemas import Article, DeadLetter

ARTICLES, DEAD_LETTERS = "articles", "dead_letters"
NAMESPACE = "policywire.feeds"

_LOG = logging.getLogger(NAMESPACE)
_LOOK_SECONDS = 1.0
_REMEMBERED = 1000


class _Known(BaseModel):
    """A feed's state, and the entries seen in it with their digests, those seen last at the end."""

    model_config = ConfigDict(frozen=True)

    state: FeedState
    seen: dict[str, str] = {}

    def after(self, state: FeedState, reading: Reading | None) -> "_Known":
        """Remembers the entries of the document just read, and as many again or a thousand of those before."""
        now = dict(reading.seen) if reading is not None else {}
        before = [(key, digest) for key, digest in self.seen.items() if key not in now]
        return _Known(state=state, seen=dict(before[-max(_REMEMBERED, len(now)) :]) | now)


class HostMemory(BaseModel):
    """What is known of the feeds of a host."""

    model_config = ConfigDict(frozen=True)

    feeds: dict[str, _Known] = {}
    not_before: float = 0.0
    """The host is to be left alone until then, in seconds since 1970."""

    @classmethod
    def of(cls, known: bytes, urls: Sequence[str], now: float) -> "HostMemory":
        """As ``known`` has it, for exactly the feeds at ``urls``; those new to it were added ``now``."""
        memory = cls.model_validate_json(known) if known else cls()
        feeds = {url: memory.feeds.get(url) or _Known(state=FeedState(url=url, added=now)) for url in urls}
        return cls(feeds=feeds, not_before=memory.not_before)

    def due(self, policy: FeedPolicy, now: float) -> FeedState | None:
        """The feed to ask now, if any."""
        agenda = Agenda(policy)
        for known in self.feeds.values():
            agenda.put(known.state)
            agenda.hold_host(host_of(known.state.address), self.not_before)
        return next(iter(agenda.take(now, 1)), None)

    def never_asked(self) -> bool:
        """Whether there is a feed that was not asked yet."""
        return any(not known.state.polls for known in self.feeds.values())

    def after(self, state: FeedState, reading: Reading | None, not_before: float) -> "HostMemory":
        """With a feed as it is after it was asked."""
        feeds = {**self.feeds, state.url: self.feeds[state.url].after(state, reading)}
        return HostMemory(feeds=feeds, not_before=not_before)


@dataclass
class PollFeeds(beam.PTransform):
    """Begin -> ``articles`` that are new or changed, and ``dead_letters``. Unbounded, or with ``once`` bounded: each feed
    is asked once. The watermark follows the clock, whether anything is new or not.

    Hosts are spread over workers; of one host one feed is asked at a time, however many workers there are. At a feed's
    first poll only entries of the last ``feeds.first_hours`` are read.

    Attributes:
        settings: limits, and the policy of polling.
        urls: the feeds.
        backfill: read entries of any age.
        once: end when all have been asked.
    """

    settings: Settings
    urls: Sequence[str] = field(default_factory=tuple)
    backfill: bool = False
    once: bool = False

    def expand(self, begin: Any) -> dict[str, Any]:
        """Hosts, then what is in their feeds."""
        outputs = (
            begin
            | "Hosts" >> beam.Create(by_host(self.urls), reshuffle=False)
            | "Spread" >> beam.Reshuffle()
            # Its outputs are parted behind it: Beam takes several outputs of one step for as bounded as its input.
            | "Poll" >> beam.ParDo(_PollHost(self.settings, self.backfill, self.once))
            | "Part" >> beam.ParDo(_Part()).with_outputs(DEAD_LETTERS, main=ARTICLES)
        )
        return {name: outputs[name] for name in (ARTICLES, DEAD_LETTERS)}


def by_host(urls: Sequence[str]) -> list[str]:
    """``urls`` grouped by host, each group as one text with a URL a line, in order."""
    hosts: dict[str, list[str]] = {}
    for url in dict.fromkeys(urls):
        hosts.setdefault(host_of(url), []).append(url)
    return ["\n".join(group) for _, group in sorted(hosts.items())]


class _PollHost(beam.DoFn):
    """The feeds of a host -> what is new in them, one poll at a time."""

    def __init__(self, settings: Settings, backfill: bool, once: bool) -> None:
        self._settings, self._backfill, self._once = settings, backfill, once

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        urls: str,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = beam.DoFn.RestrictionParam(Search(b"")),  # noqa: B008 -- Beam's way to declare it
        watermark: Any = beam.DoFn.WatermarkEstimatorParam(ESTIMATOR),  # noqa: B008
    ) -> Iterator[Any]:
        finalizer.register(no_finalizer)
        now = advance(watermark)
        memory = HostMemory.of(tracker.current_restriction(), urls.split("\n"), time.time())
        if STOP.is_set() or (self._once and not memory.never_asked()):
            tracker.try_claim(END)
            return
        state = memory.due(self._settings.feeds, time.time())
        if state is not None:
            polled, not_before = ask(state, self._settings)
            items, reading = self._read(polled, memory.feeds[state.url].seen)
            after = advanced(state, polled.answer, reading, self._settings.feeds, polled.at)
            self._tell(polled, after, reading)
            if not tracker.try_claim(memory.after(after, reading, not_before).model_dump_json().encode()):
                return
            for item in items:
                yield TimestampedValue(item, now)
        tracker.defer_remainder(Duration(seconds=0 if state is not None else _LOOK_SECONDS))

    def _read(self, polled: Polled, seen: Mapping[str, str]) -> tuple[list[Article | DeadLetter], Reading | None]:
        fetched = to_read(polled)
        found = list(read_new(fetched, self._settings, seen.get, self._backfill)) if fetched is not None else []
        items = [item for item in found if not isinstance(item, Reading)]
        return items, next((item for item in found if isinstance(item, Reading)), None)

    def _tell(self, polled: Polled, after: FeedState, reading: Reading | None) -> None:
        Metrics.counter(NAMESPACE, f"polled_{polled.answer.kind}").inc()
        if reading is not None:
            Metrics.counter(NAMESPACE, "entries_read").inc(reading.new + reading.changed)
            Metrics.counter(NAMESPACE, "entries_undated").inc(reading.undated)
            Metrics.counter(NAMESPACE, "entries_passed_by").inc(reading.passed_by)
        for trouble in to_tell(polled.state, after, reading, self._settings.feeds.first_hours, polled.at):
            _LOG.log(logging.INFO if trouble.over else logging.WARNING, "%s: %s", trouble.where, trouble.message)


class _Part(beam.DoFn):
    def process(self, item: Article | DeadLetter) -> Iterator[Any]:
        yield item if isinstance(item, Article) else beam.pvalue.TaggedOutput(DEAD_LETTERS, item)


def ask(state: FeedState, settings: Settings) -> tuple[Polled, float]:
    """Asks a feed now, and its host's robots.txt once a day before: the poll, and until when the host is to be left
    alone thereafter, in seconds since 1970. Never raises for anything that a host does."""
    return asyncio.run(_ask(state, settings))


_delays: dict[str, tuple[float, float]] = {}
"""The crawl delay of each host, and when it was looked up."""


async def _ask(state: FeedState, settings: Settings) -> tuple[Polled, float]:
    async with new_client(settings.feeds) as client:
        host = host_of(state.address)
        if settings.feeds.robots and _delays.get(host, (0.0, 0.0))[1] < time.time() - DAY:
            delay = await crawl_delay(client, f"{urlsplit(state.address).scheme}://{host}", settings.feeds)
            _delays[host] = delay, time.time()
            # Asking for robots.txt was a request as well.
            await asyncio.sleep(min(delay, 10.0))
        question = Question(state.address, state.etag, state.last_modified)
        answer = await fetch(client, question, settings.feeds, settings.limits.max_document_bytes)
    now = time.time()
    wait = max(_delays.get(host, (0.0, 0.0))[0], answer.retry_after or 0.0)
    return Polled(state, answer, now), now + wait
