"""Which entries of a fetched document are new or changed. A pure function of the document and of what was seen."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Literal, TypeAlias

from pipeline.articles.identity import content_digest
from pipeline.articles.normalise import normalise
from pipeline.dead_letters import dead_letter
from pipeline.settings import Settings
from pipeline.sources.feeds.child import read_feed_in_time
from pipeline.sources.feeds.document import STEP, FeedDocument
from pipeline.sources.feeds.state import DAY, Reading
from schemas import Article, DeadLetter, Position

Verdict: TypeAlias = Literal["known", "changed", "new", "passed by"]
PASSED = "passed:"
"""Marks the digest of an entry that was seen but not read."""
_FUTURE_SECONDS = DAY


@dataclass(frozen=True)
class Fetched:
    """A work item: what a feed's host answered, to be read when the graph runs.

    Attributes:
        url: the feed's name.
        base: the address that answered.
        first: the feed has never been read before.
        at: when it was asked, in seconds since 1970.
        refused: why the answer must not be read; "" where it may.
    """

    url: str
    base: str
    body: bytes
    content_type: str
    first: bool
    at: float
    refused: str = ""


@dataclass
class _Tally:
    entries: int = 0
    undated: int = 0
    new: int = 0
    changed: int = 0
    passed_by: int = 0
    dead_letters: int = 0
    newest: float = 0.0
    seen: dict[str, str] = field(default_factory=dict)

    def count(self, verdict: Verdict) -> None:
        self.new += verdict == "new"
        self.changed += verdict == "changed"
        self.passed_by += verdict == "passed by"


def read_new(
    fetched: Fetched, settings: Settings, seen: Callable[[str], str | None], backfill: bool
) -> Iterator[Article | DeadLetter | Reading]:
    """The entries of ``fetched`` that were not seen before or have changed since, dead letters likewise, and last one
    Reading. ``seen`` gives the digest that was remembered under a key. Never raises for any document."""
    position = Position(origin=fetched.url, kind="feed")
    read: FeedDocument | DeadLetter
    if fetched.refused:
        read = dead_letter("refused", STEP, fetched.refused, position, b"")
    else:
        read = read_feed_in_time(
            fetched.body,
            position,
            content_type=fetched.content_type,
            base=fetched.base,
            limits=settings.limits,
            max_entries=settings.feeds.max_entries,
            seconds=settings.feeds.parse_seconds,
        )
    tally = _Tally()
    if isinstance(read, DeadLetter):
        yield from _new_letter(read, fetched.url, seen, tally)
        yield Reading(url=fetched.url, error=read.message, dead_letters=1, seen=tuple(tally.seen.items()))
        return
    links = Counter(item.url for item in read.items if isinstance(item, Article))
    for item in read.items:
        if isinstance(item, DeadLetter):
            tally.dead_letters += 1
            yield from _new_letter(item, fetched.url, seen, tally)
        else:
            yield from _new_article(item, links, fetched, settings, seen, backfill, tally)
    yield Reading(
        url=fetched.url,
        title=" ".join(read.title.split())[:300],
        error=read.cut,
        wishes=read.wishes,
        entries=tally.entries,
        undated=tally.undated,
        new=tally.new,
        changed=tally.changed,
        passed_by=tally.passed_by,
        dead_letters=tally.dead_letters,
        newest=tally.newest,
        seen=tuple(tally.seen.items()),
    )


def _new_letter(letter: DeadLetter, url: str, seen: Callable[[str], str | None], tally: _Tally) -> Iterator[DeadLetter]:
    key = _key(url, letter.id)
    if key not in tally.seen and seen(key) is None:
        yield letter
    tally.seen[key] = letter.cause


def _new_article(
    article: Article,
    links: Counter[str],
    fetched: Fetched,
    settings: Settings,
    seen: Callable[[str], str | None],
    backfill: bool,
    tally: _Tally,
) -> Iterator[Article]:
    arrived = datetime.fromtimestamp(fetched.at, UTC)
    if article.published and (article.published - arrived).total_seconds() > _FUTURE_SECONDS:
        # A date that cannot be is none.
        article = article.model_copy(update={"published": None})
    tally.entries += 1
    tally.undated += article.published is None
    age = (arrived - article.published).total_seconds() if article.published else None
    if article.published:
        tally.newest = max(tally.newest, min(article.published.timestamp(), fetched.at))
    digest = content_digest(normalise(article))
    key = _key(fetched.url, article.id or (article.url if links[article.url] == 1 else "") or digest)
    if key in tally.seen:
        return
    before = seen(key)
    verdict = _judge(before, digest, age, fetched.first, settings, backfill)
    tally.count(verdict)
    if verdict == "known":
        tally.seen[key] = before or digest
    elif verdict == "passed by":
        tally.seen[key] = PASSED + digest
    else:
        tally.seen[key] = digest
        yield article.model_copy(update={"arrived": arrived})


def _judge(
    before: str | None, digest: str, age: float | None, first: bool, settings: Settings, backfill: bool
) -> Verdict:
    """What to do with an entry whose digest was ``before`` when last seen, None for never, and is ``digest`` now.
    ``age`` in seconds, None: undated. ``first``: of its feed's first poll."""
    passed = before is not None and before.startswith(PASSED)
    if before in (digest, PASSED + digest) and not (passed and backfill):
        return "known"
    if before is not None and not passed:
        return "changed"
    if backfill:
        return "new"
    if first or passed:
        return "passed by" if age is None or age > settings.feeds.first_hours * 3600 else "new"
    # What was seen longer ago than the ledger remembers comes up as never seen.
    return "passed by" if age is not None and age > settings.live.seen_days * DAY else "new"


def _key(url: str, entry: str) -> str:
    return blake2b(f"feed\0{url}\0{entry}".encode("utf-8", "replace"), digest_size=16).hexdigest()
