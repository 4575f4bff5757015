"""Which feeds to ask now, and which hosts to leave alone. Knows the time only from its callers and asks nobody itself,
so that a thousand hours of it can be tried out in a second."""

from collections import Counter
from urllib.parse import urlsplit

from pipeline.settings import FeedPolicy
from pipeline.sources.feeds.schedule import due, skipped
from pipeline.sources.feeds.state import FeedState


def host_of(url: str) -> str:
    """The host that ``url`` leads to, with its port where it names one."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


class Agenda:
    """The feeds of one run. A feed is either at rest here, or under way: handed out by ``take`` and not yet given back
    by ``put``."""

    def __init__(self, policy: FeedPolicy) -> None:
        self._policy = policy
        self._resting: dict[str, FeedState] = {}
        self._away: dict[str, str] = {}
        self._busy: Counter[str] = Counter()
        self._not_before: dict[str, float] = {}
        self._delays: dict[str, float] = {}

    def put(self, state: FeedState) -> None:
        """Takes a feed in, anew or as it is after a poll. What its host asked for holds for all feeds of that host."""
        self.release(state.url)
        self._away.pop(state.url, None)
        self._resting[state.url] = state
        host = host_of(state.address)
        if state.host_wait > self._not_before.get(host, 0.0):
            self._not_before[host] = state.host_wait

    def drop(self, url: str) -> None:
        """Forgets a feed that is at rest."""
        self._resting.pop(url, None)

    def urls(self) -> set[str]:
        """Of all feeds, those under way included."""
        return self._resting.keys() | self._away.keys()

    def resting(self) -> list[FeedState]:
        """The feeds that are not under way."""
        return list(self._resting.values())

    def release(self, url: str) -> None:
        """The connection for ``url`` has ended: its host may be asked again, though the feed itself is still away."""
        host = self._away.get(url)
        if host:
            self._away[url] = ""
            self._busy[host] -= 1

    def hold_host(self, host: str, until: float) -> None:
        """Leaves ``host`` alone until then."""
        self._not_before[host] = max(until, self._not_before.get(host, 0.0))

    def set_delay(self, host: str, seconds: float) -> None:
        """Keeps so many seconds between two requests to ``host``, and asks it one thing at a time."""
        self._delays[host] = seconds

    def take(self, now: float, most: int) -> list[FeedState]:
        """The feeds to ask at ``now``, at most ``most``, those due longest first. They are under way from then on."""
        taken: list[FeedState] = []
        waiting = [state for state in self._resting.values() if self._due(state, now)]
        for state in sorted(waiting, key=lambda s: (s.next_poll, s.url)):
            if len(taken) >= most:
                break
            host = host_of(state.address)
            if not self._free(host, now):
                continue
            taken.append(state)
            del self._resting[state.url]
            self._away[state.url] = host
            self._busy[host] += 1
            if host in self._delays:
                self._not_before[host] = max(self._not_before.get(host, 0.0), now + self._delays[host])
        return taken

    def waiting(self, now: float) -> bool:
        """Whether a feed is due that only waits for its turn, not for a time its host has set."""
        return any(
            self._due(state, now)
            and self._not_before.get(host_of(state.address), 0.0) <= now + self._delays.get(host_of(state.address), 0.0)
            for state in self._resting.values()
        )

    def _due(self, state: FeedState, now: float) -> bool:
        # A time set earlier may have come to lie in an hour to skip, behind a failure or a wait for the host.
        return due(state.next_poll, state.last_poll, now) and not skipped(now, state.wishes)

    def _free(self, host: str, now: float) -> bool:
        most = 1 if host in self._delays else self._policy.per_host
        return self._busy[host] < most and self._not_before.get(host, 0.0) <= now
