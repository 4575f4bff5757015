"""Feeds on a streaming runner: what is known of a host, and a job on Prism against a real server and a real broker."""

import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pipeline.settings import FeedPolicy
from pipeline.sources.feeds.answer import Answer
from pipeline.sources.feeds.state import FeedState, Reading, advance
from pipeline.sources.feeds.stream import HostMemory, by_host
from tests.runners.stage import Stage
from tests.scripted import news
from tests.sources.feeds.server import conditional, rss, say, serve
from tests.waiting import wait_for

FINE = "Regulator fines Acme Bank {} million dollars over lending rules"
POLICY = FeedPolicy()


def ago(hours: float = 0.0) -> str:
    return format_datetime(datetime.now(UTC) - timedelta(hours=hours))


def test_feeds_are_grouped_by_host_in_an_order_of_their_own():
    urls = ["https://b.example/1", "https://a.example/x", "https://b.example/2", "https://a.example/x"]
    assert by_host(urls) == ["https://a.example/x", "https://b.example/1\nhttps://b.example/2"]
    assert by_host([]) == []


def read(number: int) -> Reading:
    return Reading(url="u", seen=tuple((f"{number}-{entry}", "digest") for entry in range(50)))


def test_what_is_known_of_a_host_survives_as_bytes_and_does_not_grow_without_end():
    memory = HostMemory.of(b"", ["u", "v"], 5.0)
    assert memory.never_asked()
    state = memory.due(POLICY, 10.0)
    for number in range(100):
        answer = Answer("document", state.url, 200, digest=str(number))
        state = advance(state, answer, read(number), POLICY, 10.0)
        memory = memory.after(state, read(number), 0.0)
    again = HostMemory.of(memory.model_dump_json().encode(), ["u", "v"], 99.0)
    assert again == memory
    seen = list(again.feeds["u"].seen)
    assert len(seen) == 1050
    assert seen[-50:] == [f"99-{entry}" for entry in range(50)]
    assert again.feeds["v"].state == FeedState(url="v", added=5.0)
    assert HostMemory.of(memory.model_dump_json().encode(), ["v", "w"], 7.0).feeds.keys() == {"v", "w"}


def test_a_host_is_left_alone_for_as_long_as_it_asks():
    memory = HostMemory.of(b"", ["https://a.example/1", "https://a.example/2"], 0.0)
    first = memory.due(POLICY, 100.0)
    after = memory.after(advance(first, Answer("unchanged", first.url, 304), None, POLICY, 100.0), None, 160.0)
    assert after.due(POLICY, 159.0) is None
    assert after.due(POLICY, 160.0).url != first.url
    busy = Answer("failed", first.url, 429, "busy", retry_after=600.0)
    memory = memory.after(advance(first, busy, None, POLICY, 100.0), None, 100.0)
    assert memory.due(POLICY, 699.0) is None, "Retry-After holds for all feeds of the host"
    assert memory.due(POLICY, 700.0) is not None


@pytest.fixture
def stage(broker, tmp_path, prism):
    made = Stage(
        broker,
        tmp_path,
        "prism",
        POLICYWIRE_PRISM=str(prism),
        POLICYWIRE_FEEDS__ALLOW_PRIVATE="true",
        POLICYWIRE_FEEDS__INTERVAL_MINUTES="0.02",
    )
    yield made
    made.close()


@pytest.mark.kafka
def test_feeds_are_followed_and_no_entry_is_alerted_twice_in_a_job(stage):
    with serve() as server:
        first = [("a", FINE.format(10), ago(1)), ("b", FINE.format(20), ago(2)), ("old", FINE.format(30), ago(50))]
        one = server.on("/one", conditional(rss(*first), '"1"'))
        two = server.on("/two", say(200, rss(("x", FINE.format(40), ago(3)))))
        html = server.on("/html", say(200, b"<!doctype html><html><title>Just a moment...</title></html>"))
        process = stage.run(*(f"--feeds={url}" for url in (one, two, html)), topic=stage.topic)
        headlines = lambda: Counter(alert.headline for alert in stage.sent())  # noqa: E731
        expected = Counter(FINE.format(n) for n in (10, 20, 40))
        wait_for(lambda: headlines() == expected, 120)
        wait_for(lambda: server.hits()["/one"] > 5, 60)  # asked again and again, and nothing new
        assert any("if-none-match" in request.headers for request in server.requests if request.path == "/one")
        server.on("/one", conditional(rss(("c", FINE.format(50), ago()), *first), '"2"'))
        expected[FINE.format(50)] = 1
        wait_for(lambda: headlines() == expected, 60)
        time.sleep(2)
        assert headlines() == expected
        stage.publish([news(7)])  # the topic is read beside
        expected["Federal Reserve fines Bank number 7 over lending rules"] = 1
        wait_for(lambda: headlines() == expected, 60)
        (letter,) = stage.messages(f"{stage.alerts}.dlq")
        assert b"/html" in letter.value
        wait_for(lambda: stage.behind() == 0, 30)
        process.send(signal.SIGTERM)
        assert process.wait(60)[0] == 0, process.log()
        assert headlines() == expected
