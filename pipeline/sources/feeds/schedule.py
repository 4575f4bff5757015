"""When to ask again: pure functions of what a host and a feed asked for, in seconds since 1970.

Chance is a function of the feed and the number of the poll, so that a schedule can be computed again.
"""

from datetime import UTC, datetime
from hashlib import blake2b

from pydantic import BaseModel, ConfigDict, Field

from pipeline.settings import FeedPolicy

HOUR = 3600.0
_GONE = 7 * 24 * HOUR
_JITTER = 0.1
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Wishes(BaseModel):
    """What a feed's document asks of its readers."""

    model_config = ConfigDict(frozen=True)

    ttl: int | None = Field(default=None, description="Minutes for which it need not be asked again.")
    skip_hours: frozenset[int] = Field(default=frozenset(), description="Hours of the day (UTC) not to ask in.")
    skip_days: frozenset[str] = Field(default=frozenset(), description="Days of the week not to ask on, in English.")


def jitter(key: str, number: int) -> float:
    """Between 0 and 1, the same for the same ``key`` and ``number``."""
    return int.from_bytes(blake2b(f"{number}\0{key}".encode("utf-8", "replace"), digest_size=4).digest()) / 2**32


def wait_after_success(
    url: str, poll: int, wishes: Wishes, fresh_seconds: float, policy: FeedPolicy, now: float
) -> float:
    """When to ask for ``url`` again after its ``poll``-th poll, which went well at ``now``: after the longest of our
    interval, its ``ttl`` and the answer's freshness, but never more than the longest interval, with up to a tenth
    added by chance, and outside the hours and days to skip."""
    wait = max(policy.interval_minutes * 60, (wishes.ttl or 0) * 60.0, fresh_seconds)
    wait = min(wait, max(policy.longest_hours * HOUR, policy.interval_minutes * 60))
    return outside_skipped(now + wait * (1 + _JITTER * jitter(url, poll)), wishes)


def wait_after_failure(url: str, failures: int, retry_after: float | None, policy: FeedPolicy) -> float:
    """For how long to leave ``url`` alone after so many ``failures`` in a row: twice as long each time, up to the longest
    interval, and never less than its host asked for."""
    interval = policy.interval_minutes * 60
    wait = min(interval * 2.0 ** min(failures - 1, 20), max(policy.longest_hours * HOUR, interval))
    return max(wait, retry_after or 0.0) * (1 + _JITTER * jitter(url, failures))


def wait_for_gone(url: str, poll: int) -> float:
    """For how long to leave a feed alone that its host says is gone."""
    return _GONE * (1 + _JITTER * jitter(url, poll))


def skipped(at: float, wishes: Wishes) -> bool:
    """Whether ``at`` lies in an hour or on a day that the feed asks to skip. One that skips everything skips nothing."""
    if not wishes.skip_hours and not wishes.skip_days:
        return False
    if len(wishes.skip_hours) >= 24 or wishes.skip_days.issuperset(_DAYS):
        return False
    time = datetime.fromtimestamp(at, UTC)
    return time.hour in wishes.skip_hours or _DAYS[time.weekday()] in wishes.skip_days


def outside_skipped(at: float, wishes: Wishes) -> float:
    """``at``, or if it is ``skipped`` a moment in the next hour that is not."""
    moment = at
    while skipped(moment, wishes):
        # A little into the hour, by the same fraction as before, so that not everybody comes on the hour.
        moment = (moment // HOUR + 1) * HOUR + (at % HOUR) * _JITTER
    return moment


def due(next_poll: float, last_poll: float, now: float) -> bool:
    """Whether a feed is to be asked at ``now``. A last poll in the future means that the clock was set back: what
    counts on it would wait for as long as it was set back by."""
    return now >= next_poll or last_poll > now + HOUR
