"""Feed documents: what real ones give, and that no document at all gives nothing or an exception."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources.feed_document import parse_feed
from pipeline.sources.feeds.document import read_feed
from schemas import Article, DeadLetter, Position
from tests.conftest import shared
from tests.sources.feeds.server import rss

HERE = "https://news.example/feed"
NOON = datetime(2023, 7, 12, 12, tzinfo=UTC)


def parse(document: str | bytes, origin: str = HERE, file: bool = False) -> list[Article | DeadLetter]:
    payload = document.encode() if isinstance(document, str) else document
    return list(parse_feed(payload, origin, file))


def one(document: str | bytes, **more: bool) -> Article:
    (item,) = parse(document, **more)
    assert isinstance(item, Article), item
    return item


def item(inner: str, feed: str = "<link>https://news.example/</link>") -> str:
    return f'<rss version="2.0"><channel><title>F</title>{feed}<item>{inner}</item></channel></rss>'


def entry(inner: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title><id>urn:f</id><entry>{inner}</entry></feed>'


def cause(document: str | bytes) -> str:
    (letter,) = parse(document)
    assert isinstance(letter, DeadLetter), letter
    assert letter.message
    return letter.cause


RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://news.example/"><title>F</title></channel>
 <item rdf:about="https://news.example/1"><title>T</title><link>https://news.example/1</link>
 <dc:date>2023-07-12T14:00:00+02:00</dc:date></item></rdf:RDF>"""
DIALECTS = {
    "RSS 0.91": '<rss version="0.91"><channel><item><title>T</title><pubDate>Wed, 12 Jul 2023 12:00:00 GMT</pubDate>'
    "<link>https://news.example/1</link></item></channel></rss>",
    "RSS 2.0": item(
        "<title>T</title><link>https://news.example/1</link><pubDate>Wed, 12 Jul 2023 14:00 +0200</pubDate>"
    ),
    "RDF": RDF,
    "Atom": entry('<title>T</title><link href="https://news.example/1"/><updated>2023-07-12T12:00:00Z</updated>'),
    "Atom 0.3": '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><title>T</title>'
    '<link rel="alternate" href="https://news.example/1"/><issued>2023-07-12T12:00:00Z</issued></entry></feed>',
    "JSON Feed": '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"T",'
    '"url":"https://news.example/1","date_published":"2023-07-12T12:00:00Z"}]}',
}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_gives_title_link_and_date(name: str) -> None:
    article = one(DIALECTS[name])
    assert (article.title, article.url, article.published) == ("T", "https://news.example/1", NOON)
    assert article.position is not None
    assert (article.position.kind, article.position.origin) == ("feed", HERE)
    assert article.arrived is None


def test_full_content_before_summary_before_nothing() -> None:
    space = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    full = item("<title>T</title><description>short</description><content:encoded>full</content:encoded>")
    assert one(full.replace("<rss", f"<rss {space}")).text == "full"
    assert one(item("<title>T</title><description>short</description>")).text == "short"
    assert one(item("<title>T</title>")).text == ""
    assert one(item("<description>only this</description>")).title == ""
    assert one(entry("<title>T</title><summary>s</summary><content type='html'>&lt;p&gt;c</content>")).text == "<p>c"


def test_plain_text_of_a_json_feed_stays_plain() -> None:
    feed = '{"version":"https://jsonfeed.org/version/1","items":[{"id":7,"content_text":"a <b> c & d"}]}'
    assert one(feed).text == "a &lt;b&gt; c &amp; d"


def test_ids_that_are_addresses_stand_others_are_made_unique_by_feed() -> None:
    def identity(guid: str, home: str = "https://news.example/", **more: bool) -> str:
        return one(item(f"<title>T</title><guid isPermaLink='false'>{guid}</guid>", f"<link>{home}</link>"), **more).id

    assert identity("https://news.example/?p=1") == "https://news.example/?p=1"
    assert identity("urn:uuid:1225c695") == "urn:uuid:1225c695"
    assert identity("tag:news.example,2023:1") == "tag:news.example,2023:1"
    assert identity("42") != identity("43")
    assert identity("42") != identity("42", "https://other.example/")
    assert identity("42") == identity("42", file=True)  # a replay meets the same article
    assert len(identity("https://news.example/" + "a" * 600)) < 100
    assert one(item("<title>T</title><link>https://news.example/1</link>")).id == ""


def test_an_id_that_several_entries_share_is_none() -> None:
    first, second = parse(rss(("1", "A", ""), ("1", "B", "")))
    assert isinstance(first, Article)
    assert isinstance(second, Article)
    assert first.id == second.id == ""


