"""The whole of the signals room: labels for plain cases, and an answer for any text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.articles.document import Document
from pipeline.scan import Scanner
from pipeline.signals import SignalReader, SignalReading

READER = SignalReader()
SCANNER = Scanner(READER.vocabularies())


def read(title: str, text: str = "") -> SignalReading:
    document = Document(title, text)
    return READER.read(document, SCANNER.scan)


@pytest.mark.parametrize(
    ("title", "text", "direction", "jurisdiction"),
    [
        ("EU regulators approve merger of two chipmakers", "", "easing", "EU"),
        (
            "FTC sues software maker over privacy violations",
            "The agency said the firm misled users.",
            "tightening",
            "US",
        ),
        ("India imposes anti-dumping duty on steel imports from China", "", "tightening", "IN"),
        ("ECB raises interest rates by half a point", "", "tightening", "EU"),
        (
            "EU fines Google over abuse of its app store",
            "The European Commission imposed the fine.",
            "tightening",
            "EU",
        ),
        ("Australia lifts ban on coal exports", "", "easing", "AU"),
        ("People's Bank of China cuts lending rate to support economy", "", "easing", "CN"),
    ],
)
def test_plain_cases(title: str, text: str, direction: str, jurisdiction: str) -> None:
    reading = read(title, text)
    assert reading.signals, reading.probability
    main = reading.signals[0]
    assert (main.direction, main.jurisdiction) == (direction, jurisdiction)
    assert main.evidence
    assert main.authority is not None


@pytest.mark.parametrize(
    "title",
    ["Striker scores twice as league leaders win", "How to make the best pancakes", "Phone maker unveils a new camera"],
)
def test_other_news_is_no_signal(title: str) -> None:
    reading = read(title)
    assert not reading.signals
    assert reading.reasons


HOSTILE = [
    "",
    "Government",
    "tariff ban fine " * 10_000,
    "a" * 1_000_000,
    "no sentence ends here and the government bans things " * 20_000,
    "FED RAISES RATES " * 50_000,
    "Ð¿Ñ€Ð¸Ð²ÐµÑ‚ â€œquotedâ€\x9d \ufffd\ufffd " * 1000,
    "الحكومة تفرض ضريبة جديدة على الشركات " * 1000,
    ". . . . ! ? " * 50_000,
    "\n" * 500_000,
    "İ" * 10_000,
    "\ud800 lone surrogate",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_gets_an_answer(text: str) -> None:
    for title, body in ((text, ""), ("", text), (text, text)):
        reading = read(title, body)
        assert 0.0 <= reading.probability <= 1.0
        assert isinstance(reading.frames, tuple)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.text(max_size=2000))
def test_any_text_gets_an_answer(title: str, text: str) -> None:
    reading = read(title, text)
    document = Document(title, text)
    for signal in reading.signals:
        for span in (*signal.evidence, *signal.background):
            assert getattr(document, span.field)[span.start : span.end] == span.quote


_WORDS = "FTC fines lifts ban tariffs China court annuls Fed raises rates . , may not to ? government"
_CUES = st.sampled_from([*_WORDS.split(), "European Commission", "\n"])


@settings(max_examples=300, deadline=None)
@given(st.lists(_CUES, max_size=12), st.lists(_CUES, max_size=60))
def test_any_order_of_cues_gives_sound_spans(title: list[str], text: list[str]) -> None:
    document = Document(" ".join(title), " ".join(text))
    reading = READER.read(document, SCANNER.scan)
    for signal in reading.signals:
        assert 0.0 <= signal.confidence <= 1.0
        for span in (*signal.evidence, *signal.background, *([signal.authority.span] if signal.authority else [])):
            assert span is not None
            assert getattr(document, span.field)[span.start : span.end] == span.quote


def test_reading_is_a_pure_function() -> None:
    once, again = (read("EU delays rules on online platforms", "The Commission said so.") for _ in range(2))
    assert once == again
