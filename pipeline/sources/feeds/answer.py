"""What a host answered when a feed was asked for, and what its headers say about when to ask again."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

from pipeline.sources.feeds.dates import read_date

AnswerKind: TypeAlias = Literal["document", "unchanged", "failed", "refused", "gone"]
MOST_SECONDS = 7 * 86400
"""Longest pause that a header can ask for, in seconds."""
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """The end of one fetch.

    Attributes:
        kind: ``document``: there is a body; ``unchanged``: the host says so; ``failed``: it did not work this time;
            ``refused``: what was answered, or where it would have led, is not safe; ``gone``: the host says that the
            feed is no more.
        url: the address that answered last, behind all redirects.
        status: the HTTP status; 0 where there was no answer.
        message: what went wrong, for a person.
        body: the document, decoded; ``digest`` of it tells whether it changed.
        etag, last_modified: to ask for changes only, the next time.
        moved_to: where permanent redirects lead; "" without any.
        fresh_seconds: for so long, the host says, there will be nothing new.
        retry_after: so many seconds the host wants to be left alone; None: it does not say.
    """

    kind: AnswerKind
    url: str
    status: int = 0
    message: str = ""
    body: bytes = b""
    digest: str = ""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    moved_to: str = ""
    fresh_seconds: float = 0.0
    retry_after: float | None = None


def fresh_seconds(cache_control: str, expires: str, age: str, date: str) -> float:
    """For how many seconds the answer counts as fresh by its Cache-Control or else Expires header; 0 where neither
    says so. ``date`` is the answer's own, so that a wrong clock on either side does no harm."""
    lower = cache_control.lower()
    if "no-cache" in lower or "no-store" in lower:
        return 0.0
    if found := _MAX_AGE.search(cache_control):
        seconds = float(found[1]) - (float(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0.0)
    else:
        until, now = read_date(expires), read_date(date)
        seconds = (until - now).total_seconds() if until and now else 0.0
    return min(max(seconds, 0.0), MOST_SECONDS)


def retry_after(value: str, date: str, now: datetime) -> float | None:
    """Seconds of a Retry-After header, which has them as a number or as a date; None where it has neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:12]), MOST_SECONDS))
    try:
        until = parsedate_to_datetime(value)
        since = read_date(date) or now
        return min(max((until - since).total_seconds(), 0.0), MOST_SECONDS)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