def test_the_same_id_is_an_update() -> None:
    before = one(item("<guid>g</guid><title>A</title>"))
    after = one(item("<guid>g</guid><title>B</title>"))
    assert before.id == after.id != ""


def test_relative_links_start_at_the_feed_or_at_its_site() -> None:
    document = item("<title>T</title><link>/a/1</link>")
    assert one(document).url == "https://news.example/a/1"
    assert one(document, file=True).url == "https://news.example/a/1"


def test_a_date_that_is_none_leaves_the_article_undated() -> None:
    for text in ("yesterday", "", "Wed, 99 Foo 2023", "2023-13-45", "+99:99", "0000-00-00T00:00:00Z"):
        assert one(item(f"<title>T</title><pubDate>{text}</pubDate>")).published is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_encodings_of_unicode(encoding: str) -> None:
    assert one(item("<title>Préfet 省</title>").encode(encoding)).title == "Préfet 省"


@pytest.mark.parametrize(
    ("declared", "actual", "title"),
    [
        ("iso-8859-1", "iso-8859-1", "Préfet lève l’arrêté".replace("’", "'")),
        ("utf-8", "gb18030", "国务院常务会议部署支持平台企业发展，促进平台经济健康持续发展"),
        ("gb2312", "gb18030", "央行宣布下调存款准备金率"),
        ("iso-8859-1", "utf-8", "Préfet lève l’arrêté"),
        ("big5", "big5", "金管會核准新銀行設立"),
        ("shift_jis", "shift_jis", "日銀が政策金利を引き上げ"),
        ("euc-kr", "euc-kr", "금융위원회가 규제를 완화했다"),
        ("windows-1251", "windows-1251", "Банк России повысил ставку"),
        ("iso-2022-jp", "iso-2022-jp", "日銀が政策金利を引き上げ"),
        ("no-such-charset", "utf-8", "Préfet"),
        ("idna", "utf-8", "Préfet"),
    ],
)
def test_encodings_as_declared_and_as_they_are(declared: str, actual: str, title: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>' + item(
        f"<title>{title}</title><description>{title}</description>"
    )
    assert one(text.encode(actual)).title == title


def test_http_may_name_the_charset() -> None:
    payload = item("<title>Préfet</title>").encode("cp1252")
    read = read_feed(payload, Position(origin=HERE, kind="feed"), content_type="text/xml; charset=windows-1252")
    assert not isinstance(read, DeadLetter)
    assert isinstance(read.items[0], Article)
    assert read.items[0].title == "Préfet"


def test_wishes() -> None:
    extra = "<ttl>60</ttl><skipHours><hour>0</hour><hour>24</hour><hour>5</hour></skipHours><skipDays><day>sunday</day></skipDays>"
    read = read_feed(item("<title>T</title>", extra).encode(), Position(origin=HERE, kind="feed"))
    assert not isinstance(read, DeadLetter)
    assert (read.wishes.ttl, read.wishes.skip_hours, read.wishes.skip_days) == (60, {0, 5}, {"Sunday"})
    wild = read_feed(item("<title>T</title>", "<ttl>9e9</ttl>").encode(), Position(origin=HERE, kind="feed"))
    assert not isinstance(wild, DeadLetter)
    assert wild.wishes.ttl is None


NONE_AT_ALL = {
    "empty": b"",
    "white space": b" \r\n\t",
    "NULs": b"\0" * 100,
    "a byte-order mark": b"\xef\xbb\xbf",
    "an HTML page": b"<!doctype html><html><head><title>Just a moment...</title></head><body>Wait</body></html>",
    "a sitemap": b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url/></urlset>',
    "other XML": b"<configuration><a/></configuration>",
    "other JSON": b'{"items": []}',
    "broken JSON": b'{"version": "https://jsonfeed.org/version/1.1", "items": [',
    "JSON with wrong items": b'{"version": "https://jsonfeed.org/version/1.1", "items": {"a": 1}}',
    "deep JSON": b"[" * 100_000,
    "text": b"Hello, world",
    "an address": b"http://127.0.0.1:1/feed",
    "a file's name": b"/etc/passwd",
    "noise": bytes(random.Random(1).randbytes(5000)),
    "a feed without entries": rss(),
    "a JSON feed without entries": b'{"version": "https://jsonfeed.org/version/1.1", "items": []}',
}


@pytest.mark.parametrize("name", NONE_AT_ALL)
def test_what_is_no_feed_is_a_dead_letter(name: str) -> None:
    assert cause(NONE_AT_ALL[name]) == "bad_feed"


