"""The whole graph over files: the seed stories, the real seed article, and archives with bad input in them."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from pipeline.errors import PolicywireError
from pipeline.runners.replay import replay
from pipeline.settings import AlertPolicy, Settings
from pipeline.sources.archive import archive_files
from schemas import Alert, CompanyMention, DeadLetter, MarketReaction
from tests.conftest import ROOT
from tests.sources.feeds.server import rss

SEEDS = ROOT / "seeds"


def run(*paths: Path, **policy) -> tuple[list[Alert], list[DeadLetter], Counter[str]]:
    with replay(archive_files(list(paths)), Settings(alerting=AlertPolicy(**policy))) as outcome:
        alerts = [Alert.model_validate_json(line) for line in outcome.alerts()]
        dead = [DeadLetter.model_validate_json(line) for line in outcome.dead_letters()]
        return alerts, dead, outcome.counters


@pytest.fixture(scope="module")
def seeds() -> dict[str, Alert]:
    alerts, dead, _ = run(SEEDS)
    assert not dead
    return {a.article.id: a for a in alerts}


def test_every_act_of_the_seed_stories_raises_an_alert_and_no_near_miss_does(seeds):
    told = [json.loads(line)["id"] for line in (SEEDS / "archive.jsonl").read_text().splitlines()]
    missed = [name for name in told if not name.startswith("no-") and name not in seeds]
    false = [name for name in seeds if name.startswith("no-") or name.endswith(("/dinner", "/earnings"))]
    assert (missed, false) == ([], [])


EASINGS = {
    "us-2021-06-09",
    "in-2021-09-15",
    "in-2021-10-01",
    "gb-2023-03-15",
    "cn-2023-07-12",
    "cn-2023-07-12b",
    "gb-2023-09-20",
    "kr-2023-10-09",
    "gb-2023-10-13",
}


# Rates held.
NEUTRALS = {"jp-2023-10-31"}


def test_directions_of_the_seed_stories(seeds):
    wrong = {
        name: alert.signal.direction
        for name, alert in seeds.items()
        if "markets.example" not in name
        and alert.signal.direction != ("neutral" if name in NEUTRALS else "easing" if name in EASINGS else "tightening")
    }
    assert wrong == {}


def test_the_seed_stories_use_every_instrument(seeds):
    from schemas.terms import INSTRUMENTS

    assert {alert.signal.instrument for alert in seeds.values()} == set(INSTRUMENTS)


def _is_the_platform_meeting(alert: Alert) -> None:
    """What an analyst reads in the story of 12 July 2023, whatever its words."""
    signal = alert.signal
    assert (signal.direction, signal.instrument, signal.jurisdiction) == ("easing", "guidance", "CN")
    assert signal.stage in ("signalled", "decided")
    assert signal.authority is not None
    assert "Li Qiang" in signal.authority.name
    assert "State Council" in signal.authority.name
    assert "internet platforms" in signal.sectors
    assert all(further.direction != "tightening" for further in alert.further_signals)
    past = " ".join(span.quote for span in signal.background).lower()
    assert "fines" in past
    companies = {company.name: company for company in alert.companies}

    def of(name: str) -> CompanyMention:
        return next(company for known, company in companies.items() if known.startswith(name))

    for name in ("PDD", "JD.com", "ByteDance", "Alibaba", "Meituan"):
        assert of(name).role in ("participant", "beneficiary"), name
    assert next(c for n, c in companies.items() if n in ("Huolala", "Lalamove")).role in ("participant", "beneficiary")
    assert of("Ant Group").role == "background"
    assert of("Tencent").role == "background"
    assert of("Guotai Junan").role == "commentator"
    assert of("PDD").ticker == "NASDAQ:PDD"
    assert of("Alibaba").ticker.endswith((":BABA", ":9988"))

    def move(name: str) -> MarketReaction:
        (reaction,) = of(name).reactions
        return reaction

    assert (move("Alibaba").percent, move("PDD").percent) == (2.2, 2.7)
    assert {move("Alibaba").session, move("PDD").session} <= {"premarket", "unknown"}
    for name in ("Ant Group", "Tencent", "Meituan", "JD.com"):
        assert of(name).reactions == (), name


def _every_claim_is_in_the_text(alert: Alert) -> None:
    spans = [*alert.signal.evidence, *alert.signal.background]
    spans += [span for company in alert.companies for span in company.spans]
    spans += [reaction.span for company in alert.companies for reaction in company.reactions]
    assert alert.signal.evidence
    for span in spans:
        assert getattr(alert.article, span.field)[span.start : span.end] == span.quote


def test_the_platform_meeting_in_our_own_words(seeds):
    _is_the_platform_meeting(seeds["cn-2023-07-12"])


def test_every_claim_of_every_seed_alert_is_in_its_text(seeds):
    for alert in seeds.values():
        _every_claim_is_in_the_text(alert)


def test_the_real_seed_article(seed_article):
    (alert,), dead, counters = run(seed_article)
    assert not dead
    assert counters["articles"] == 1
    _is_the_platform_meeting(alert)
    _every_claim_is_in_the_text(alert)


def test_the_meeting_told_twice_is_one_story(seeds):
    assert seeds["cn-2023-07-12"].story == seeds["cn-2023-07-12b"].story
    assert seeds["cn-2023-07-12b"].repeat


def test_two_replays_give_the_same_bytes(tmp_path):
    import random

    lines = (SEEDS / "archive.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines))
    random.Random(5).shuffle(lines)
    (tmp_path / "b.jsonl").write_bytes(b"".join(lines))

    def alerts(name: str) -> list[bytes]:
        with replay([tmp_path / name], Settings()) as outcome:
            return list(outcome.alerts())

    first = alerts("a.jsonl")
    assert first == alerts("a.jsonl")

    def without_position(lines: list[bytes]) -> list[dict]:
        read = [json.loads(line) for line in lines]
        for alert in read:
            alert["article"]["position"] = None
        return read

    assert without_position(first) == without_position(alerts("b.jsonl"))


FINED = {
    "title": "Regulator fines Acme Bank",
    "text": "The Federal Reserve fined Acme Bank for breaking lending rules.",
}
DROPPED = {
    "title": "Regulator drops fine on Acme Bank",
    "text": "The Federal Reserve dropped its fine on Acme Bank and withdrew the rule.",
}
NO_NEWS = {"title": "Acme Bank cat wins show", "text": "A cat won a show on Monday."}


def versions_of_one_time(*told: dict[str, str]) -> list[bytes]:
    return [
        json.dumps(version | {"id": "c1", "published": "2026-11-26T21:45:00Z"}).encode() + b"\n" for version in told
    ]


@pytest.mark.parametrize("told", [(FINED, DROPPED), (DROPPED, FINED), (FINED, NO_NEWS), (NO_NEWS, FINED)])
@pytest.mark.parametrize("apart", [False, True])
def test_of_versions_with_one_time_the_last_in_the_input_is_the_newest(tmp_path, told, apart):
    lines = versions_of_one_time(*told)
    files = [tmp_path / "z.jsonl", tmp_path / "a.jsonl"] if apart else [tmp_path / "z.jsonl"]
    for file, content in zip(files, lines if apart else [b"".join(lines)], strict=True):
        file.write_bytes(content)
    alerts, _, _ = run(*files)
    assert [alert.revision for alert in alerts] == list(range(1, len(alerts) + 1))
    last = alerts[-1]
    assert last.withdrawn == (told[-1] is NO_NEWS)
    assert last.headline == (FINED if last.withdrawn else told[-1])["title"]
    assert not any(alert.repeat for alert in alerts)
    assert len(alerts) == sum(version is not NO_NEWS for version in told) + last.withdrawn


def test_versions_with_one_time_keep_their_order_however_many_read_them(tmp_path):
    others = [json.dumps({"title": f"ECB raises interest rates by {n} points"}).encode() + b"\n" for n in range(300)]
    lines = versions_of_one_time(FINED)
    for n in range(0, 300, 100):
        lines += [*others[n : n + 100], *versions_of_one_time((DROPPED, FINED, NO_NEWS)[n // 100])]
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines))

    def alerts(workers: int) -> list[bytes]:
        with replay([tmp_path / "a.jsonl"], Settings(workers=workers)) as outcome:
            return list(outcome.alerts())

    one = alerts(1)
    made = [alert for alert in map(Alert.model_validate_json, one) if alert.article.id == "c1"]
    assert [alert.withdrawn for alert in made] == [False, False, False, True]
    assert alerts(2) == one


def test_bad_input_is_set_aside_and_the_rest_is_replayed(tmp_path):
    good = json.dumps({"title": "ECB raises interest rates by half a point", "published": "2022-07-21T12:00:00Z"})
    (tmp_path / "a.jsonl").write_text(good + "\n{broken\n" + '{"title": "x", "date": "never"}\n')
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(good.encode() * 1)[:-9])
    (tmp_path / "c.xml").write_text("<html><body>Just a moment...</body></html>")
    alerts, dead, counters = run(tmp_path)
    assert len(alerts) >= 1
    assert {(Path(d.position.origin).name, d.cause) for d in dead} >= {
        ("a.jsonl", "bad_json"),
        ("a.jsonl", "bad_date"),
        ("b.jsonl.gz", "bad_gzip"),
        ("c.xml", "bad_feed"),
    }
    assert counters["dead_letters"] == len(dead)


def test_an_odd_name_of_a_file_or_an_entry_stops_nothing(tmp_path):
    def good(identity: str) -> bytes:
        return json.dumps({"id": identity, "title": "ECB raises interest rates by half a point"}).encode() + b"\n"

    (tmp_path / "a.jsonl").write_bytes(good("1"))
    (tmp_path / os.fsdecode(b"na\xefve.jsonl")).write_bytes(b"{broken\n" + good("2"))
    (tmp_path / "two\nlines\t.jsonl").write_bytes(b"{broken\n" + good("3"))
    (tmp_path / os.fsdecode(b"na\xefve.xml")).write_bytes(rss(("1\n2\t3", "", ""), ("4", "ECB cuts its key rate", "")))
    (tmp_path / os.fsdecode(b"\xfe.txt")).write_bytes(b"")
    alerts, dead, counters = run(tmp_path)
    origins = [alert.article.position.origin for alert in alerts if alert.article.position]
    assert {Path(origin).name for origin in origins} == {
        "a.jsonl", r"na\xefve.jsonl", r"two\nlines\t.jsonl", r"na\xefve.xml",
    }  # fmt: skip
    assert [str(letter.position).removeprefix(f"{tmp_path}/") for letter in dead] == [
        r"\xfe.txt",
        r"na\xefve.jsonl:1",
        "na\\xefve.xml#1\n2\t3",
        r"two\nlines\t.jsonl:1",
    ]
    assert counters["articles"] == 4


def test_other_languages_are_passed_by_with_a_count(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        json.dumps(
            {
                "title": "Die Europäische Zentralbank hebt die Zinsen um einen halben Punkt an",
                "text": "Das hat der Rat am Donnerstag in Frankfurt beschlossen und begründet.",
            }
        )
    )
    alerts, dead, counters = run(tmp_path)
    assert (alerts, dead, counters["held_language"]) == ([], [], 1)


def test_an_undated_article_says_so_and_comes_first(tmp_path):
    lines = [
        {"id": "dated", "title": "ECB raises interest rates by half a point", "date": "2022-07-21"},
        {"id": "undated", "title": "Bank of England raises interest rates by half a point"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    alerts, _, _ = run(tmp_path)
    assert [(a.article.id, a.event_time is None, a.alerted) for a in alerts] == [
        ("undated", True, None),
        ("dated", False, None),
    ]


def test_the_policy_holds_back_and_counts():
    alerts, _, counters = run(SEEDS, jurisdictions=("CN",), companies=("BABA",))
    assert alerts
    assert all(a.signal.jurisdiction == "CN" for a in alerts)
    assert all(any(c.name == "Alibaba" for c in a.companies) for a in alerts)
    assert counters["held_jurisdiction"] > 0
    _, _, kept = run(SEEDS)
    without, _, counters = run(SEEDS, repeats=False)
    assert counters["held_repeat"] == kept["alerts"] - len(without) > 0


def test_a_failing_run_leaves_nothing_behind(tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    bad = tmp_path / "companies.tsv"
    bad.write_text("no header")
    with pytest.raises(PolicywireError, match=r"companies\.tsv"), replay([SEEDS / "feed.xml"], Settings(registry=bad)):
        pass
    assert list(tmp_path.iterdir()) == [bad]
