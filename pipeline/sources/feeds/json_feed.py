"""JSON Feed 1.0 and 1.1 (jsonfeed.org): what its items say, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import orjson

_VERSIONS = ("https://jsonfeed.org/version/", "http://jsonfeed.org/version/")


class NotAFeedError(Exception):
    """The document is none. The message says what it is instead, for a person."""


@dataclass(frozen=True)
class RawEntry:
    """An entry as its document has it, nothing checked: text may be HTML, dates may be none."""

    guid: str = ""
    link: str = ""
    title: str = ""
    text: str = ""
    published: str = ""
    updated: str = ""
    publisher: str = ""


def load(document: str) -> dict[str, Any]:
    """The feed in ``document``. Raises NotAFeedError."""
    try:
        feed = orjson.loads(document.encode("utf-8", "replace"))
    except orjson.JSONDecodeError as error:
        raise NotAFeedError(f"not valid JSON: {error}") from error
    if not isinstance(feed, dict) or not text_of(feed.get("version")).startswith(_VERSIONS):
        raise NotAFeedError("JSON, but no JSON Feed: it has no `version` of jsonfeed.org")
    if not isinstance(feed.get("items"), list):
        raise NotAFeedError("a JSON Feed without a list of items")
    return feed


def entries(feed: dict[str, Any]) -> Iterator[RawEntry | None]:
    """The items of what ``load`` gave; None for one that is no object."""
    for item in feed["items"]:
        if not isinstance(item, dict):
            yield None
            continue
        plain = text_of(item.get("content_text"))
        yield RawEntry(
            guid=text_of(item.get("id")),
            link=text_of(item.get("url")) or text_of(item.get("external_url")),
            title=text_of(item.get("title")),
            text=text_of(item.get("content_html")) or escape(plain, quote=False) or text_of(item.get("summary")),
            published=text_of(item.get("date_published")),
            updated=text_of(item.get("date_modified")),
        )


def text_of(value: Any) -> str:
    """``value`` as text: numbers as they are written (ids of version 1.0 may be numbers), anything else as ""."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
