"""``policywire evaluate``: scores by class, from articles or from another system's labels."""

import gzip
import json

import pytest

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
    for content, says in (("", "no labelled items"), ('{"title": "x"}', ":1: id: missing"), ("{", ":1: not JSON")):
        (tmp_path / "gold.jsonl").write_text(content)
        ran = policywire("evaluate", "gold.jsonl")
        assert ran.code == 1
        assert says in ran.err


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        ({"title": 5}, "title: Input should be a valid string"),
        ({"direction": ["a"]}, "direction: Input should be 'tightening', 'easing'"),
        ({"direction": "upwards"}, "direction: Input should be 'tightening', 'easing'"),
        ({"instrument": "tax"}, "instrument: Input should be 'enforcement'"),
        ({"id": ["1"]}, "id: must be a string or a whole number"),
        ({"id": True}, "id: must be a string or a whole number"),
        ({"id": 1}, "id: 1 is that of line 1, too"),
        ({"signal": "false"}, "signal: Input should be a valid boolean"),
        ({"companies": 5}, "companies: Input should be a valid list"),
        ({"companies": ["Acme"]}, "companies.0: must be an object"),
        ({"companies": [{"mention": 5}]}, "companies.0.mention: Input should be a valid string"),
    ],
)
def test_a_wrong_label_is_named_by_line_and_field(policywire, tmp_path, spoilt, says):
    lines = [json.dumps(GOLD[0]), "", json.dumps(GOLD[1] | spoilt)]
    (tmp_path / "gold.jsonl").write_text(json.dumps(GOLD[0]))
    (tmp_path / "bad.jsonl").write_text("\n".join(lines))
    for arguments in (["bad.jsonl"], ["gold.jsonl", "--predicted", "bad.jsonl"]):
        ran = policywire("evaluate", *arguments)
        assert (ran.code, ran.out) == (1, "")
        (line,) = ran.err.splitlines()
        assert line.startswith(f"policywire: bad.jsonl:3: {says}")


def test_labels_of_other_articles_are_refused(policywire, tmp_path):
    (tmp_path / "gold.jsonl").write_text("\n".join(map(json.dumps, GOLD)))
    (tmp_path / "said.jsonl").write_text(json.dumps(GOLD[0] | {"id": "1"}))
    ran = policywire("evaluate", "gold.jsonl", "--predicted", "said.jsonl")
    assert ran.code == 1
    assert "said.jsonl: no id in common with gold.jsonl" in ran.err


def test_gzipped_files_and_byte_order_marks_are_read(policywire, tmp_path):
    lines = b"\xef\xbb\xbf" + "\n".join(map(json.dumps, GOLD)).encode()
    (tmp_path / "gold.jsonl.gz").write_bytes(gzip.compress(lines))
    ran = policywire("evaluate", "gold.jsonl.gz", "--predicted", "gold.jsonl.gz", "--json")
    assert (ran.code, json.loads(ran.out)["direction_macro_f1"]) == (0, 0.5)
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(lines)[:-20])
    ran = policywire("evaluate", "cut.jsonl.gz")
    assert ran.code == 1
    assert "cut.jsonl.gz: cannot read on behind line" in ran.err
