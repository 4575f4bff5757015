"""Share moves read by grammar; every sentence here is made up."""

import pytest

from pipeline.articles.document import Document
from pipeline.companies import reactions
from pipeline.signals.sentences import split


def read(text: str, *names: str) -> list[tuple[str, float | None, str, str]]:
    document = Document("", text)
    full = document.full
    mentions = sorted(
        reactions.Mentioned(full.index(name), full.index(name) + len(name), i) for i, name in enumerate(names)
    )
    found = reactions.read(full, mentions, split(full, document.body_start))
    return [(names[r.company], r.percent, r.move, r.session) for r in found]


@pytest.mark.parametrize(
    ("text", "percent", "move", "session"),
    [
        ("Shares of Acme fell 9% on Monday.", -9.0, "down", "regular"),
        ("Acme shares tumbled over 11% after the ruling.", -11.0, "down", "unknown"),
        ("Acme's stock was up 3.4 per cent in premarket trading.", 3.4, "up", "premarket"),
        ("Investors cheered. Acme saw a gain of 2.2%.", 2.2, "up", "unknown"),
        ("Acme, the chipmaker, saw its shares drop 4% in extended trading.", -4.0, "down", "after_hours"),
        ("The news led to a 5% fall in Acme shares.", -5.0, "down", "unknown"),
        ("Acme shares were little changed.", 0.0, "flat", "unknown"),
        ("Shares in Acme rallied.", None, "up", "unknown"),
    ],
)
def test_moves(text: str, percent: float | None, move: str, session: str) -> None:
    expected = None if move == "flat" and percent == 0.0 else percent
    assert read(text, "Acme") == [("Acme", expected, move, session)]


def test_a_list_of_companies_and_a_list_of_moves() -> None:
    found = read("Shares in Acme and Globex rose 3% and 4% respectively.", "Acme", "Globex")
    assert [(name, percent) for name, percent, _, _ in found] == [("Acme", 3.0), ("Globex", 4.0)]


def test_one_move_for_all_of_a_list() -> None:
    found = read("Acme, Globex and Initech shares slid 2%.", "Acme", "Globex", "Initech")
    assert [percent for _, percent, _, _ in found] == [-2.0, -2.0, -2.0]


def test_the_second_company_takes_the_verb_of_the_first() -> None:
    found = read("Acme shares gained 2.2%, while Globex 2.7%.", "Acme", "Globex")
    assert [(name, percent, move) for name, percent, move, _ in found] == [("Acme", 2.2, "up"), ("Globex", 2.7, "up")]


def test_the_session_of_the_sentence_before() -> None:
    text = "Chipmakers rallied in premarket trade. Acme saw a gain of 2.2%, while Globex rose by 2.7%."
    assert [(p, s) for _, p, _, s in read(text, "Acme", "Globex")] == [(2.2, "premarket"), (2.7, "premarket")]


@pytest.mark.parametrize(
    "text",
    [
        "Acme's revenue rose 3% in the quarter.",
        "Sales at Acme fell 9%.",
        "Acme raised prices by 4%. Inflation is at 5%.",
        "Acme owns 12% of the shares of a rival.",
        "Acme shares a video.",
    ],
)
def test_what_is_no_move_of_shares(text: str) -> None:
    assert read(text, "Acme") == []
