"""Our scores are those of the scorer of the labelling guidelines."""

import json
import random
import subprocess
import sys

import pytest

from pipeline.evaluation import plain_name, score
from tests.conftest import shared


def label(number, signal, direction="", companies=(), **more):
    fields = {"id": number, "signal": signal, "direction": direction, "instrument": "", "stage": "", "jurisdiction": ""}
    named = [{"mention": m, "name": n, "ticker": t} for m, n, t in companies]
    return fields | {"companies": named} | more


def test_a_missed_signal_is_a_miss_for_every_field_below_it():
    gold = [label(1, True, "easing", instrument="trade", stage="decided", jurisdiction="CN"), label(2, False)]
    nothing = score(gold, {})
    assert (nothing.signal.f1, nothing.accuracy["instrument"], nothing.directions["easing"].recall) == (0, 0, 0)
    perfect = score(gold, {item["id"]: item for item in gold})
    assert perfect.signal.f1 == perfect.accuracy["stage"] == 1
    assert perfect.opposed_rate == 0


def test_an_opposed_direction_is_counted_among_those_decided():
    gold = [label(1, True, "easing"), label(2, True, "tightening"), label(3, True, "neutral")]
    said = {1: label(1, True, "tightening"), 2: label(2, True, "tightening"), 3: label(3, True, "easing")}
    assert score(gold, said).opposed_rate == 0.5


def test_a_company_is_linked_by_ticker_else_by_name():
    gold = [label(1, False, companies=[("Douyin", "ByteDance", ""), ("Ali", "Alibaba Group", "NYSE:BABA")])]
    said = {1: label(1, False, companies=[("Douyin's", "Bytedance Ltd", ""), ("Alibaba", "Alibaba", "HKEX:BABA")])}
    scores = score(gold, said)
    assert (scores.link.hits, scores.link.wrong, scores.link.missed) == (2, 0, 0)
    assert scores.mention.hits == 1


def test_nothing_to_score_is_an_error():
    with pytest.raises(ValueError, match="no labelled items"):
        score([], {})


def test_names_are_compared_without_their_legal_form():
    assert plain_name("The Acme Holdings Co.'s") == plain_name("acme") == "acme"
    assert plain_name("Holdings Group") == "holdings group"


def test_figures_equal_the_scorers_on_spoilt_labels(tmp_path):
    """On real labels, spoilt at random, both give the same figures."""
    gold_file = shared("eval/dev.jsonl")
    scorer = shared("eval/score.py")
    gold = [json.loads(line) for line in gold_file.read_text(encoding="utf-8").splitlines()]
    rng = random.Random(1)
    said = {}
    for item in gold:
        other = rng.choice(gold)
        fields = ("signal", "direction", "instrument", "stage", "jurisdiction", "companies")
        said[item["id"]] = {"id": item["id"]} | {f: (other if rng.random() < 0.3 else item)[f] for f in fields}
    predicted = tmp_path / "said.jsonl"
    predicted.write_text("\n".join(map(json.dumps, said.values())))
    ran = subprocess.run(
        [sys.executable, scorer, gold_file, predicted, "--json"], capture_output=True, text=True, check=True
    )
    theirs = json.loads(ran.stdout)
    ours = score(gold, said)
    assert theirs["signal_f1"] == pytest.approx(ours.signal.f1, abs=1e-4)
    assert theirs["direction_macro_f1"] == pytest.approx(ours.direction_macro_f1, abs=1e-4)
    assert theirs["opposed_rate"] == pytest.approx(ours.opposed_rate, abs=1e-4)
    for name, value in ours.accuracy.items():
        assert theirs[f"{name}_acc"] == pytest.approx(value, abs=1e-4)
    for name, rate in (("mention", ours.mention), ("link", ours.link)):
        assert theirs[f"{name}_f1"] == pytest.approx(rate.f1, abs=1e-4)
        assert theirs[f"{name}_precision"] == pytest.approx(rate.precision, abs=1e-4)
