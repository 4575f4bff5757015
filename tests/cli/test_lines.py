"""JSON lines that are damaged: what is whole is read, and what is not is named, one line each."""

import gzip
import json
import random

import pytest


def _many(count):
    rng = random.Random(1)  # compresses badly, so that half the bytes hold about half the lines
    return [json.dumps({"id": n, "title": f"Where to eat {rng.getrandbits(400):x}"}).encode() for n in range(count)]


def _ids(path):
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_what_stands_before_the_damage_of_a_gzip_is_kept(policywire, tmp_path, damage):
    packed = gzip.compress(b"\n".join(_many(600)))
    half = len(packed) // 2
    spoilt = packed[:half] + (b"" if damage == "cut" else b"\xff" * len(packed))
    (tmp_path / "in.jsonl.gz").write_bytes(spoilt)
    ran = policywire("classify", "in.jsonl.gz", "-o", "out.jsonl")
    ids = _ids(tmp_path / "out.jsonl")
    assert ran.code == 1
    assert 0 < len(ids) < 600
    assert ids == list(range(len(ids)))
    (line,) = ran.err.splitlines()
    assert f"in.jsonl.gz: cannot read on behind line {len(ids)}:" in line


def test_a_byte_order_mark_is_passed_over(policywire, tmp_path):
    (tmp_path / "in.jsonl").write_bytes(b'\xef\xbb\xbf{"id": 1, "title": "x"}\n')
    ran = policywire("classify", "in.jsonl")
    assert (ran.code, json.loads(ran.out)["id"]) == (0, 1)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            b'{"id": 2, "title": "' + b"x" * 2_000 + b'"}',
            "a line of 2,023 bytes, more than 1,000 (limits.max_line_bytes)",
        ),
        (b'{"id": 2, "title": "caf\xe9"}', "not UTF-8 (byte 23): convert it, for example with iconv"),
        (b"{}", "neither title nor text"),
        (b'{"title": " ", "text": null}', "neither title nor text"),
        (b'{"id": ' + b"[" * 300 + b"]" * 300 + b"}", "id must be a string or a number"),
        (b'{"id": 2, "title": "' + b"x" * 300 + b'"}', "longer than 200 characters (limits.max_text_chars)"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_the_next_is_read(policywire, tmp_path, monkeypatch, line, says):
    monkeypatch.setenv("POLICYWIRE_LIMITS__MAX_LINE_BYTES", "1000")
    monkeypatch.setenv("POLICYWIRE_LIMITS__MAX_TEXT_CHARS", "200")
    (tmp_path / "in.jsonl").write_bytes(b'{"id": 1, "title": "x"}\n' + line + b'\n{"id": 3, "text": ""}\n')
    ran = policywire("classify", "in.jsonl", "-o", "out.jsonl")
    assert ran.code == 1
    (complaint,) = ran.err.splitlines()
    assert "in.jsonl:2: " in complaint
    assert says in complaint
    assert _ids(tmp_path / "out.jsonl") == [1, 3]
