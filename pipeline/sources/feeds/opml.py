"""Lists of feeds as OPML, which every feed reader writes and reads."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

import listparser

from pipeline.articles.clean import clean
from pipeline.errors import InputError
from pipeline.sources.feeds.addresses import AddressRefusedError, check_url
from pipeline.sources.feeds.encoding import decode
from pipeline.sources.feeds.guard import RefusedError, inspect

MAX_BYTES = 5_000_000
_HINT = "give an OPML file (an export of a feed reader), or the feeds' addresses"


class ListedFeed(NamedTuple):
    """A feed of a list."""

    url: str
    title: str


class FeedList(NamedTuple):
    """The feeds of a list, and what was left out of it, each in words."""

    feeds: tuple[ListedFeed, ...]
    left_out: tuple[str, ...]


def read_opml(path: Path) -> FeedList:
    """The feeds of the OPML file at ``path``, each once, in its order; entries that are no http(s) address are left out.

    Raises InputError naming the file where it cannot be read, is not safe, or holds no feed.
    """
    try:
        with path.open("rb") as stream:
            payload = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if len(payload) > MAX_BYTES:
        raise InputError(f"{path}: longer than {MAX_BYTES:,} bytes, too long for a list of feeds; {_HINT}")
    try:
        found = parse_opml(payload)
    except RefusedError as error:
        raise InputError(f"{path}: not read: {error}") from error
    if not found.feeds:
        left_out = f" ({found.left_out[0]})" if found.left_out else ""
        raise InputError(f"{path}: holds no feed{left_out}; {_HINT}")
    return found


def parse_opml(payload: bytes) -> FeedList:
    """The feeds in an OPML document; none where it is no OPML. Raises RefusedError where it is not safe to parse."""
    text = decode(payload).lstrip("\ufeff \t\r\n")
    if not text.startswith("<"):
        return FeedList((), ("not XML",))
    _, declaration, rest = text.partition("?>") if text.startswith("<?xml") else ("", "", text)
    document = f'<?xml version="1.0" encoding="utf-8"?>{rest if declaration or rest else text}'.encode(
        "utf-8", "replace"
    )
    inspect(document)
    feeds: dict[str, ListedFeed] = {}
    left_out: list[str] = []
    for entry in listparser.parse(document).feeds:
        url = str(entry.get("url") or "").strip()
        try:
            check_url(url)
        except AddressRefusedError as error:
            left_out.append(str(error))
            continue
        feeds.setdefault(url, ListedFeed(url, " ".join(clean(str(entry.get("title") or "")).split())))
    return FeedList(tuple(feeds.values()), tuple(left_out))


def write_opml(feeds: Iterable[ListedFeed]) -> str:
    """``feeds`` as an OPML 2.0 document."""
    lines = [
        f"    <outline type={quoteattr('rss')} text={quoteattr(_xml(feed.title or feed.url))} "
        f"title={quoteattr(_xml(feed.title))} xmlUrl={quoteattr(_xml(feed.url))}/>"
        for feed in feeds
    ]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n  <head><title>policywire</title></head>\n'
    return "\n".join([f"{head}  <body>", *lines, "  </body>", "</opml>", ""])


def _xml(text: str) -> str:
    """Without the characters that XML has no way to write."""
    return "".join(c for c in text if c.isprintable())


def feed_urls(given: Iterable[str]) -> list[str]:
    """The addresses meant by words of a command line: addresses as they are, OPML files by what they hold.

    Raises InputError naming the first that is neither.
    """
    urls: list[str] = []
    for word in given:
        if "://" in word:
            check_url(word)
            urls.append(word)
        elif Path(word).is_file():
            urls += [feed.url for feed in read_opml(Path(word)).feeds]
        else:
            raise InputError(f"{word}: no such file, and no address (they begin with http:// or https://); {_HINT}")
    return list(dict.fromkeys(urls))
