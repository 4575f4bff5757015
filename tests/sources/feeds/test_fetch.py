"""What comes of every way in which a host can answer."""

import asyncio
import gzip
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import brotli
import pytest

from pipeline.settings import FeedPolicy
from pipeline.sources.feeds.answer import MOST_SECONDS, Answer, fresh_seconds, retry_after
from pipeline.sources.feeds.fetch import Question, fetch, new_client, user_agent
from tests.sources.feeds.server import Server, conditional, gzip_bomb, raw, rss, say, serve

BODY = rss(("1", "Ministry lifts the cap", "Wed, 12 Jul 2023 12:00:00 GMT"))
POLICY = FeedPolicy(allow_private=True, timeout_seconds=1, contact="ops@news.example")
OK = b"HTTP/1.1 200 OK\r\n"
LIMIT = 200_000


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


def ask(url: str, policy: FeedPolicy = POLICY, **known: str) -> Answer:
    async def run() -> Answer:
        async with new_client(policy) as client:
            return await asyncio.wait_for(fetch(client, Question(url, **known), policy, LIMIT), 10)

    return asyncio.run(run())


def test_a_document_comes_whole_with_what_is_needed_to_ask_again(server: Server) -> None:
    url = server.on(
        "/ok",
        say(
            200, BODY, etag='"e"', last_modified="Wed, 12 Jul 2023 12:00:00 GMT", cache_control="max-age=900", age="100"
        ),
    )
    answer = ask(url)
    assert (answer.kind, answer.status, answer.body) == ("document", 200, BODY)
    assert (answer.etag, answer.last_modified, answer.fresh_seconds) == ('"e"', "Wed, 12 Jul 2023 12:00:00 GMT", 800)
    headers = server.requests[-1].headers
    assert headers["user-agent"].startswith("policywire/")
    assert "ops@news.example" in headers["user-agent"]
    assert headers["accept-encoding"] == "gzip, br"
    assert "cookie" not in headers


def test_unchanged_is_asked_for_and_understood(server: Server) -> None:
    url = server.on("/304", conditional(BODY))
    first = ask(url)
    again = ask(url, etag=first.etag)
    assert (first.kind, again.kind, again.body) == ("document", "unchanged", b"")
    assert ask(server.on("/304-unasked", say(304))).kind == "failed"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(BODY)),
        ("br", brotli.compress(BODY)),
        ("deflate", zlib.compress(BODY)),
        ("identity", BODY),
        ("", gzip.compress(BODY)),  # a .gz file as it lies there
    ],
)
def test_compression(server: Server, encoding: str, body: bytes) -> None:
    url = server.on("/packed", say(200, body, **({"content_encoding": encoding} if encoding else {})))
    assert ask(url).body == BODY


