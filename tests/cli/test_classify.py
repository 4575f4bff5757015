"""``policywire classify``: a line out for each line in, with the keys of the labelling guidelines."""

import json

KEYS = {"id", "signal", "direction", "instrument", "stage", "jurisdiction", "confidence", "companies"}


def test_labels_in_order_with_the_keys_of_the_guidelines(policywire, tmp_path):
    items = [
        {
            "id": "1",
            "title": "European Commission fines Google",
            "text": "The European Commission imposed the fine.",
            "source": "x",
        },
        {"id": 2, "title": "Where to eat in Lisbon"},
        {"id": "3", "title": "Die Regierung hat am Dienstag neue Regeln für die Banken beschlossen"},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, items)))
    ran = policywire("classify", "in.jsonl", "-o", "out.jsonl")
    assert (ran.code, ran.out) == (0, "")
    fine, food, german = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert set(fine) == KEYS
    assert (fine["id"], fine["signal"], fine["direction"], fine["jurisdiction"]) == ("1", True, "tightening", "EU")
    assert fine["companies"][0]["mention"] == "Google"
    assert (food["id"], food["signal"], food["direction"]) == (2, False, "")
    assert (german["signal"], german["language"]) == (False, "de")


def test_bad_lines_are_reported_and_the_rest_is_classified(policywire, tmp_path):
    (tmp_path / "in.jsonl").write_text(
        '{"id": 1, "title": "x"}\n{\n[]\n{"id": 2, "title": 5}\n\n{"id": 3, "text": null}\n'
    )
    ran = policywire("classify", "in.jsonl")
    assert ran.code == 1
    assert [json.loads(line)["id"] for line in ran.out.splitlines()] == [1, 3]
    for line in (2, 3, 4):
        assert f"in.jsonl:{line}:" in ran.err


def test_full_output_names_evidence_and_roles(policywire, tmp_path):
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": 1, "title": "European Commission fines Google"}))
    (line,) = policywire("classify", "in.jsonl", "--full").out.splitlines()
    read = json.loads(line)
    assert read["companies"][0]["role"]
    assert read["signals"][0]["evidence"]


def test_a_missing_or_broken_file_is_named(policywire, tmp_path):
    assert "none.jsonl" in policywire("classify", "none.jsonl").err
    (tmp_path / "bad.jsonl.gz").write_bytes(b"no gzip")
    ran = policywire("classify", "bad.jsonl.gz", "-o", "out.jsonl")
    assert ran.code == 1
    assert "bad.jsonl.gz" in ran.err
    assert not (tmp_path / "out.jsonl").exists()


def test_the_output_is_not_the_input(policywire, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 1, "title": "x"}\n')
    ran = policywire("classify", "a.jsonl", "-o", "./a.jsonl")
    assert (ran.code, ran.err.count("a.jsonl"), len(ran.err.splitlines())) == (2, 2, 1)
    assert (tmp_path / "a.jsonl").read_text() == '{"id": 1, "title": "x"}\n'


def test_a_mebibyte_of_text_gets_an_answer(policywire, tmp_path):
    item = {
        "id": "1",
        "title": "Ministry bans plastic cups",
        "text": ("The ministry banned them. " * 41_000)[: 1 << 20],
    }
    (tmp_path / "in.jsonl").write_text(json.dumps(item))
    ran = policywire("classify", "in.jsonl")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["direction"] == "tightening"
