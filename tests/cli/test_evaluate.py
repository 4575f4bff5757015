"""``policywire evaluate``: scores by class, from articles or from another system's labels."""

import json

GOLD = [
    {"id": 1, "title": "European Commission fines Google", "signal": True, "direction": "tightening", "instrument": "enforcement",
     "stage": "decided", "jurisdiction": "EU", "companies": [{"mention": "Google", "name": "Alphabet", "ticker": "NASDAQ:GOOGL"}]},
    {"id": 2, "title": "Where to eat in Lisbon", "signal": False, "direction": "", "companies": []},
]  # fmt: skip


def test_scores_of_the_reading_and_of_given_labels(policywire, tmp_path):
    (tmp_path / "gold.jsonl").write_text("\n".join(map(json.dumps, GOLD)))
    ran = policywire("evaluate", "gold.jsonl", "--json")
    assert ran.code == 0
    figures = json.loads(ran.out)
    assert (figures["items"], figures["signals"], figures["signal_f1"], figures["link_f1"]) == (2, 1, 1.0, 1.0)
    (tmp_path / "said.jsonl").write_text(json.dumps({"id": 1, "signal": True, "direction": "easing"}))
    ran = policywire("evaluate", "gold.jsonl", "--predicted", "said.jsonl", "--json")
    assert json.loads(ran.out)["opposed_rate"] == 1.0
    table = policywire("evaluate", "gold.jsonl", "--errors", "3")
    assert "direction, macro F1" in table.out


def test_what_is_no_gold_is_refused(policywire, tmp_path):
    for content, says in (("", "no labelled items"), ('{"title": "x"}', "no id or no signal"), ("{", ":1: not JSON")):
        (tmp_path / "gold.jsonl").write_text(content)
        ran = policywire("evaluate", "gold.jsonl")
        assert ran.code == 1
        assert says in ran.err