REFUSED_BODIES = {
    "gzip bomb": say(200, gzip_bomb(50_000_000), content_encoding="gzip"),
    "gzip bomb without a header": say(200, gzip_bomb(50_000_000)),
    "brotli bomb": say(200, brotli.compress(b"\0" * 50_000_000), content_encoding="br"),
    "endless body": raw(OK + b"Content-Type: text/xml\r\n\r\n", forever=b"<a>" * 2000),
    "endless chunks": raw(OK + b"Transfer-Encoding: chunked\r\n\r\n", forever=b"400\r\n" + b"x" * 1024 + b"\r\n"),
    "too long": say(200, b"x" * (LIMIT + 1)),
}
FAILED = {
    "401": say(401), "403": say(403), "404": say(404), "500": say(500), "502": say(502), "503": say(503), "429": say(429),
    "206": say(206, BODY), "204": say(204), "300": say(300), "999": say(999), "redirect to nowhere": say(302),
    "slow-loris head": raw(OK, forever=b"X-A: b\r\n", pause=0.05),
    "slow-loris body": raw(OK + b"Content-Length: 100000\r\n\r\n", forever=b"x", pause=0.05),
    "silence": raw(hang=True),
    "silence in the body": raw(OK + b"Content-Length: 100\r\n\r\nabc", hang=True),
    "cut body": raw(OK + b"Content-Length: 1000\r\n\r\n" + BODY[:200]),
    "cut chunks": raw(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc"),
    "bad chunk size": raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"),
    "huge chunk size": raw(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\nabc"),
    "length and chunks": raw(OK + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\nabcde"),
    "negative length": raw(OK + b"Content-Length: -5\r\n\r\nabcde"),
    "header flood": raw(OK, forever=b"X-Flood: " + b"y" * 1000 + b"\r\n"),
    "one endless header": raw(OK + b"X: ", forever=b"y" * 4096),
    "endless 100 Continue": raw(forever=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.0\r\n"),
    "closed at once": raw(),
    "cut gzip": say(200, gzip.compress(BODY)[:-9], content_encoding="gzip"),
    "broken gzip": say(200, b"\x1f\x8b\x08" + b"x" * 50, content_encoding="gzip"),
    "cut brotli": say(200, brotli.compress(BODY)[:-5], content_encoding="br"),
    "an encoding not asked for": say(200, b"abc", content_encoding="zstd"),
    "gzip on gzip": say(200, gzip.compress(gzip.compress(BODY)), content_encoding="gzip, gzip"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILED)
def test_failures_are_told_and_end(server: Server, name: str) -> None:
    answer = ask(server.on("/failed", FAILED[name]))
    assert answer.kind == "failed"
    assert answer.message
    assert answer.body == b""


@pytest.mark.parametrize("name", REFUSED_BODIES)
def test_bodies_beyond_the_limit_are_refused(server: Server, name: str) -> None:
    answer = ask(server.on("/refused", REFUSED_BODIES[name]))
    assert answer.kind == "refused"
    assert "too long" in answer.message


def test_gone_is_its_own_answer(server: Server) -> None:
    assert ask(server.on("/410", say(410))).kind == "gone"


def test_a_host_that_is_not_there() -> None:
    assert ask("http://127.0.0.1:1/feed").kind == "failed"
    assert ask("http://does-not-exist.invalid/feed").kind == "failed"


@pytest.mark.parametrize(("status", "remembered"), [(301, True), (308, True), (302, False), (303, False), (307, False)])
def test_redirects_are_followed_and_permanent_ones_told(server: Server, status: int, remembered: bool) -> None:
    target = server.on("/target", say(200, BODY))
    answer = ask(server.on("/moved", say(status, location="/target")))
    assert answer.body == BODY
    assert answer.url == target
    assert answer.moved_to == (target if remembered else "")


def test_only_the_permanent_beginning_of_a_chain_is_remembered(server: Server) -> None:
    server.on("/c", say(200, BODY))
    server.on("/b", say(302, location="/c"))
    assert ask(server.on("/a", say(301, location="/b"))).moved_to == server.url("/b")


def test_circles_and_long_chains_end(server: Server) -> None:
    server.on("/y", say(302, location="/x"))
    assert "circle" in ask(server.on("/x", say(302, location="/y"))).message
    for n in range(30):
        server.on(f"/n{n}", say(302, location=f"/n{n + 1}"))
    assert "more than 5 times" in ask(server.url("/n0")).message


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://2130706433/", "http://0x7f.1/",
        "file:///etc/passwd", "ftp://news.example/", "gopher://news.example/", "javascript:alert(1)", "http://", "//",
        "http://user:secret@news.example/", "http://news.example:0/", "http://" + "a" * 5000 + ".example/",
    ],
)  # fmt: skip
def test_every_hop_is_checked(server: Server, monkeypatch: pytest.MonkeyPatch, location: str) -> None:
    """The first host is let through; where it leads is not."""
    from pipeline.sources.feeds import addresses

    strict = FeedPolicy(timeout_seconds=2)
    real = addresses.is_public
    monkeypatch.setattr(addresses, "is_public", lambda a: str(a) == "127.0.0.1" or real(a))
    url = server.on("/hop", say(302, location=location))
    if "127" in location or "2130706433" in location or "0x7f" in location:
        monkeypatch.setattr(addresses, "is_public", _only_first(real))
    answer = ask(url, strict)
    assert answer.kind in ("refused", "failed")
    assert answer.body == b""
    assert "secret" not in answer.message


def _only_first(real):  # type: ignore[no-untyped-def]
    calls: list[str] = []

    def is_public(address: str) -> bool:
        calls.append(str(address))
        return len(calls) == 1 or real(address)

    return is_public


def test_without_the_setting_a_local_host_is_never_asked(server: Server) -> None:
    url = server.on("/private", say(200, BODY))
    assert ask(url, FeedPolicy(timeout_seconds=2)).kind == "refused"
    assert server.hits()["/private"] == 0


@pytest.mark.parametrize("status", [429, 503, 500])
def test_retry_after(server: Server, status: int) -> None:
    assert ask(server.on("/wait", say(status, retry_after="120"))).retry_after == 120
    dates = {"date": "Wed, 12 Jul 2023 12:00:00 GMT", "retry_after": "Wed, 12 Jul 2023 12:05:00 GMT"}
    assert ask(server.on("/wait", say(status, **dates))).retry_after == 300
    assert ask(server.on("/wait", say(status, retry_after="soon"))).retry_after is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0), ("60", 60), (" 60 ", 60), ("9" * 50, MOST_SECONDS), ("-5", None), ("1.5", None), ("", None), ("٣", None),
        ("Wed, 12 Jul 2023 13:00:00 GMT", 3600), ("Wed, 12 Jul 2023 11:00:00 GMT", 0), ("Wed, 99 Jul 2023", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MOST_SECONDS),
    ],
)  # fmt: skip
def test_retry_after_in_all_forms(value: str, seconds: float | None) -> None:
    assert retry_after(value, "", datetime(2023, 7, 12, 12, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    ("cache_control", "expires", "seconds"),
    [
        ("max-age=60", "", 60), ("public, max-age=60", "", 60), ("s-maxage=9, max-age=60", "", 60), ("no-cache", "", 0),
        ("no-store, max-age=60", "", 0), ("", "Wed, 12 Jul 2023 12:10:00 GMT", 600), ("", "0", 0), ("", "-1", 0),
        ("max-age=60", "Wed, 12 Jul 2023 12:10:00 GMT", 60), ("max-age=99999999999999", "", MOST_SECONDS), ("max-age=x", "", 0),
    ],
)  # fmt: skip
def test_freshness(cache_control: str, expires: str, seconds: float) -> None:
    assert fresh_seconds(cache_control, expires, "", "Wed, 12 Jul 2023 12:00:00 GMT") == seconds


def test_the_user_agent_cannot_carry_a_header() -> None:
    assert "\n" not in user_agent("a\r\nX-Evil: b")
