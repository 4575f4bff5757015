"""Politeness, tried out over a thousand hours that take a second."""

import random
from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings import FeedPolicy
from pipeline.sources.feeds.agenda import Agenda, host_of
from pipeline.sources.feeds.answer import Answer
from pipeline.sources.feeds.schedule import (
    HOUR,
    Wishes,
    due,
    outside_skipped,
    skipped,
    wait_after_failure,
    wait_after_success,
)
from pipeline.sources.feeds.state import FeedState, Reading, advance, health, load_state

POLICY = FeedPolicy()
START = datetime(2023, 7, 12, tzinfo=UTC).timestamp()
THOUSAND_HOURS = 1000 * HOUR
STEP = 60.0


def read(url: str, **more: object) -> Reading:
    return Reading(url=url, entries=5, **more)  # type: ignore[arg-type]


class World:
    """Hosts that misbehave by chance, and a record of who was asked when."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.asked: dict[str, list[float]] = defaultdict(list)
        self.read: dict[str, set[float]] = defaultdict(set)
        self.not_before: dict[str, tuple[float, float]] = {}
        self.wishes = {
            f"https://h{n % 10}.example/{n}": Wishes(
                ttl=self.chance.choice([None, None, 5, 60, 10**6]),
                skip_hours=frozenset(self.chance.sample(range(24), self.chance.choice([0, 0, 8, 23]))),
                skip_days=frozenset(self.chance.choice([[], [], ["Sunday"], ["Saturday", "Sunday"]])),
            )
            for n in range(30)
        }

    def ask(self, state: FeedState, now: float) -> FeedState:
        host = host_of(state.url)
        told, until = self.not_before.get(host, (0.0, 0.0))
        assert now >= until or now == told, "asked before Retry-After"  # two may be under way when it is told
        self.asked[state.url].append(now)
        luck = self.chance.random()
        if luck < 0.05:
            wait = self.chance.choice([60.0, 3600.0, 90_000.0])
            self.not_before[host] = (now, max(now + wait, until))
            return advance(state, Answer("failed", state.url, 503, "busy", retry_after=wait), None, POLICY, now)
        if luck < 0.15:
            return advance(state, Answer("failed", state.url, 500, "error"), None, POLICY, now)
        self.read[state.url].add(now)
        fresh = self.chance.choice([0.0, 0.0, 1800.0])
        answer = Answer("document", state.url, 200, fresh_seconds=fresh)
        return advance(state, answer, read(state.url, wishes=self.wishes[state.url]), POLICY, now)


@pytest.mark.parametrize("seed", range(2))
def test_a_thousand_hours_with_restarts(seed: int) -> None:
    world = World(seed)
    ledger = {url: FeedState(url=url, added=START).model_dump_json().encode() for url in world.wishes}

    def restarted() -> Agenda:
        agenda = Agenda(POLICY)
        for body in ledger.values():
            state = load_state(body)
            assert state is not None
            agenda.put(state)
        return agenda

    agenda, now = restarted(), START
    while now < START + THOUSAND_HOURS:
        if world.chance.random() < 0.001:
            agenda = restarted()
        for state in agenda.take(now, POLICY.connections):
            after = world.ask(state, now)
            ledger[state.url] = after.model_dump_json().encode()
            agenda.put(after)
        now += STEP

    shortest = POLICY.interval_minutes * 60
    for url, times in world.asked.items():
        gaps = [b - a for a, b in pairwise(times)]
        assert min(gaps) >= shortest - STEP, url  # a restart does not poll again
        assert max(gaps) <= 10 * 24 * HOUR, url  # nor is any forgotten
        assert len(times) > 10, url
        wishes = world.wishes[url]
        known = times[next(n for n, t in enumerate(times) if t in world.read[url]) + 1 :]
        assert not [t for t in known if skipped(t, wishes)], url
    assert sum(map(len, world.asked.values())) > 3_000


def test_few_at_a_time_to_one_host_and_the_longest_due_first() -> None:
    agenda = Agenda(FeedPolicy(per_host=2))
    for n in range(10):
        agenda.put(FeedState(url=f"https://a.example/{n}", next_poll=100.0 - n))
    first = agenda.take(1000.0, 20)
    assert [state.url[-1] for state in first] == ["9", "8"]
    assert agenda.take(1000.0, 20) == []
    agenda.release(first[0].url)
    assert len(agenda.take(1000.0, 20)) == 1
    assert len(agenda.urls()) == 10


def test_a_feed_under_way_is_not_taken_again_before_it_is_given_back() -> None:
    agenda = Agenda(POLICY)
    agenda.put(FeedState(url="https://a.example/"))
    (state,) = agenda.take(1000.0, 20)
    agenda.release(state.url)
    assert agenda.take(1e9, 20) == []
    agenda.put(state)
    assert len(agenda.take(1e9, 20)) == 1


def test_a_crawl_delay_parts_requests_to_one_host() -> None:
    agenda = Agenda(POLICY)
    agenda.set_delay("a.example", 60.0)
    for n in range(5):
        agenda.put(FeedState(url=f"https://a.example/{n}"))
    times = []
    for now in range(1000, 2000):
        for state in agenda.take(float(now), 20):
            times.append(now)
            agenda.release(state.url)
    assert times == [1000, 1060, 1120, 1180, 1240]


def test_what_a_host_asks_for_holds_for_its_other_feeds() -> None:
    agenda = Agenda(POLICY)
    agenda.put(FeedState(url="https://a.example/1", host_wait=5000.0, next_poll=5000.0))
    agenda.put(FeedState(url="https://a.example/2"))
    agenda.put(FeedState(url="https://b.example/1"))
    assert [state.url for state in agenda.take(1000.0, 20)] == ["https://b.example/1"]
    assert not agenda.waiting(1000.0)
    assert len(agenda.take(5000.0, 20)) == 2


@given(st.integers(1, 10_000), st.one_of(st.none(), st.floats(0, 7 * 86400)))
def test_back_off_is_never_shorter_than_asked_and_never_endless(failures: int, asked: float | None) -> None:
    wait = wait_after_failure("u", failures, asked, POLICY)
    assert wait >= max(asked or 0.0, POLICY.interval_minutes * 60)
    assert wait <= 1.1 * max(asked or 0.0, POLICY.longest_hours * HOUR)


def test_back_off_doubles() -> None:
    waits = [wait_after_failure("u", n, None, POLICY) / 600 for n in range(1, 8)]
    for n, wait in enumerate(waits):
        assert 2**n <= wait <= 1.1 * 2**n


@given(
    st.floats(0, 4e9),
    st.one_of(st.none(), st.integers(0, 10**6)),
    st.floats(0, 7 * 86400),
    st.frozensets(st.integers(0, 23)),
    st.frozensets(st.sampled_from(["Monday", "Sunday", "Wednesday", "Nonsense"])),
)
def test_the_next_poll_is_neither_too_soon_nor_never(
    now: float, ttl: int | None, fresh: float, hours: frozenset[int], days: frozenset[str]
) -> None:
    wishes = Wishes(ttl=ttl, skip_hours=hours, skip_days=days)
    at = wait_after_success("u", 1, wishes, fresh, POLICY, now)
    assert at >= now + POLICY.interval_minutes * 60
    assert at <= now + POLICY.longest_hours * HOUR * 1.1 + 8 * 24 * HOUR


def test_skipped_hours_and_days_are_skipped() -> None:
    monday_5 = datetime(2023, 7, 10, 5, 30, tzinfo=UTC).timestamp()
    at = datetime.fromtimestamp(outside_skipped(monday_5, Wishes(skip_hours=frozenset({5, 6}))), UTC)
    assert (at.day, at.hour) == (10, 7)
    at = datetime.fromtimestamp(outside_skipped(monday_5, Wishes(skip_days=frozenset({"Monday"}))), UTC)
    assert (at.day, at.hour) == (11, 0)
    assert outside_skipped(monday_5, Wishes(skip_hours=frozenset(range(24)))) == monday_5


def test_a_clock_set_back_does_not_stop_polling() -> None:
    assert not due(next_poll=2000.0, last_poll=1000.0, now=1500.0)
    assert due(next_poll=1e6, last_poll=1e6 - 600, now=1500.0)


def test_health_over_a_feeds_life() -> None:
    url, day = "https://a.example/", 24 * HOUR
    state = FeedState(url=url, added=START)
    assert health(state, START) == "new"
    fine = Answer("document", url, 200, digest="1")
    state = advance(state, fine, read(url, newest=START, new=5), POLICY, START)
    assert health(state, START) == "ok"
    assert health(state, START + 40 * day) == "quiet"
    failed = advance(state, Answer("failed", url, 500, "HTTP 500"), None, POLICY, START + day)
    assert (health(failed, START + day), failed.error) == ("failing", "HTTP 500")
    for _ in range(3):
        failed = advance(failed, Answer("failed", url, 500, "HTTP 500"), None, POLICY, START + 8 * day)
    assert health(failed, START + 9 * day) == "dead"
    assert health(advance(failed, fine, read(url, newest=START), POLICY, START + 9 * day), START + 9 * day) == "ok"
    gone = advance(state, Answer("gone", url, 410, "gone"), None, POLICY, START)
    assert health(gone, START) == "gone"
    assert gone.next_poll - START >= 7 * day
    assert health(advance(gone, fine, read(url, newest=START), POLICY, START), START) == "ok"
    assert health(advance(state, fine, Reading(url=url), POLICY, START), START) == "empty"
    assert health(advance(state, fine, read(url, undated=4), POLICY, START), START) == "undated"
    moved = advance(state, Answer("document", url, 200, moved_to="https://b.example/"), read(url), POLICY, START)
    assert (health(moved, START), moved.address) == ("moved", "https://b.example/")


def test_a_new_address_that_fails_is_given_up_for_the_old() -> None:
    state = FeedState(url="https://a.example/", location="https://b.example/", etag="x", read=True)
    for _ in range(5):
        state = advance(state, Answer("failed", "https://b.example/", 404, "404"), None, POLICY, START)
    assert (state.address, state.etag) == ("https://a.example/", "")


def test_a_document_that_cannot_be_read_is_asked_for_whole_again() -> None:
    state = FeedState(url="https://a.example/", etag="old", read=True)
    answer = Answer("document", state.url, 200, etag="new", digest="d")
    after = advance(state, answer, Reading(url=state.url, error="no feed"), POLICY, START)
    assert (after.etag, after.digest, after.failures, after.error) == ("old", "", 1, "no feed")


def test_states_of_other_versions_are_read_or_passed() -> None:
    assert load_state(b'{"url": "https://a.example/", "of_a_newer_version": 1}') == FeedState(url="https://a.example/")
    assert load_state(b"{}") is None
    assert load_state(b"broken") is None
    assert load_state(None) is None
