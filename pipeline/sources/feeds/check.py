"""Looks at feeds once, without remembering anything: what a person wants to know before adding one."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin

from pipeline.settings import Settings
from pipeline.sources.feeds.agenda import host_of
from pipeline.sources.feeds.answer import Answer
from pipeline.sources.feeds.child import read_feed_in_time
from pipeline.sources.feeds.fetch import Question, fetch, new_client
from pipeline.sources.feeds.state import QUIET_AFTER, Health
from schemas import Article, DeadLetter, Position

_LINK = re.compile(r"<link\b[^<>]{0,2000}>", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s*=\s*["']?([^"'\s<>]{1,2000})""", re.IGNORECASE)
_FEED_TYPE = re.compile(r"application/(?:rss\+xml|atom\+xml|feed\+json)", re.IGNORECASE)


@dataclass(frozen=True)
class Look:
    """What one look at a feed found.

    Attributes:
        url: the address that was asked.
        health: as the word would be if this were all that is known.
        message: what is wrong, or where it has moved to; "" where there is nothing to say.
        status: the HTTP status; 0 where there was no answer.
        version: the format; "" where it is none.
        newest: the date of the newest entry, in seconds since 1970; 0: none is dated.
        feeds: addresses of feeds that a page names, where the answer is a page.
    """

    url: str
    health: Health
    message: str = ""
    status: int = 0
    version: str = ""
    title: str = ""
    entries: int = 0
    undated: int = 0
    unreadable: int = 0
    newest: float = 0.0
    feeds: tuple[str, ...] = ()


async def look_at(urls: Sequence[str], settings: Settings) -> AsyncIterator[Look]:
    """A Look for each of ``urls``, as they come in; few at the same time, and fewer on one host."""
    policy = settings.feeds
    gate = asyncio.Semaphore(policy.connections)
    hosts = {host_of(url): asyncio.Semaphore(policy.per_host) for url in urls}
    async with new_client(policy) as client:

        async def one(url: str) -> Look:
            async with hosts[host_of(url)], gate:
                answer = await fetch(client, Question(url), policy, settings.limits.max_document_bytes)
            return await asyncio.to_thread(judge, url, answer, settings, time.time())

        for next_look in asyncio.as_completed([one(url) for url in dict.fromkeys(urls)]):
            yield await next_look


def judge(url: str, answer: Answer, settings: Settings, now: float) -> Look:
    """What ``answer`` says of the feed at ``url``."""
    if answer.kind != "document":
        return Look(url, "gone" if answer.kind == "gone" else "failing", answer.message, answer.status)
    read = read_feed_in_time(
        answer.body,
        Position(origin=url, kind="feed"),
        content_type=answer.content_type,
        base=answer.url,
        limits=settings.limits,
        max_entries=settings.feeds.max_entries,
        seconds=settings.feeds.parse_seconds,
    )
    if isinstance(read, DeadLetter):
        named = discover(answer.body, answer.url)
        hint = f"; it names a feed: {named[0]}" if named else ""
        return Look(url, "failing", read.message + hint, answer.status, feeds=named)
    articles = [item for item in read.items if isinstance(item, Article)]
    dates = [article.published.timestamp() for article in articles if article.published]
    undated = len(articles) - len(dates)
    health: Health = "ok"
    message = ""
    if read.cut:
        health, message = "failing", read.cut
    elif not articles:
        health, message = "empty", "a feed without entries that can be read"
    elif undated > len(articles) / 2:
        health, message = "undated", f"{undated} of {len(articles)} entries have no date that can be read"
    elif now - max(dates) > QUIET_AFTER:
        health, message = "quiet", "no entry of the last 30 days"
    elif answer.moved_to:
        health, message = "moved", f"for good, to {answer.moved_to}"
    return Look(
        url, health, message, answer.status, read.version, " ".join(read.title.split())[:300], len(articles), undated,
        len(read.items) - len(articles), max(dates, default=0.0),
    )  # fmt: skip


def discover(page: bytes, base: str) -> tuple[str, ...]:
    """The feeds that the HTML page ``page``, served at ``base``, names in its head."""
    head = page[:200_000].decode("utf-8", "replace")
    found = []
    for link in _LINK.findall(head):
        href = _HREF.search(link)
        if href and _FEED_TYPE.search(link):
            try:
                found.append(urljoin(base, unescape(href[1])))
            except ValueError:
                continue
    return tuple(url for url in dict.fromkeys(found) if url.startswith(("http://", "https://")))[:10]
