"""Feeds as a source for rounds: a poller asks, a round reads what came in, the ledger remembers."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.errors import PolicywireError
from pipeline.ledger import Coverage, LedgerMemory, LedgerView, Transaction
from pipeline.runners.trouble import Trouble
from pipeline.settings import Settings
from pipeline.sources.feeds.entries import Fetched, read_new
from pipeline.sources.feeds.poll import Polled, Poller
from pipeline.sources.feeds.state import HEALTH, FeedState, Reading, advance, health, load_state
from pipeline.sources.round import ItemReader, Note, Plan
from schemas import Article, DeadLetter

NAME = "feeds"
_REFRESH_SECONDS = 5.0


class FeedRounds:
    """The RoundSource of feeds: those named, or else those listed in the ledger (``policywire feeds add``), where new
    ones are noticed within seconds.

    A feed's new state is written in the transaction of the round that read its document, and the feed is asked again
    only after that.

    Attributes:
        asked: how many polls have been written to the ledger.
        failed: after how many of them their feed was failing or gone.
    """

    def __init__(
        self,
        settings: Settings,
        memory: LedgerMemory,
        urls: Sequence[str] | None = None,
        *,
        backfill: bool = False,
        once: bool = False,
        tell: Callable[[Trouble], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``urls`` None: the listed ones. ``backfill``: read entries of any age, at first polls and those passed by
        before. ``once``: ask no feed twice. ``tell`` hears of feeds that fail or recover, and of entries passed by."""
        self.name = NAME
        self._settings, self._memory, self._backfill = settings, memory, backfill
        self._urls = None if urls is None else tuple(dict.fromkeys(urls))
        self._once, self._tell, self._clock = once, tell, clock
        self.asked = self.failed = 0
        self._poller = Poller(settings.feeds, settings.limits.max_document_bytes, clock)
        self._started = False
        self._refreshed = float("-inf")
        self._handed_out: list[Polled] = []
        self._kept_back: Polled | None = None
        self._words: list[Trouble] = []

    def plan(self, ledger: LedgerView, limit: int) -> Plan | None:
        """The polls that have finished since the last round."""
        if self._poller.failure is not None:
            raise PolicywireError(f"polling of feeds stopped: {self._poller.failure!r}") from self._poller.failure
        self._settle(ledger)
        self._refresh(ledger)
        if not self._started:
            self._started = True
            self._poller.start()
        guessed = sum(_guess_entries(polled) for polled in self._handed_out)
        while (polled := self._kept_back or self._poller.take()) is not None:
            entries = _guess_entries(polled)
            if self._handed_out and guessed + entries > limit:
                self._kept_back = polled
                break
            self._kept_back = None
            guessed += entries
            self._handed_out.append(polled)
        return _FeedPlan(self, tuple(self._handed_out)) if self._handed_out else None

    def idle(self) -> bool:
        """Whether no feed is due, being asked, or waiting to be read."""
        return self._started and not self._handed_out and self._kept_back is None and self._poller.idle()

    def resting(self) -> list[FeedState]:
        """The feeds that wait for their time; with ``once``, those that were not asked."""
        return self._poller.resting()

    def reader(self) -> ItemReader:
        """Parses a document and passes on what is new in it."""
        return partial(read_in_round, self._settings, self._memory, self._backfill)

    def delivered(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Ends the poller's thread."""
        self._poller.close()

    def say(self, words: Sequence[Trouble]) -> None:
        """Keeps what is to be told once the round is in the ledger."""
        self._words = list(words)

    def _settle(self, ledger: LedgerView) -> None:
        """Gives feeds back to the poller whose polls are in the ledger; the others are handed out once more."""
        unsettled = []
        for polled in self._handed_out:
            kept = load_state(ledger.feed_state(polled.state.url))
            if kept is not None and kept.polls > polled.state.polls:
                self.asked += 1
                self.failed += bool(kept.failures)
                if not self._once:
                    self._poller.put(kept)
            else:
                unsettled.append(polled)
        if self._words and not unsettled:
            for trouble in self._words:
                self._tell(trouble)
        self._words = []
        self._handed_out = unsettled

    def _refresh(self, ledger: LedgerView) -> None:
        """Takes in feeds that were added to the ledger or dropped from it beside this run."""
        now = time.monotonic()
        if now - self._refreshed < _REFRESH_SECONDS:
            return
        self._refreshed = now
        kept = {url: state for url, body in ledger.feed_states().items() if (state := load_state(body)) is not None}
        if self._urls is None:
            wanted = {url: state for url, state in kept.items() if state.listed}
        else:
            fresh = self._clock()
            wanted = {url: kept.get(url) or FeedState(url=url, added=fresh) for url in self._urls}
        known = self._poller.known()
        for url, state in wanted.items():
            if url not in known:
                self._poller.put(state)
        self._poller.keep_only(wanted)


def lists_feeds(ledger: LedgerView) -> bool:
    """Whether any feed is listed in ``ledger``."""
    return any(state.listed for body in ledger.feed_states().values() if (state := load_state(body)) is not None)


def _guess_entries(polled: Polled) -> int:
    body = polled.answer.body
    return max(1, body.count(b"<item") + body.count(b"<entry")) if body else 0


@dataclass(frozen=True)
class _FeedPlan:
    source: FeedRounds
    polls: tuple[Polled, ...]

    @property
    def work(self) -> Sequence[Fetched]:
        return [fetched for polled in self.polls if (fetched := to_read(polled)) is not None]

    def commit(self, transaction: Transaction, notes: Sequence[Any]) -> None:
        policy = self.source._settings.feeds
        readings: dict[str, Reading] = {note.url: note for note in notes}
        words: list[Trouble] = []
        for polled in self.polls:
            reading = readings.get(polled.state.url)
            state = advance(polled.state, polled.answer, reading, policy, polled.at)
            transaction.set_feed_state(state.url, state.model_dump_json().encode())
            if reading is not None:
                transaction.set_seen(reading.seen)
            if record := _record(polled, state, reading):
                transaction.add_coverage([record])
            words += to_tell(polled.state, state, reading, policy.first_hours, polled.at)
        self.source.say(words)


def to_read(polled: Polled) -> Fetched | None:
    """What the graph is to read of a poll; None where there is nothing new in it."""
    state, answer = polled.state, polled.answer
    if answer.kind == "refused":
        return Fetched(state.url, answer.url, b"", "", not state.read, polled.at, answer.message)
    if answer.kind != "document" or (state.read and answer.digest == state.digest and not state.failures):
        return None
    return Fetched(state.url, answer.url, answer.body, answer.content_type, not state.read, polled.at)


def _record(polled: Polled, state: FeedState, reading: Reading | None) -> Coverage | None:
    """What the ledger is to note of a poll. Of polls that found nothing changed only the first is noted: the feed's
    state counts them."""
    if reading is not None and not reading.error:
        counts = {
            "entries": reading.entries,
            "read": reading.new + reading.changed,
            "changed": reading.changed,
            "undated": reading.undated,
            "passed_by": reading.passed_by,
            "dead_letters": reading.dead_letters,
        }
        outcome = "empty" if not reading.entries else "undated" if reading.undated == reading.entries else "read"
        return Coverage(NAME, state.url, outcome, {k: n for k, n in counts.items() if n or k == "entries"})
    if state.failures:
        outcome = polled.answer.kind if polled.answer.kind in ("gone", "refused") else "failed"
        read = {"read": reading.new + reading.changed} if reading is not None and reading.entries else {}
        return Coverage(NAME, state.url, outcome, {"failures": state.failures, **read}, state.error)
    return None if polled.state.polls % 10 else Coverage(NAME, state.url, "unchanged", {"polls": state.polls})


def to_tell(
    before: FeedState, after: FeedState, reading: Reading | None, first_hours: float, now: float
) -> Iterator[Trouble]:
    """What a person should hear: a feed that begins or ends to be unwell, and entries passed by."""
    was, now_is = health(before, now), health(after, now)
    if now_is in ("failing", "dead", "gone") and now_is != was:
        yield Trouble(after.url, f"{now_is}: {after.error}")
    elif now_is in ("empty", "undated") and now_is != was:
        yield Trouble(after.url, f"{now_is}: {HEALTH[now_is]} ({after.entries:,} entries, {after.undated:,} undated)")
    elif was in ("failing", "dead", "gone"):
        yield Trouble(after.url, "answers again", over=True)
    if reading is not None and reading.passed_by:
        if before.read:
            why = "long past"
        else:
            why = f"older than {first_hours:g} hours, or undated, at the first poll (--backfill reads them)"
        yield Trouble(after.url, f"{reading.passed_by:,} of {reading.entries:,} entries passed by: {why}", over=True)


def read_in_round(
    settings: Settings, memory: LedgerMemory, backfill: bool, fetched: Fetched
) -> Iterator[Article | DeadLetter | Note]:
    """What is new in a fetched document, and a note with its Reading."""
    for item in read_new(fetched, settings, memory.seen, backfill):
        yield item if isinstance(item, Article | DeadLetter) else Note(item)
