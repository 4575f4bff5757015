"""Feeds under kills: a feed that grows while the pipeline that polls it is killed again and again."""

import json
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from pipeline.errors import LedgerError
from pipeline.ledger import Ledger
from tests.sources.feeds.server import rss, say, serve
from tests.waiting import wait_for

KILLS = 5
EACH = 30
"""Entries that come between two kills; every third tells of a policy signal."""
QUICK = {
    "POLICYWIRE_FEEDS__ALLOW_PRIVATE": "1",
    "POLICYWIRE_FEEDS__INTERVAL_MINUTES": "0.002",
    "POLICYWIRE_FEEDS__ROBOTS": "0",
}


def title(number):
    return f"Federal Reserve fines Bank {number} over lending rules" if number % 3 == 0 else f"Match {number}: a draw"


def feed(count, began):
    """The newest first, as feeds have them."""
    dates = (format_datetime(began - timedelta(hours=2) + timedelta(seconds=number)) for number in range(count))
    return rss(*reversed([(f"entry-{number}", title(number), date) for number, date in enumerate(dates)]))


def test_a_feed_that_is_polled_under_kills_loses_and_doubles_nothing(start, tmp_path):
    chance = random.Random(3)
    with serve() as server:
        url, count, began = server.url("/feed"), 0, datetime.now(UTC)

        def show():
            server.on("/feed", say(200, feed(count, began), content_type="application/rss+xml"))

        def polls():
            return server.hits()["/feed"]

        def run():
            process = start("--feeds", url, "--alerts", "alerts.jsonl", "--poll", "0.02", **QUICK)
            seen = polls()
            wait_for(lambda: polls() > seen, 120)
            return process

        def read():
            with suppress(LedgerError), Ledger(tmp_path / "policywire.sqlite", exclusive=False) as ledger:
                return ledger.totals().get("articles", 0)
            return 0

        for kill in range(KILLS):
            count += EACH
            show()
            before = read()
            process = run()  # returns as it asks for the feed: what comes now is in a round, or about to be
            if kill % 2:
                wait_for(lambda before=before: read() > before, 60)  # alerts are on their way
            else:
                time.sleep(chance.uniform(0.0, 1.0))
            process.kill()
        process = run()

        wait_for(lambda: read() >= count, 120)
        after = polls()
        wait_for(lambda: polls() > after + 2, 60)  # the whole feed again, and again
        wait_for(lambda: (tmp_path / "alerts.jsonl").read_text().count("\n") >= count / 3, 60)
        process.send(signal.SIGTERM)
        assert process.wait()[0] == 0
    with Ledger(tmp_path / "policywire.sqlite", exclusive=False) as ledger:
        totals = ledger.totals()
        assert totals["articles"] == count
        assert totals["alerts"] == count / 3
        assert ledger.waiting() == {}
    lines = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    ids = Counter(line["id"] for line in lines)
    assert len(ids) == count / 3
    assert {line["data"]["article"]["title"] for line in lines} == {title(n) for n in range(0, count, 3)}
