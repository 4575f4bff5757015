"""Asks feeds when they are due, on a thread of its own, and keeps what came in until a round takes it."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from pipeline.settings import FeedPolicy
from pipeline.sources.feeds.agenda import Agenda, host_of
from pipeline.sources.feeds.answer import Answer
from pipeline.sources.feeds.fetch import Question, fetch, new_client
from pipeline.sources.feeds.robots import crawl_delay
from pipeline.sources.feeds.state import FeedState

_LOOK_SECONDS = 0.1
_AHEAD_BYTES = 64 << 20
_AHEAD_ANSWERS = 200
_ROBOTS_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Polled:
    """One poll: the feed as it was, what was answered, and when (seconds since 1970)."""

    state: FeedState
    answer: Answer
    at: float


class Poller:
    """Polls feeds until it is closed. A feed that was polled is not polled again before its new state is ``put``: so
    nothing is asked for that builds on an answer which may yet be lost.

    ``put``, ``keep_only``, ``take`` and the rest may be called from any thread.
    """

    def __init__(self, policy: FeedPolicy, most_bytes: int, clock: Callable[[], float] = time.time) -> None:
        """``most_bytes`` is the limit for a decoded document."""
        self._policy, self._most_bytes, self._clock = policy, most_bytes, clock
        self._agenda = Agenda(policy)
        self._guard = threading.Lock()
        self._ready: deque[Polled] = deque()
        self._ready_bytes = 0
        self._under_way = 0
        self._robots: dict[str, float] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="feeds", daemon=True)
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begins to poll."""
        self._thread.start()

    def put(self, state: FeedState) -> None:
        """Adds a feed, or gives one back with the state that its poll has led to."""
        with self._guard:
            self._agenda.put(state)

    def keep_only(self, urls: Collection[str]) -> None:
        """Drops all other feeds."""
        with self._guard:
            for url in self._agenda.urls() - set(urls):
                self._agenda.drop(url)

    def known(self) -> set[str]:
        """The feeds that are polled."""
        with self._guard:
            return self._agenda.urls()

    def resting(self) -> list[FeedState]:
        """The feeds that are neither being asked nor waiting to be given back."""
        with self._guard:
            return self._agenda.resting()

    def take(self) -> Polled | None:
        """The next poll that is finished."""
        with self._guard:
            if not self._ready:
                return None
            polled = self._ready.popleft()
            self._ready_bytes -= len(polled.answer.body)
            return polled

    def idle(self) -> bool:
        """Whether nothing is due, under way or ready."""
        with self._guard:
            return not (self._ready or self._under_way or self._agenda.waiting(self._clock()))

    def close(self) -> None:
        """Ends what is under way."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(0.45)

    async def _run(self) -> None:
        try:
            async with new_client(self._policy) as client, asyncio.TaskGroup() as tasks:
                running: set[asyncio.Task[None]] = set()
                while not self._closing.is_set():
                    for state in self._next():
                        task = tasks.create_task(self._poll(client, state))
                        running.add(task)
                        task.add_done_callback(running.discard)
                    await asyncio.sleep(_LOOK_SECONDS)
                for task in running:
                    task.cancel()
        except BaseException as error:  # told by the source's next plan
            self.failure = error

    def _next(self) -> list[FeedState]:
        with self._guard:
            if self._ready_bytes > _AHEAD_BYTES or len(self._ready) > _AHEAD_ANSWERS:
                return []
            taken = self._agenda.take(self._clock(), self._policy.connections - self._under_way)
            self._under_way += len(taken)
            return taken

    async def _poll(self, client: httpx.AsyncClient, state: FeedState) -> None:
        answer: Answer | None = None
        try:
            await self._keep_delay(client, state.address)
            question = Question(state.address, state.etag, state.last_modified)
            answer = await fetch(client, question, self._policy, self._most_bytes)
        finally:
            with self._guard:
                now = self._clock()
                self._under_way -= 1
                self._agenda.release(state.url)
                if answer is not None:
                    if answer.retry_after:
                        self._agenda.hold_host(host_of(answer.url), now + answer.retry_after)
                    self._ready.append(Polled(state, answer, now))
                    self._ready_bytes += len(answer.body)

    async def _keep_delay(self, client: httpx.AsyncClient, url: str) -> None:
        """Looks up the crawl delay of a host, the first time and then once a day."""
        host, now = host_of(url), self._clock()
        if not self._policy.robots or self._robots.get(host, -_ROBOTS_SECONDS) > now - _ROBOTS_SECONDS:
            return
        self._robots[host] = now
        delay = await crawl_delay(client, f"{urlsplit(url).scheme}://{host}", self._policy)
        if delay:
            with self._guard:
                self._agenda.set_delay(host, delay)
                self._agenda.hold_host(host, self._clock() + delay)
            # Asking for robots.txt was a request as well.
            await asyncio.sleep(min(delay, 10.0))
