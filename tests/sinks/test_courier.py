import time
from pathlib import Path

import pytest

from pipeline.ledger import Ledger
from pipeline.runners.trouble import Trouble
from pipeline.sinks.courier import Courier
from tests.builders import alert, article
from tests.scripted import MemorySink
from tests.waiting import wait_for


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def post(ledger, *ids, sinks=("memory",)):
    with ledger.transaction() as transaction:
        made = (alert(id=i, article=article(id=i)) for i in ids)
        transaction.post("alert", [(a.id, a.model_dump_json().encode()) for a in made], sinks)


@pytest.fixture
def said():
    return []


@pytest.fixture
def start(ledger, said):
    started = []

    def begin(sink, letters_to=()):
        courier = Courier(ledger, sink, said.append, letters_to)
        courier.start()
        started.append(courier)
        return courier

    yield begin
    for courier in started:
        assert courier.stop(2.0)


def test_what_waits_is_delivered_in_order_and_marked(ledger, start):
    post(ledger, "1", "2", "3")
    sink = MemorySink(batch=2)
    courier = start(sink)
    wait_for(lambda: not ledger.waiting())
    post(ledger, "4")
    courier.wake()
    wait_for(lambda: not ledger.waiting())
    assert [p.id for p in sink.parcels] == ["1", "2", "3", "4"]


def test_a_sink_that_fails_is_offered_the_same_again(ledger, start, said):
    post(ledger, "1", "2")
    broken = [True]
    sink = MemorySink(broken=lambda: broken[0])
    start(sink)
    wait_for(lambda: said)
    assert ledger.waiting() == {"memory": 2}
    broken[0] = False
    wait_for(lambda: not ledger.waiting())
    assert [p.id for p in sink.parcels] == ["1", "2"]
    assert said == [
        Trouble("memory", "no answer; next try in 0.5 s"),
        Trouble("memory", "takes alerts again", over=True),
    ]


def test_a_poison_alert_becomes_a_dead_letter_and_holds_up_no_other(ledger, start):
    post(ledger, "1", "bad", "3")
    poison = [True]
    sink = MemorySink(refuse=lambda p: poison[0] and p.id == "bad")
    letters = MemorySink("letters", frozenset(("dead_letter",)))
    courier, other = start(sink, ["letters"]), start(letters)
    wait_for(lambda: not ledger.waiting().get("memory"))
    other.wake()
    wait_for(lambda: letters.parcels)
    assert [p.id for p in sink.parcels] == ["1", "3"]
    (kept,) = ledger.dead_letters()
    assert (kept.letter.cause, kept.letter.step) == ("delivery_failed", "Deliver")
    assert "memory refused alert bad: too large" in kept.letter.message
    assert letters.parcels[0].id == kept.letter.id
    poison[0] = False
    with ledger.transaction() as transaction:
        transaction.deliver_again([kept.letter.id])
    courier.wake()
    wait_for(lambda: not ledger.waiting())
    assert [p.id for p in sink.parcels] == ["1", "3", "bad"]


def test_a_slow_sink_keeps_no_other_waiting(ledger, start):
    post(ledger, "1", "2", sinks=("slow", "memory"))
    slow = MemorySink("slow", broken=lambda: bool(time.sleep(0.3)) or True)
    sink = MemorySink()
    start(slow)
    start(sink)
    wait_for(lambda: ledger.waiting() == {"slow": 2})
    assert len(sink.parcels) == 2


def test_a_ledger_that_fails_ends_the_courier(ledger, said):
    post(ledger, "1")
    sink = MemorySink()
    courier = Courier(ledger, sink, said.append)
    ledger.close()
    courier.start()
    wait_for(lambda: courier.failed is not None)
    assert courier.stop(1.0)
    assert sink.closed
