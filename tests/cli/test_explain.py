"""``policywire explain``: how an article is read, also where it raises no alert."""

import json

from tests.conftest import ROOT

ARCHIVE = ROOT / "seeds" / "archive.jsonl"


def test_sentences_frames_and_outcome(policywire):
    ran = policywire("explain", ARCHIVE, "--id", "in-2022-06-08")
    assert ran.code == 0
    assert "raises an alert" in ran.out
    assert "[title] Reserve Bank of India raises repo rate" in ran.out
    assert "= tightening" in ran.out


def test_why_no_side_is_told_though_one_is_likelier(policywire, tmp_path):
    told = tmp_path / "told.txt"
    told.write_text("EU set to spare airlines from stricter fuel tax\n", encoding="utf-8")
    ran = policywire("explain", told)
    assert "signal: neutral" in ran.out
    assert "neither side clearly the likelier" in ran.out


def test_why_a_text_raises_no_alert(policywire):
    ran = policywire("explain", "--title", "Five recipes for a quick summer dinner")
    assert ran.code == 0
    assert "no alert: no policy signal" in ran.out
    held = policywire("explain", "--title", "Die Regierung hat am Dienstag neue Regeln für die Banken beschlossen")
    assert "policywire reads English" in held.out


def test_the_policy_that_holds_back_is_named(policywire, monkeypatch):
    monkeypatch.setenv("POLICYWIRE_ALERTING__JURISDICTIONS", '["US"]')
    ran = policywire("explain", ARCHIVE, "--id", "in-2022-06-08")
    assert "held back by the setting alerting.jurisdictions" in ran.out


def test_json(policywire):
    ran = policywire("explain", ARCHIVE, "--id", "in-2022-06-08", "--json")
    read = json.loads(ran.out)
    assert read["signals"][0]["direction"] == "tightening"
    assert any(frame["direction"] == "tightening" for sentence in read["sentences"] for frame in sentence["frames"])


def test_an_unknown_id_and_a_broken_file_are_errors(policywire, tmp_path):
    ran = policywire("explain", ARCHIVE, "--id", "nothing")
    assert ran.code == 1
    assert "nothing" in ran.err
    (tmp_path / "a.jsonl").write_text("{oops\n")
    ran = policywire("explain", "a.jsonl")
    assert ran.code == 1
    assert "a.jsonl:1" in ran.err
