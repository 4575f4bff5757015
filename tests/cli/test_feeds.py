"""``policywire feeds`` and ``run --feeds`` against a real server."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from pipeline.sources.feeds.opml import parse_opml
from tests.sources.feeds.server import Server, rss, say, serve

TITLE = "Regulator fines Acme Bank 40 million dollars over fees"


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("POLICYWIRE_FEEDS__ALLOW_PRIVATE", "true")
    monkeypatch.setenv("POLICYWIRE_FEEDS__TIMEOUT_SECONDS", "2")
    with serve() as running:
        now = format_datetime(datetime.now(UTC))
        running.on(
            "/good", say(200, rss(("1", TITLE, now), ("2", "Long ago \x1b[2J", "Wed, 12 Jul 2023 12:00:00 GMT")))
        )
        running.on("/page", say(200, b'<html><link rel="alternate" type="application/rss+xml" href="/good"></html>'))
        running.on("/moved", say(301, location="/good"))
        running.on("/empty", say(200, rss()))
        running.on("/down", say(500))
        yield running


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_what_is_no_feed_is_not_added_and_a_page_names_its_feed(policywire, server):
    ran = policywire("feeds", "add", server.url("/good"), server.url("/page"), server.url("/down"))
    assert ran.code == 1
    assert f"it names a feed: {server.url('/good')}" in ran.err
    assert "HTTP 500" in ran.err
    assert [feed["url"] for feed in lines(policywire("feeds", "list", "--json").out)] == [server.url("/good")]
    assert policywire("feeds", "add", "--force", server.url("/down")).code == 0
    assert "1 on the list already" in policywire("feeds", "add", server.url("/good")).err


def test_run_polls_the_list_and_list_shows_how_the_feeds_are(policywire, server):
    names = ("good", "moved", "empty", "down")
    policywire("feeds", "add", "--force", *(server.url(f"/{name}") for name in names))
    ran = policywire("run", "--once", "--alerts", "-")
    assert ran.code == 1
    assert "not all could be read: 1 of 4 feeds failed (`policywire feeds list`)" in ran.err
    assert [line["data"]["headline"] for line in lines(ran.out)] == [TITLE]
    assert "1 of 2 entries passed by" in ran.err
    found = lines(policywire("feeds", "list", "--json").out)
    assert [(feed["url"].rpartition("/")[2], feed["health"]) for feed in found] == [
        ("down", "failing"),
        ("empty", "empty"),
        ("moved", "moved"),
        ("good", "ok"),
    ]
    plain = policywire("feeds", "list")
    assert len(plain.out.splitlines()) == 4
    assert plain.err.startswith("4 feeds: ")
    assert "\x1b" not in plain.out
    assert len(policywire("feeds", "list", "--health", "ok", "--json").out.splitlines()) == 1
    # Nothing is asked again before the time.
    hits = server.hits()
    again = policywire("run", "--once", "--alerts", "-")
    assert (again.code, again.out) == (0, "")
    assert "4 of 4 were not asked, as it is not their time yet; 1 of them failed when last asked" in again.err
    assert server.hits() == hits


def test_once_asks_a_feed_once_however_soon_it_is_due_again(policywire, server, monkeypatch):
    monkeypatch.setenv("POLICYWIRE_FEEDS__INTERVAL_MINUTES", "0.0001")
    names = ("good", "down")
    arguments = [part for name in names for part in ("--feeds", server.url(f"/{name}"))]
    ran = policywire("run", *arguments, "--once", "--alerts", "alerts.jsonl")
    assert ran.code == 1
    assert [server.hits()[f"/{name}"] for name in names] == [1, 1]
    told = lines("\n".join(line for line in ran.err.splitlines() if line.startswith("{")))
    (rounds,) = [line for line in told if line["event"] == "rounds"]
    assert (rounds["alerts"], rounds["waiting"]) == (1, {})


def test_what_is_no_feed_makes_once_fail(policywire, server):
    ran = policywire("run", "--feeds", server.url("/page"), "--once")
    assert ran.code == 1
    assert "1 of 1 feeds failed (`policywire feeds list`), 1 dead letters (`policywire deadletters list`)" in ran.err


def test_run_takes_addresses_and_lists(policywire, server, tmp_path):
    (tmp_path / "list.opml").write_text(
        f'<opml version="2.0"><body><outline type="rss" xmlUrl="{server.url("/good")}"/></body></opml>'
    )
    ran = policywire("run", "--feeds", "list.opml", "--once", "--backfill", "--alerts", "alerts.jsonl")
    assert ran.code == 0, ran.err
    assert len((tmp_path / "alerts.jsonl").read_text().splitlines()) == 1
    assert policywire("run", "--feeds", "nowhere.opml", "--once").code == 1
    assert policywire("run", "--feeds", "ftp://news.example/", "--once").code == 1


def test_check_says_how_feeds_are_and_changes_nothing(policywire, server):
    ran = policywire("feeds", "check", server.url("/good"), server.url("/empty"), server.url("/down"), "--json")
    assert ran.code == 1
    assert [look["health"] for look in lines(ran.out)] == ["ok", "empty", "failing"]
    assert policywire("feeds", "check", server.url("/good"), server.url("/moved")).code == 0
    assert policywire("feeds", "list").code == 1


def test_lists_go_in_and_out_as_opml(policywire, server, tmp_path):
    urls = [server.url("/good"), server.url("/down")]
    policywire("feeds", "add", "--force", *urls)
    assert policywire("feeds", "export", "out.opml").code == 0
    written = (tmp_path / "out.opml").read_bytes()
    assert sorted(feed.url for feed in parse_opml(written).feeds) == sorted(urls)
    assert policywire("feeds", "export").out.encode() == written
    ran = policywire("feeds", "import", "out.opml", "--ledger", "other.sqlite")
    assert (ran.code, ran.err) == (0, "2 added\n")
    assert policywire("feeds", "remove", urls[0]).code == 0
    assert [feed["url"] for feed in lines(policywire("feeds", "list", "--json").out)] == urls[1:]
    assert policywire("feeds", "remove", urls[0]).code == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["list"], 1, "policywire feeds add URL"),
        (["list", "--health", "bad"], 2, "there are new, ok"),
        (["add", "ftp://news.example/"], 1, "only http and https"),
        (["add", "http://user:secret@news.example/"], 1, "password"),
        (["import", "nowhere.opml"], 1, "No such file"),
        (["check", "nowhere.opml"], 1, "no such file"),
        (["add"], 2, "Missing argument"),
    ],
)
def test_wrong_use_is_explained(policywire, arguments, code, words):
    ran = policywire("feeds", *arguments)
    assert ran.code == code
    assert words in ran.err
    assert "secret" not in ran.err


def test_private_addresses_are_refused_without_the_setting(policywire, server, monkeypatch):
    monkeypatch.setenv("POLICYWIRE_FEEDS__ALLOW_PRIVATE", "false")
    ran = policywire("feeds", "add", server.url("/good"))
    assert ran.code == 1
    assert "feeds.allow_private" in ran.err
    assert server.hits() == {}
