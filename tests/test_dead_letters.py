"""Dead letters keep what is needed to find and retry an input, and no more."""

import base64

import pytest

from pipeline.dead_letters import MAX_PAYLOAD, dead_letter
from schemas import Position

PLACE = Position(origin="a.jsonl", kind="file", line=3)


def test_the_same_failure_has_the_same_id_and_another_place_another():
    one = dead_letter("bad_json", "Source", "not JSON", PLACE, b"{")
    assert one.id == dead_letter("bad_json", "Source", "said otherwise", PLACE, b"{").id
    assert one.id != dead_letter("bad_json", "Source", "not JSON", PLACE.model_copy(update={"line": 4}), b"{").id
    assert base64.b64decode(one.payload) == b"{"


def test_a_long_input_is_cut_and_its_size_kept():
    letter = dead_letter("too_large", "Source", "too large", PLACE, b"x" * 200_000)
    assert len(base64.b64decode(letter.payload)) == MAX_PAYLOAD
    assert letter.payload_size == 200_000


def test_a_trace_is_kept_only_for_errors_of_ours():
    with pytest.raises(KeyError) as raised:
        raise KeyError("x")
    assert "KeyError" in dead_letter("internal", "Read", "gave up", PLACE, b"", raised.value).trace
    assert dead_letter("bad_json", "Source", "not JSON", PLACE, b"", raised.value).trace == ""
