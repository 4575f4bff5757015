"""A feed document, RSS 0.9 to 2.0, RDF, Atom or JSON Feed, from bytes to articles. A pure function, of untrusted input
that may be made to take long: callers want ``child.read_feed_in_time``."""

import io
import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import PurePath
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser

from pipeline.dead_letters import dead_letter
from pipeline.settings import ReadLimits
from pipeline.sources.feeds import json_feed
from pipeline.sources.feeds.dates import read_date
from pipeline.sources.feeds.encoding import decode
from pipeline.sources.feeds.guard import RefusedError, inspect
from pipeline.sources.feeds.json_feed import NotAFeedError, RawEntry
from pipeline.sources.feeds.schedule import Wishes
from schemas import Article, DeadLetter, Position
from schemas.terms import Cause

STEP = "Source"
MAX_ENTRIES = 10_000
"""Entries of one document that are read; a dead letter says how many more there were."""
_MAX_ID = 512
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_CHARACTER = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)[^<>]*>")
_ROOTS = ("rss", "feed", "rdf")
_ENTRY = re.compile(r"<(/?)(?:[\w.-]{1,40}:)?(?:item|entry)(?:\s[^<>]*)?>", re.IGNORECASE)
_GLOBAL = ("http://", "https://", "urn:", "tag:")
_HOURS = re.compile(r"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAYS = re.compile(r"<day>\s*([A-Za-z]{6,9})\s*</day>", re.IGNORECASE)
_SKIP = re.compile(r"<skip(hours|days)>(.{0,2000}?)</skip\1>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class FeedDocument:
    """A feed as one document shows it.

    Attributes:
        version: the format, as feedparser names it, or "json".
        title: the feed's own.
        items: an article, or a dead letter, for each entry, in the document's order.
        wishes: what it asks of its readers.
        cut: how it ends early, which the last of ``items`` says too; "" where it is whole. Of a document cut short
            only the entries that stand in it whole are read.
    """

    version: str
    title: str
    items: tuple[Article | DeadLetter, ...]
    wishes: Wishes = field(default_factory=Wishes)
    cut: str = ""


@dataclass(frozen=True)
class _Context:
    payload: bytes
    position: Position
    base: str
    limits: ReadLimits
    max_entries: int


def read_feed(
    payload: bytes,
    position: Position,
    *,
    content_type: str = "",
    base: str = "",
    limits: ReadLimits | None = None,
    max_entries: int = MAX_ENTRIES,
) -> FeedDocument | DeadLetter:
    """The feed in ``payload``, or a dead letter that says why it is none. A feed may have no entries. Never raises.

    ``content_type`` is the HTTP header's value, where there is one: its charset is taken into account. ``base`` is the
    address that the document came from, where that is not the position's origin; relative links start there.
    """
    limits = limits or ReadLimits()
    base = base or (position.origin if position.kind == "feed" else "")
    context = _Context(payload, position, base, limits, max_entries)

    def refuse(cause: Cause, message: str, error: Exception | None = None) -> DeadLetter:
        return dead_letter(cause, STEP, message, position, payload, error)

    if len(payload) > limits.max_document_bytes:
        return refuse("too_large", f"{len(payload):,} bytes, more than {limits.max_document_bytes:,}")
    if not payload.strip(b"\0 \t\r\n"):
        return refuse("bad_feed", "the document is empty")
    try:
        text = decode(payload, content_type)
        if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
            return _read_json(text, context)
        return _read_xml(text, context)
    except RefusedError as error:
        return refuse("refused", f"not parsed: {error}")
    except NotAFeedError as error:
        return refuse("bad_feed", f"not a feed: {error}")
    except (Exception, RecursionError) as error:  # a feed parser has many corners; none of them may stop the stream
        return refuse("internal", f"could not parse the feed: {error}; please report it with this dead letter", error)


def _read_json(text: str, context: _Context) -> FeedDocument:
    feed = json_feed.load(text.lstrip("\ufeff"))
    home = json_feed.text_of(feed.get("home_page_url")) or json_feed.text_of(feed.get("feed_url"))
    entries = list(json_feed.entries(feed))
    items = _items(entries, home, context)
    return FeedDocument("json", json_feed.text_of(feed.get("title")), items)


def _read_xml(text: str, context: _Context) -> FeedDocument:
    body = _DECLARATION.sub("", _NOT_XML.sub("", text.lstrip("\ufeff")), count=1).lstrip()
    # feedparser gives up on the whole document for a reference to no character.
    body = _CHARACTER.sub(_only_characters, body)
    body, cut = _whole(body)
    document = f'<?xml version="1.0" encoding="utf-8"?>\n{body}'.encode()
    inspect(document)
    # As a stream: a mere string or bytes could be taken for a URL or a file's name, and be opened. Without a base URL:
    # feedparser would resolve guids against it as well, and the same entry had another id in a file.
    try:
        feed = feedparser.parse(
            io.BytesIO(document),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,  # articles.clean makes plain text, many times faster
            resolve_relative_uris=False,
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, RecursionError) as error:
        # Of a broken document: feedparser's lenient half has corners of its own.
        raise NotAFeedError(f"broken beyond what the parser can mend ({type(error).__name__}: {error})") from error
    version = feed.get("version") or ""
    if not version and not feed.entries:
        raise NotAFeedError(_what_else(body))
    home = _text(feed.feed, "id") or _text(feed.feed, "link")
    items = _items([_raw(entry) for entry in feed.entries], home, context)
    if cut:
        items += (dead_letter("bad_feed", STEP, cut, context.position, context.payload),)
    return FeedDocument(version or "unknown", _text(feed.feed, "title"), items, _wishes(feed.feed, body), cut)


def _whole(body: str) -> tuple[str, str]:
    """``body``, and "" where it is whole. One that lacks its root's end tag was cut short: it is closed behind its last
    whole entry, so that this and those before are read as they are in the whole document; and how it ends is said."""
    root = _ROOT.search(body)
    if root is None or root[0].endswith("/>") or root[1].rpartition(":")[2].lower() not in _ROOTS:
        return body, ""
    if re.search(rf"</{re.escape(root[1])}\s*>", body[root.end() :], re.IGNORECASE):
        return body, ""
    cut = f"the document ends early, without </{root[1][:40]}>: only the entries that stand in it whole were read"
    last = next(reversed(list(_ENTRY.finditer(body))), None)
    if last is None:
        return body, cut
    channel = "</channel>" if root[1].lower() == "rss" else ""
    return f"{body[: last.end() if last[1] else last.start()]}{channel}</{root[1]}>", cut


def _wishes(feed: Any, body: str) -> Wishes:
    ttl = _text(feed, "ttl")
    skipped = [(kind.lower(), inner) for kind, inner in _SKIP.findall(body)]
    return Wishes(
        ttl=int(ttl) if ttl.isascii() and ttl.isdigit() and len(ttl) < 7 else None,
        skip_hours=frozenset(int(h) % 24 for kind, inner in skipped if kind == "hours" for h in _HOURS.findall(inner)),
        skip_days=frozenset(d.capitalize() for kind, inner in skipped if kind == "days" for d in _DAYS.findall(inner)),
    )


def _only_characters(reference: re.Match[str]) -> str:
    digits, base = (reference[1], 16) if reference[1] else (reference[2], 10)
    # Seven digits hold every character there is; more of them, but for noughts in front, are none.
    digits = digits.lstrip("0")
    number = int(digits, base) if 0 < len(digits) <= 7 else 0
    return reference[0] if 0 < number < 0xD800 or 0xE000 <= number < 0x110000 else "\ufffd"


def _what_else(body: str) -> str:
    start = body[:2000].lower()
    if "<urlset" in start or "<sitemapindex" in start:
        return "a sitemap"
    if "<html" in start or "<!doctype html" in start:
        return "an HTML page (an error page, a challenge, or the site instead of its feed)"
    return "neither RSS, Atom nor JSON Feed"


def _raw(entry: Any) -> RawEntry:
    contents = [_text(content, "value") for content in entry.get("content") or () if isinstance(content, dict)]
    source = entry.get("source")
    return RawEntry(
        guid=_text(entry, "id"),
        link=_text(entry, "feedburner_origlink") or _text(entry, "link"),
        title=_text(entry, "title"),
        text=next((content for content in contents if content), "") or _text(entry, "summary"),
        published=_text(entry, "published") or _text(entry, "created"),
        updated=_text(entry, "updated"),
        publisher=_text(source, "href") if isinstance(source, dict) else "",
    )


def _text(holder: Any, key: str) -> str:
    # dict.get, since feedparser's own get maps keys to others with a warning.
    value = dict.get(holder, key)
    return value.strip() if isinstance(value, str) else ""


def _items(
    entries: list[RawEntry | None] | list[RawEntry], home: str, context: _Context
) -> tuple[Article | DeadLetter, ...]:
    """The entries as articles or dead letters. ``home`` is the feed's own id or link."""
    position, limits, max_entries = context.position, context.limits, context.max_entries
    guids = Counter(entry.guid for entry in entries if entry)
    scope = home or (position.origin if position.kind == "feed" else PurePath(position.origin).name)
    base = context.base or home
    items: list[Article | DeadLetter] = []
    for number, entry in enumerate(entries[:max_entries], start=1):
        name = (entry.guid or entry.link if entry else "") or str(number)
        at = position.model_copy(update={"entry": _NOT_XML.sub("", name)[:_MAX_ID]})
        if entry is None or not (entry.title or entry.text):
            message = "an entry with neither title nor text" if entry else "an item that is no JSON object"
            items.append(dead_letter("bad_feed", STEP, message, at, b""))
        elif max(len(entry.title), len(entry.text)) > limits.max_text_chars:
            message = f"title or text longer than {limits.max_text_chars:,} characters (limits.max_text_chars)"
            kept = (entry.title + entry.text)[: limits.max_text_chars].encode("utf-8", "replace")
            items.append(dead_letter("too_large", STEP, message, at, kept))
        else:
            # An id that several entries share tells none of them apart.
            guid = entry.guid if guids[entry.guid] == 1 else ""
            items.append(_article(entry, _identity(guid, scope), base, at))
    if len(entries) > max_entries:
        message = f"{len(entries):,} entries; the {len(entries) - max_entries:,} behind the first {max_entries:,} were not read"
        items.append(dead_letter("too_large", STEP, message, position, context.payload))
    return tuple(items)


def _article(entry: RawEntry, identity: str, base: str, position: Position) -> Article:
    updated = read_date(entry.updated)
    return Article(
        id=identity,
        title=entry.title,
        text=entry.text,
        url=_absolute(base, entry.link),
        source=_host(entry.publisher),
        # Formats differ in which of the two they have; a feed with one date means by it when the entry came out.
        published=read_date(entry.published) or updated,
        updated=updated,
        position=position,
    )


def _identity(guid: str, scope: str) -> str:
    """The article's id by its entry's ``guid``: as it is where it is unique in the world, else unique within
    ``scope``, the feed; "" where there is none."""
    if not guid:
        return ""
    if guid.lower().startswith(_GLOBAL) and len(guid) <= _MAX_ID:
        return guid
    return blake2b(f"entry\0{scope}\0{guid}".encode("utf-8", "replace"), digest_size=10).hexdigest()


def _absolute(base: str, link: str) -> str:
    try:
        return urljoin(base, link) if link else ""
    except ValueError:
        return ""


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.") if url else ""
    except ValueError:
        return ""
