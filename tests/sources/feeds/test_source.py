"""Feeds in rounds: a real server, the real graph, a real ledger."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.ledger import Ledger, LedgerMemory
from pipeline.runners.rounds import Rounds
from pipeline.runners.trouble import Trouble
from pipeline.settings import FeedPolicy, Settings
from pipeline.sources.feeds.source import FeedRounds
from pipeline.sources.feeds.state import FeedState, health
from schemas import Alert
from tests.sources.feeds.server import Server, conditional, gzip_bomb, rss, say, serve

FINE = "Regulator fines Acme Bank 40 million dollars over {}"


def ago(hours: float) -> str:
    return format_datetime(datetime.now(UTC) - timedelta(hours=hours))


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


class Run:
    """One run over a ledger, as often as asked."""

    def __init__(self, path: Path, urls: list[str] | None, ahead: float = 0.0, **policy: Any) -> None:
        given: dict[str, Any] = {"allow_private": True, "timeout_seconds": 2, "robots": False} | policy
        backfill = given.pop("backfill", False)
        settings = Settings(ledger=path, feeds=FeedPolicy(**given))
        self.told: list[Trouble] = []
        self.ledger = Ledger(path)
        self.source = FeedRounds(
            settings, LedgerMemory(str(path)), urls, backfill=backfill, tell=self.told.append,
            clock=lambda: time.time() + ahead,
        )  # fmt: skip
        self.rounds = Rounds(self.ledger, [self.source], settings, alerts_to=["test"])

    def once(self) -> list[str]:
        """Runs rounds until nothing is due; returns the headlines of the alerts since, and takes them away."""
        deadline = time.monotonic() + 60
        while self.rounds.run_one() is not None or not self.rounds.idle():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        parcels = self.ledger.outbox("test", 1000)
        with self.ledger.transaction() as transaction:
            transaction.acknowledge("test", [parcel.seq for parcel in parcels])
        return [Alert.model_validate_json(p.body).headline for p in parcels if p.kind == "alert"]

    def state(self, url: str) -> FeedState:
        body = self.ledger.feed_state(url)
        assert body is not None
        return FeedState.model_validate_json(body)

    def health(self, url: str) -> str:
        return health(self.state(url), time.time())

    def close(self) -> None:
        self.source.close()
        self.ledger.close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    """Starts runs over one ledger, each ending the one before, as a restart does."""
    runs: list[Run] = []

    def start(urls: list[str] | None, **more: Any) -> Run:
        if runs:
            runs[-1].close()
        runs.append(Run(tmp_path / "ledger.sqlite", urls, **more))
        return runs[-1]

    yield start
    if runs:
        runs[-1].close()


def test_new_and_changed_entries_alert_once_over_polls_and_restarts(server: Server, run: Any) -> None:
    first, second = ("1", FINE.format("fees"), ago(2)), ("2", FINE.format("loans"), ago(1))
    url = server.on("/feed", conditional(rss(first), '"a"'))
    live = run([url])
    assert live.once() == [first[1]]
    assert (live.health(url), live.state(url).entries, live.state(url).title) == ("ok", 1, "Example")

    # A restart does not poll again before the time, and then gets what it knows: nothing.
    hits = server.hits()["/feed"]
    assert run([url]).once() == []
    assert server.hits()["/feed"] == hits
    assert run([url], ahead=3600).once() == []
    assert server.hits()["/feed"] == hits + 1
    assert server.requests[-1].headers["if-none-match"] == '"a"'

    # A new entry beside the old one.
    server.on("/feed", conditional(rss(second, first), '"b"'))
    live = run([url], ahead=2 * 3600)
    assert live.once() == [second[1]]

    # The old one is corrected: read again, as an update of the same article.
    corrected = ("1", "European Central Bank cuts its key rate by half a point", first[2])
    server.on("/feed", conditional(rss(second, corrected), '"c"'))
    live = run([url], ahead=3 * 3600)
    assert live.once() == [corrected[1]]
    coverage = [record.counts for record in live.ledger.coverage("feeds", url) if record.outcome == "read"]
    assert [counts["read"] for counts in coverage] == [1, 1, 1]
    assert coverage[0]["changed"] == 1


def test_the_first_poll_passes_old_and_undated_entries_by_and_says_so(server: Server, run: Any) -> None:
    items = [
        ("new", FINE.format("fees"), ago(3)),
        ("old", FINE.format("loans"), ago(30)),
        ("none", FINE.format("x"), "soon"),
    ]
    url = server.on("/feed", say(200, rss(*items)))
    live = run([url])
    assert live.once() == [items[0][1]]
    live.source.plan(live.ledger, 100)
    assert any("2 of 3 entries passed by" in trouble.message for trouble in live.told)
    assert live.state(url).passed_by == 2
    # Later an old one that is edited is still old; one that is new is read whatever its age.
    changed = [items[0], ("old", FINE.format("mortgages"), ago(31)), ("late", FINE.format("deposits"), ago(50))]
    server.on("/feed", say(200, rss(*changed)))
    assert run([url], ahead=3600).once() == [changed[2][1]]
    # All of them on demand.
    server.on("/feed", say(200, rss(*changed) + b"<!-- again -->"))
    assert run([url], ahead=7200, backfill=True).once() == [changed[1][1]]


def test_without_names_the_listed_feeds_are_polled_and_new_ones_noticed(
    server: Server, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sources.feeds.source._REFRESH_SECONDS", 0.0)
    a = server.on("/a", say(200, rss(("1", FINE.format("fees"), ago(1)))))
    b = server.on("/b", say(200, rss(("1", FINE.format("loans"), ago(1)))))
    live = run(None)
    assert live.once() == []
    for url in (a, b):
        with live.ledger.transaction() as transaction:
            transaction.set_feed_state(url, FeedState(url=url, listed=url == a).model_dump_json().encode())
    assert live.once() == [FINE.format("fees")]
    assert server.hits()["/b"] == 0


def test_the_same_guid_in_two_feeds_is_two_entries(server: Server, run: Any) -> None:
    def feed(link: str, title: str) -> bytes:
        return rss(("1", title, ago(1))).replace(b"https://news.example/<", f"https://{link}/<".encode())

    a = server.on("/a", say(200, feed("a.example", FINE.format("fees"))))
    b = server.on("/b", say(200, feed("b.example", "European Central Bank cuts its key rate by half a point")))
    assert len(run([a, b]).once()) == 2


HEALTH = {
    "empty": say(200, rss()),
    "undated": say(200, rss(("1", "A title", "some day"))),
    "failing": say(500),
    "gone": say(410),
}


@pytest.mark.parametrize("word", HEALTH)
def test_a_feed_that_is_unwell_is_seen_and_told(server: Server, run: Any, word: str) -> None:
    url = server.on("/feed", HEALTH[word])
    live = run([url])
    live.once()
    live.source.plan(live.ledger, 100)
    assert live.health(url) == word
    assert any(trouble.where == url and trouble.message.startswith(word) for trouble in live.told)
    assert live.ledger.coverage("feeds", url)[0].outcome in (word, "failed")


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", "bad_feed"),
        (b"<!doctype html><html><body>Just a moment...</body></html>", "bad_feed"),
        (b"<?xml version='1.0'?><urlset><url><loc>https://x.example</loc></url></urlset>", "bad_feed"),
        (b"<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rss><channel><item><title>&a;</title></item></channel></rss>",
         "refused"),
        (gzip_bomb(50_000_000), "refused"),
    ],
)  # fmt: skip
def test_what_is_no_feed_is_one_dead_letter_however_often_it_comes(
    server: Server, run: Any, body: bytes, cause: str
) -> None:
    url = server.on("/feed", say(200, body, etag='"x"'))
    live = run([url])
    assert live.once() == []
    assert [kept.letter.cause for kept in live.ledger.dead_letters()] == [cause]
    assert live.health(url) == "failing"
    live = run([url], ahead=7200)
    live.once()
    assert [kept.attempts for kept in live.ledger.dead_letters()] == [1]
    assert "if-none-match" not in server.requests[-1].headers
    # It recovers.
    server.on("/feed", say(200, rss(("1", FINE.format("fees"), ago(1)))))
    live = run([url], ahead=3 * 86400, first_hours=1000)
    assert live.once() == [FINE.format("fees")]
    assert live.health(url) == "ok"


def test_a_document_cut_short_hides_nothing_from_the_next_poll(server: Server, run: Any) -> None:
    first, second = ("1", FINE.format("fees"), ago(2)), ("2", "European Central Bank cuts its key rate", ago(1))
    whole = rss(first, second)
    url = server.on("/feed", say(200, whole[: whole.rindex(b"</title>")], etag='"a"'))
    live = run([url])
    assert live.once() == [first[1]]
    assert [kept.letter.cause for kept in live.ledger.dead_letters()] == ["bad_feed"]
    assert (live.health(url), live.state(url).read) == ("failing", False)
    assert "ends early" in live.state(url).error
    # However often it comes, it is asked for after the usual pause.
    for hour in (1, 2, 3):
        live = run([url], ahead=hour * 3600)
        assert live.once() == []
        assert live.state(url).failures == 1
        assert "if-none-match" not in server.requests[-1].headers
    server.on("/feed", say(200, whole))
    live = run([url], ahead=4 * 3600)
    assert live.once() == [second[1]]
    assert live.health(url) == "ok"
    # Once it has been read, even an entry without a date comes when it is whole.
    whole = rss(first, second, ("3", FINE.format("loans"), "soon"))
    server.on("/feed", say(200, whole[: whole.rindex(b"</item>")]))
    assert run([url], ahead=5 * 3600).once() == []
    server.on("/feed", say(200, whole))
    assert run([url], ahead=6 * 3600).once() == [FINE.format("loans")]


def test_a_permanent_redirect_is_remembered_and_shown(server: Server, run: Any) -> None:
    new = server.on("/new", say(200, rss(("1", FINE.format("fees"), ago(1)))))
    url = server.on("/old", say(301, location="/new"))
    live = run([url])
    assert len(live.once()) == 1
    assert (live.state(url).location, live.health(url)) == (new, "moved")
    assert run([url], ahead=7200).once() == []
    assert server.hits() == {"/old": 1, "/new": 2}


def test_a_permanent_redirect_to_what_is_no_feed_is_not(server: Server, run: Any) -> None:
    server.on("/login", say(200, b"<html><body>Log in</body></html>"))
    url = server.on("/old", say(301, location="/login"))
    live = run([url])
    live.once()
    assert (live.state(url).location, live.health(url)) == ("", "failing")


def test_a_crash_between_fetch_and_commit_loses_nothing(server: Server, run: Any) -> None:
    url = server.on("/feed", conditional(rss(("1", FINE.format("fees"), ago(1)))))
    live = run([url])
    while (plan := live.source.plan(live.ledger, 100)) is None:
        time.sleep(0.02)
    assert plan.work
    # Not committed: the next plan hands out the same, and nothing is asked meanwhile.
    again = live.source.plan(live.ledger, 100)
    assert again is not None
    assert again.work == plan.work
    assert server.hits()["/feed"] == 1
    # A new process starts from the ledger, which knows nothing of it.
    assert run([url]).once() == [FINE.format("fees")]


def test_few_connections_to_one_host(server: Server, run: Any) -> None:
    urls = [server.on(f"/{n}", say(200, rss((str(n), f"A title {n}", ago(1))))) for n in range(30)]
    live = run(urls)
    live.once()
    assert server.open_most <= 2
    assert all(live.health(url) == "ok" for url in urls)


def test_a_hosts_retry_after_holds_for_all_its_feeds_and_over_a_restart(server: Server, run: Any) -> None:
    a = server.on("/a", say(503, retry_after="7200"))
    live = run([a])
    live.once()
    b = server.on("/b", say(200, rss(("1", FINE.format("fees"), ago(1)))))
    assert run([a, b], ahead=3600).once() == []
    assert server.hits()["/b"] == 0
    assert len(run([a, b], ahead=3 * 3600).once()) == 1


def test_a_crawl_delay_is_kept(server: Server, run: Any) -> None:
    server.on("/robots.txt", say(200, b"User-agent: *\nCrawl-delay: 0.3\n"))
    urls = [server.on(f"/{n}", say(200, rss((str(n), f"A title {n}", ago(1))))) for n in range(5)]
    started = time.monotonic()
    run(urls, robots=True).once()
    # Four pauses between five feeds; the one behind robots.txt may overlap with what goes before the first.
    assert time.monotonic() - started > 4 * 0.3
    assert server.hits()["/robots.txt"] == 1


def test_terminal_escapes_in_titles_are_neutralised(server: Server, run: Any) -> None:
    title = FINE.format("fees") + "&#27;[2J&#155;31m\u202e\x1b]0;owned\x07"
    url = server.on("/feed", say(200, rss(("1", title, ago(1)))))
    live = run([url])
    (headline,) = live.once()
    assert headline.isprintable()
    assert "\u202e" not in headline
    assert live.state(url).title.isprintable()
