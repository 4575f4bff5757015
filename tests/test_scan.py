"""The scan: whole words only, every occurrence, offsets of the text itself."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.scan import Scanner, fold

SCANNER = Scanner(
    {"cue": [("ban", 1), ("lifts", 2), ("rate cut", 3), ("U.S.", 4)], "company": [("Ban", 5), ("AT&T", 6)]}
)


def found(text: str) -> dict[str, list[tuple[str, int]]]:
    return {kind: [(text[h.start : h.end], h.payload) for h in hits] for kind, hits in SCANNER.scan(text).items()}


def test_words_are_found_whole():
    assert found("Ministry lifts ban on urban banks")["cue"] == [("lifts", 2), ("ban", 1)]
    assert not found("disbanded, de-banding, rate cuts").get("cue")


def test_one_phrase_may_stand_in_several_vocabularies():
    hits = found("A ban")
    assert hits["cue"] == [("ban", 1)]
    assert hits["company"] == [("ban", 5)]


def test_names_with_marks_and_phrases_over_spaces():
    assert found("The U.S. and AT&T want a Rate Cut.") == {
        "cue": [("U.S.", 4), ("Rate Cut", 3)],
        "company": [("AT&T", 6)],
    }


@given(st.text())
def test_folding_keeps_the_length(text):
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_word_between_spaces_is_found_in_any_text(before, after):
    text = f"{before} ban {after}"
    at = len(before) + 1
    assert any((h.start, h.end) == (at, at + 3) for h in SCANNER.scan(text)["cue"])
