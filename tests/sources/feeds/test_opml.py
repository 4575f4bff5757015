from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.sources.feeds.opml import ListedFeed, feed_urls, parse_opml, read_opml, write_opml


def opml(*outlines: str) -> bytes:
    return f'<?xml version="1.0"?><opml version="2.0"><head/><body>{"".join(outlines)}</body></opml>'.encode()


def test_nested_outlines_and_titles_are_read_each_feed_once() -> None:
    one = '<outline type="rss" text="A &amp; B" xmlUrl="https://a.example/feed?x=1&amp;y=2"/>'
    found = parse_opml(opml(f'<outline text="News">{one}<outline text="Deep">{one}</outline></outline>', one))
    assert found.feeds == (ListedFeed("https://a.example/feed?x=1&y=2", "A & B"),)
    assert found.left_out == ()


def test_what_is_no_address_is_left_out_with_a_reason() -> None:
    bad = ("file:///etc/passwd", "javascript:alert(1)", "http://user:secret@a.example/")
    found = parse_opml(opml(*(f'<outline type="rss" text="x" xmlUrl="{url}"/>' for url in bad)))
    assert found.feeds == ()
    assert len(found.left_out) == 3
    assert not any("secret" in reason for reason in found.left_out)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "holds no feed"),
        (b"no XML", "holds no feed"),
        (b"<html><body>x</body></html>", "holds no feed"),
        (
            b'<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + opml('<outline text="&a;"/>')[21:],
            "external entity",
        ),
        (opml("<outline text='x'>" * 10_000), "nested deeper"),
        (b"<opml>" + b" " * 5_000_001, "too long"),
    ],
)
def test_files_that_are_no_lists_are_refused_by_name(tmp_path: Path, payload: bytes, reason: str) -> None:
    path = tmp_path / "list.opml"
    path.write_bytes(payload)
    with pytest.raises(InputError, match=reason) as refused:
        read_opml(path)
    assert "list.opml" in str(refused.value)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.text(max_size=40))))
def test_what_is_written_is_read_again(feeds: list[tuple[int, str]]) -> None:
    listed = [ListedFeed(f"https://a.example/{n}?x=1&y='2'", title) for n, title in dict(feeds).items()]
    assert [feed.url for feed in parse_opml(write_opml(listed).encode()).feeds] == [feed.url for feed in listed]


def test_words_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "list.opml"
    path.write_bytes(opml('<outline type="rss" xmlUrl="https://a.example/"/>'))
    assert feed_urls([str(path), "https://b.example/", "https://a.example/"]) == [
        "https://a.example/",
        "https://b.example/",
    ]
    with pytest.raises(InputError, match="no such file"):
        feed_urls(["nowhere.opml"])
