"""The same input gives the same alerts, whether it is replayed, read in one round or in many, in whatever order and
however often."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ledger import Ledger
from pipeline.runners.replay import replay
from pipeline.runners.rounds import Rounds
from pipeline.settings import Settings
from schemas import Alert
from tests.builders import NOON
from tests.conftest import ROOT
from tests.scripted import ScriptedSource, news

TITLES = (
    "Federal Reserve fines Acme Bank over lending rules",
    "Federal Reserve lifts the asset cap on Acme Bank",
    "Treasury proposes new tariffs on steel imports",
    "European Commission opens an investigation into Acme",
    "Match ends in a draw",
)


class Live:
    """Rounds over a ledger that can be made to forget all."""

    def __init__(self, folder: Path) -> None:
        self._ledger = Ledger(folder / "ledger.sqlite")
        self._source = ScriptedSource([])
        self._rounds = Rounds(self._ledger, [self._source], Settings(), alerts_to=["sink"])

    def run(self, *batches: list[bytes]) -> list[Alert]:
        """The alerts of one round for each of ``batches``."""
        with self._ledger.transaction() as transaction:
            for table in ("positions", "histories", "stories", "pending", "outbox"):
                transaction._connection.execute(f"DELETE FROM {table}")
        self._source.records.clear()
        for batch in batches:
            self._source.records += batch
            while self._rounds.run_one() is not None:
                pass
        return [Alert.model_validate_json(parcel.body) for parcel in self._ledger.outbox("sink", 10_000)]

    def close(self) -> None:
        self._ledger.close()


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    opened = Live(tmp_path_factory.mktemp("live"))
    yield opened
    opened.close()


def replayed(records: list[bytes]) -> list[Alert]:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "archive.jsonl"
        archive.write_bytes(b"".join(record + b"\n" for record in records))
        with replay([archive], Settings()) as outcome:
            return [Alert.model_validate_json(line) for line in outcome.alerts()]


def content(alerts: list[Alert]) -> dict[str, Alert]:
    """Alerts by id, without what tells where and when they were read and made."""
    bare = {
        alert.id: alert.model_copy(
            update={
                "alerted": None,
                "article": alert.article.model_copy(update={"position": None, "arrived": None}),
            }
        )
        for alert in alerts
    }
    assert len(bare) == len(alerts), "an alert twice"
    return bare


@st.composite
def articles(draw, versions: bool):
    """Articles in event time; with ``versions`` some are corrections of earlier ones."""
    made = []
    for number in range(draw(st.integers(1, 8))):
        earlier = draw(st.integers(0, number)) if versions else number
        time = NOON + timedelta(hours=draw(st.integers(0, 30)) + 31 * number)
        title = draw(st.sampled_from(TITLES))
        made.append(news(earlier, title=title, text="It said so on Monday.", published=NOON, updated=time))
        if not versions:
            made[-1] = news(earlier, title=title, text="It said so on Monday.", published=time)
    return made


def cut(draw, items):
    """``items`` in order, in any number of batches."""
    places = sorted(draw(st.sets(st.integers(0, len(items)), max_size=4)))
    return [items[a:b] for a, b in zip([0, *places], [*places, len(items)], strict=True)]


@given(st.data())
@settings(max_examples=12)
def test_any_order_and_repetition_over_any_rounds_gives_the_same_alerts(live, data):
    given_ = data.draw(articles(versions=False))
    again = data.draw(st.lists(st.sampled_from(given_), max_size=5))
    shuffled = data.draw(st.permutations(given_ + again))
    expected = content(replayed(given_))
    assert content(replayed(shuffled)) == expected
    assert content(live.run(shuffled)) == expected  # one round
    assert content(live.run(*cut(data.draw, shuffled))).keys() == expected.keys()  # many: stories go by arrival


@given(st.data())
@settings(max_examples=12)
def test_in_event_time_over_any_rounds_stories_repeats_and_revisions_are_the_same_too(live, data):
    given_ = data.draw(articles(versions=data.draw(st.booleans())))
    assert content(live.run(*cut(data.draw, given_))) == content(replayed(given_))


def test_the_seed_stories_come_out_live_as_in_a_replay(live):
    records = (ROOT / "seeds" / "archive.jsonl").read_bytes().splitlines()
    expected = content(replayed(records))
    assert expected
    assert content(live.run(records)) == expected
    half = len(records) // 2
    assert content(live.run(records[:half], records[half:])).keys() == expected.keys()
