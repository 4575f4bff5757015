"""Labels of news elsewhere find their texts by title, and leave out what the development set tells."""

import json

import pytest

from training import corpus

FINED = "Regulator fines two lenders over hidden fees"
TOLD = "Ministry of Trade lifts its ban on steel"


@pytest.fixture
def news(tmp_path, monkeypatch):
    rows = [
        {"title": FINED, "text": "The watchdog said so. Both lenders will appeal against the decision."},
        {"title": FINED.upper() + "!", "text": "The same news from another publisher."},
        {"title": TOLD, "text": None},
        {"title": "Five recipes for a quick supper", "text": ""},
    ]
    (tmp_path / "news.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    labels = [
        f"{corpus.title_id(FINED)}\t1\ttightening\tenforcement\tdecided",
        f"{corpus.title_id(TOLD)}\t1\teasing\ttrade\tdecided",
    ]
    (tmp_path / "labels.tsv").write_text("# Columns\n" + "\n".join(labels) + "\n")
    monkeypatch.setattr(corpus, "ELSEWHERE", tmp_path / "labels.tsv")
    return tmp_path


def test_each_labelled_title_is_found_once(news):
    first, second = corpus.elsewhere(news, [])
    assert (first.title, first.signal, first.direction, first.instrument, first.stage, first.origin) == (
        *(FINED, True, "tightening", "enforcement", "decided"),
        "elsewhere",
    )
    assert (second.title, second.text) == (TOLD, "")


def test_what_the_development_set_tells_is_left_out(news):
    known = corpus.bare("1", TOLD.lower(), "")
    assert [item.title for item in corpus.elsewhere(news, [known])] == [FINED]


def test_without_a_folder_there_is_nothing_elsewhere():
    assert corpus.elsewhere(None, []) == []


def test_title_and_text_of_a_signal_come_apart_without_labels(news):
    title, text = corpus.halves(corpus.elsewhere(news, []))
    assert (title.title, title.text) == (FINED, "")
    assert (text.title, text.text) == ("The watchdog said so.", "Both lenders will appeal against the decision.")
    assert not title.signal
    assert not text.direction