LAUGHS = "<!DOCTYPE r [<!ENTITY a0 'ha'>{}]>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
)
UNSAFE = {
    "billion laughs": LAUGHS + item("<title>&a11;</title>"),
    "quadratic blowup": f"<!DOCTYPE r [<!ENTITY a '{'x' * 10_000}'>]>" + item(f"<title>{'&a;' * 10_000}</title>"),
    "external entity": "<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" + item("<title>&a;</title>"),
    "external entity by http": "<!DOCTYPE r [<!ENTITY a SYSTEM 'http://127.0.0.1:1/'>]>" + item("<title>&a;</title>"),
    "public entity": "<!DOCTYPE r [<!ENTITY a PUBLIC 'x' 'file:///etc/passwd'>]>" + item("<title>&a;</title>"),
    "parameter entity": "<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x.dtd'> %p;]>" + item("<title>T</title>"),
    "thousands of entities": "<!DOCTYPE r [" + "".join(f"<!ENTITY a{n} 'x'>" for n in range(1000)) + "]>" + item("<title>T</title>"),
    "deep nesting": item("<title>T</title><description>" + "<b>" * 100_000 + "</b>" * 100_000 + "</description>"),
    "unclosed nesting": item("<title>T</title><description>" + "<b>" * 1_600_000),
    "attribute flood": item("<title>T</title><a " + " ".join(f"a{n}='1'" for n in range(20_000)) + "/>"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE)
def test_bombs_and_external_entities_are_refused(name: str) -> None:
    assert cause(UNSAFE[name]) == "refused"


def test_an_external_document_type_is_not_fetched_and_no_bar() -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://127.0.0.1:1/rss-0.91.dtd">'
    assert one(doctype + item("<title>T</title>")).title == "T"


def test_an_address_as_a_document_is_not_fetched() -> None:
    """feedparser fetches what looks like an address and opens what looks like a file."""
    import socket

    real = socket.socket.connect
    met: list[object] = []
    socket.socket.connect = lambda self, address: met.append(address)  # type: ignore[method-assign,assignment]
    try:
        parse(b"http://127.0.0.1:1/feed")
        parse(b"<feed href='http://127.0.0.1:1/'>")
    finally:
        socket.socket.connect = real  # type: ignore[method-assign]
    assert met == []


def test_too_many_entries_and_too_long_texts() -> None:
    many = read_feed(rss(*((str(n), "T", "") for n in range(30))), Position(origin=HERE, kind="feed"), max_entries=10)
    assert not isinstance(many, DeadLetter)
    assert [type(i) for i in many.items] == [Article] * 10 + [DeadLetter]
    long = parse(item(f"<title>T</title><description>{'x' * 2_000_001}</description>"))
    assert isinstance(long[0], DeadLetter)
    assert long[0].cause == "too_large"
    assert cause(b"<rss>" + b" " * 5_000_001) == "too_large"


def test_an_entry_with_nothing_in_it_is_a_dead_letter_beside_the_others() -> None:
    first, second = parse(item("<title>T</title></item><item><guid>9</guid>"))
    assert isinstance(first, Article)
    assert isinstance(second, DeadLetter)
    assert second.position.entry == "9"


CLOSINGS = {"RSS 0.91": "</rss>", "RSS 2.0": "</rss>", "RDF": "</rdf:RDF>", "Atom": "</feed>", "Atom 0.3": "</feed>"}


@pytest.mark.parametrize("name", CLOSINGS)
def test_a_document_cut_short_gives_its_whole_entries_and_says_so(name: str) -> None:
    whole = DIALECTS[name]
    (entry_,) = parse(whole)
    behind = max(whole.rfind("</item>") + len("</item>"), whole.rfind("</entry>") + len("</entry>"))
    start = max(whole.rfind("<item"), whole.rfind("<entry"))
    for end in range(start, len(whole)):
        *entries, letter = parse(whole[:end])
        assert entries == ([entry_] if end >= behind else []), whole[:end]
        assert isinstance(letter, DeadLetter)
        assert letter.cause == "bad_feed"
        assert f"ends early, without {CLOSINGS[name]}" in letter.message


def test_a_second_entry_that_is_cut_does_not_touch_the_first() -> None:
    whole = rss(("1", "A", ""), ("2", "B &amp; C", ""))
    first, second = parse(whole)
    for end in range(whole.index(b"</item>") + 7, len(whole)):
        read = parse(whole[:end])
        assert read[0] == first
        assert read[1:-1] in ([], [second])
        assert isinstance(read[-1], DeadLetter)


@pytest.mark.parametrize(
    "document",
    [
        item("<title>T</title>") + "<!-- 0.2 s --><script></script>",
        item("<title>T & co</title><description><b></description>"),
        item("<title>T</title>").replace("</channel>", ""),
        item("<title>T</title>").replace("</rss>", "</RSS >"),
        "<!-- made by hand -->" + item("<title>T</title>"),
        "<!DOCTYPE rss [<!ENTITY nbsp '&#160;'>]>" + item("<title>T</title>"),
        '<atom:feed xmlns:atom="http://www.w3.org/2005/Atom"><atom:entry><atom:title>T</atom:title></atom:entry></atom:feed>',
    ],
)
def test_what_is_ill_formed_or_adorned_is_not_cut(document: str) -> None:
    assert isinstance(parse(document)[0], Article)
    assert len(parse(document)) == 1


# -- real documents ------------------------------------------------------------------------------------------------


def documents() -> list[Path]:
    return sorted(path for path in shared("feeds").rglob("*") if path.is_file())


def check(items: list[Article | DeadLetter]) -> None:
    """What must hold of whatever is parsed."""
    assert items
    for found in items:
        assert found.position is not None
        if isinstance(found, Article):
            assert found.title or found.text
            assert len(found.id) <= 512
            Article.model_validate_json(found.model_dump_json())
        else:
            assert found.message
            assert found.cause != "internal", found.message
            DeadLetter.model_validate_json(found.model_dump_json())


def test_every_real_document_gives_entries_or_a_dead_letter() -> None:
    files = documents()
    assert len(files) == 132
    read = [parse(path.read_bytes(), path.name, file=True) for path in files]
    for items in read:
        check(items)
    by_name = {path.name: items for path, items in zip(files, read, strict=True)}
    feeds = [name for name in by_name if ".serde." not in name]
    with_entries = [name for name in feeds if any(isinstance(item, Article) for item in by_name[name])]
    # Two are XML of other kinds, one is a feed without entries.
    assert len(feeds) - len(with_entries) == 3
    assert sum(isinstance(item, Article) for items in read for item in items) == 103
    # The descriptions of what a parser should find are JSON, and no feeds.
    assert all(isinstance(by_name[name][0], DeadLetter) for name in by_name if ".serde." in name)


def mutations(payload: bytes, chance: random.Random) -> Iterator[bytes]:
    """Broken in the ways of networks, editors and attackers."""
    size = len(payload)
    yield payload[: chance.randrange(size)]
    yield payload[chance.randrange(size) :]
    flipped = bytearray(payload)
    for _ in range(20):
        flipped[chance.randrange(size)] = chance.randrange(256)
    yield bytes(flipped)
    a, b = sorted((chance.randrange(size), chance.randrange(size)))
    yield payload[:a] + payload[b:]
    yield payload[:b] + payload[a:b] * 5 + payload[b:]
    tags = [m.span() for m in re.finditer(rb"<[^<>]{1,200}>", payload)] or [(0, 1)]
    start, end = chance.choice(tags)
    yield payload[:start] + payload[end:]
    yield payload[:start] + payload[start:end] * 300 + payload[end:]
    odd = [
        b"\0",
        b"\xff\xfe",
        b"&nope;",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"\x1b[2J",
        b"&#0;",
        b"&#x110000;",
        "\ud7ff\U0010ffff".encode(),
    ]
    yield payload[:a] + chance.choice(odd) + payload[a:]
    yield re.sub(rb"\d{4}", lambda _: str(chance.randrange(100_000)).encode(), payload)
    yield re.sub(rb"https?://", lambda _: chance.choice([b"http://[", b"javascript:", b"//", b"http://\xff"]), payload)


def test_mutated_real_documents_give_entries_or_a_dead_letter() -> None:
    chance = random.Random(20230712)
    count = 0
    for path in documents():
        for mutant in mutations(path.read_bytes(), chance):
            check(parse(mutant, path.name, file=bool(count % 2)))
            count += 1
    assert count == 1320


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_any_bytes_give_a_dead_letter_or_entries(payload: bytes) -> None:
    check(parse(payload))
    check(parse(b"<rss><channel><item>" + payload))
    check(parse(b'<?xml version="1.0" encoding="' + payload[:20] + b'"?>' + payload))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "url", "title", "content_html", "date_published", "x"]), inner, max_size=4
            )
        ),
        max_leaves=10,
    )
)
@settings(max_examples=200)
def test_any_json_gives_a_dead_letter_or_entries(value: object) -> None:
    import json

    check(parse(json.dumps(value)))
    check(parse(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": value, "items": [value]})))
