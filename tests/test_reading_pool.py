import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.articles.normalise import normalise
from pipeline.reading_pool import ReadingPool, read_article, settled
from pipeline.runners.replay import replay
from pipeline.settings import AlertPolicy, Settings
from schemas import Article
from tests.conftest import ROOT
from tests.scripted import news
from tests.waiting import wait_for

POLICY = AlertPolicy()


def articles(numbers):
    return [normalise(Article.model_validate_json(news(n, alert=n % 3 == 0))) for n in numbers]


@pytest.fixture
def pool():
    opened = ReadingPool(2, POLICY, None)
    yield opened
    opened.close()


def read_all(pool, batches):
    done = {}
    for tag, batch in enumerate(batches):
        done.update(pool.read(batch, tag))
    done.update(pool.rest())
    return done


def test_the_pool_reads_as_this_process_does(pool):
    batches = [articles(range(start, start + 10)) for start in range(0, 60, 10)]
    expected = {tag: [read_article(a, POLICY, None) for a in batch] for tag, batch in enumerate(batches)}
    assert any(outcome.alert for outcome in expected[0])
    assert any(outcome.held for outcome in expected[0])
    assert read_all(pool, batches) == expected


def test_what_is_settled_at_a_glance_is_as_read():
    read = [*articles(range(30)), normalise(Article(title="Zentralbank erhöht den Leitzins", language="de"))]
    outcomes = [settled(article, None) for article in read]
    assert {outcome.held for outcome in outcomes if outcome} == {"language", "no_signal"}
    assert not all(outcomes)
    for article, outcome in zip(read, outcomes, strict=True):
        assert outcome in (None, read_article(article, POLICY, None))


def test_an_article_that_cannot_be_read_is_a_dead_letter(monkeypatch):
    monkeypatch.setattr("pipeline.reading_pool.make_alert", lambda *_: 1 / 0)
    (article,) = articles([0])
    outcome = read_article(article, POLICY, None)
    assert outcome.letter is not None
    assert "division by zero" in outcome.letter.message


def test_workers_that_are_killed_cost_no_article(pool):
    batches = [articles(range(start, start + 10)) for start in range(0, 60, 10)]
    done = dict(pool.read(batches[0], 0))
    for worker in [*pool._idle, *(busy[0] for busy in pool._busy.values())]:
        os.kill(worker.pid, signal.SIGKILL)
    for tag, batch in enumerate(batches[1:], 1):
        done.update(pool.read(batch, tag))
    done.update(pool.rest())
    assert {tag: len(outcomes) for tag, outcomes in done.items()} == dict.fromkeys(range(6), 10)


def test_workers_end_with_their_parent_however_that_ends():
    code = (
        "from pipeline.reading_pool import ReadingPool; from pipeline.settings import AlertPolicy; import time\n"
        "pool = ReadingPool(2, AlertPolicy(), None)\n"
        "print(*(worker.pid for worker in pool._idle), flush=True); time.sleep(60)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2
        parent.kill()
    wait_for(lambda: not any(_runs(pid) for pid in workers), 30)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_replay_gives_the_same_bytes_with_any_number_of_workers(tmp_path):
    archive = tmp_path / "archive.jsonl"
    archive.write_bytes(b"".join(news(n, alert=n % 3 == 0) + b"\n" for n in range(500)) + b"not JSON\n")
    outputs = []
    for workers in (1, 2):
        with replay([archive], Settings(workers=workers)) as outcome:
            counters = {name: n for name, n in outcome.counters.items() if n}
            outputs.append((list(outcome.alerts()), list(outcome.dead_letters()), counters))
    assert outputs[0] == outputs[1]
    assert len(outputs[0][0]) == 167
