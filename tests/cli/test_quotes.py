"""Sentences as a person reads them, with the words that decide marked."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.quotes import marked_headline, marked_sentences
from schemas import Span
from tests.builders import alert, article, signal

TEXT = "The regulator fined Acme Bank on Monday. Shares fell. It had fined the bank before."


def span(field, start, end, of):
    return Span(field=field, start=start, end=end, quote=of[start:end])


def test_each_sentence_stands_once_with_all_its_marks():
    spans = (span("text", 4, 19, TEXT), span("text", 14, 29, TEXT), span("text", 54, 62, TEXT))
    one = alert(article=article(text=TEXT), signal=signal(evidence=spans))
    assert marked_sentences(one, spans) == [
        [("The ", False), ("regulator fined", True), (" Acme Bank", True), (" on Monday.", False)],
        [("It had f", True), ("ined the bank before.", False)],
    ]


def test_the_headline_is_marked_where_the_evidence_lies_in_it():
    title = "Regulator fines Acme Bank"
    one = alert(signal=signal(evidence=(span("title", 0, 15, title),)))
    assert marked_headline(one) == [("Regulator fines", True), (" Acme Bank", False)]


def test_without_the_text_the_spans_speak_for_themselves():
    spans = (span("text", 4, 19, TEXT),)
    assert marked_sentences(alert(signal=signal(evidence=spans)), spans) == [[("regulator fined", True)]]


@given(st.text(max_size=900), st.lists(st.tuples(st.integers(0, 900), st.integers(0, 60)), max_size=5))
def test_no_words_are_lost_or_added(text, marks):
    spans = [
        Span(field="text", start=s, end=min(s + n, len(text)), quote=text[s : s + n]) for s, n in marks if s < len(text)
    ]
    one = alert(article=article(text=text))
    for sentence in marked_sentences(one, spans):
        assert "".join(words for words, _ in sentence) in text
