"""The sentences that an alert rests on, with the words in them that decide."""

from collections.abc import Sequence

from pipeline.articles.document import Document
from pipeline.signals.sentences import split
from schemas import Alert, Span

# A run of text, and whether it is among the words that decide.
Piece = tuple[str, bool]

_LONGEST = 400


def marked_headline(alert: Alert) -> list[Piece]:
    """The headline, cut at the spans of evidence that lie in it."""
    inside = [(s.start, s.end) for s in alert.signal.evidence if s.field == "title"]
    return _pieces(alert.headline, inside if alert.headline == alert.article.title else [])


def marked_sentences(alert: Alert, spans: Sequence[Span]) -> list[list[Piece]]:
    """The sentences of the text that hold ``spans``, each once and in order, cut at the spans.

    Where the alert carries no text (a setting), the spans' own words stand for their sentences.
    """
    wanted = [span for span in spans if span.field == "text"]
    text = alert.article.text
    if not text:
        return [[(span.quote, True)] for span in wanted]
    document = Document("", text)
    begins = document.body_start
    found = []
    for sentence in split(document.full, begins, max((span.end for span in wanted), default=0) + _LONGEST):
        start, end = sentence.start - begins, sentence.end - begins
        inside = [(s.start - start, min(s.end, end) - start) for s in wanted if start <= s.start < end]
        if inside:
            found.append(_pieces(text[start:end].rstrip(), inside))
    return found


def _pieces(text: str, marks: list[tuple[int, int]]) -> list[Piece]:
    """``text`` cut at ``marks``, which may overlap; a long text is cut to what surrounds the first mark."""
    if len(text) > _LONGEST and marks:
        begin = max(0, min(start for start, _ in marks) - _LONGEST // 4)
        text = text[begin : begin + _LONGEST]
        marks = [(start - begin, end - begin) for start, end in marks if start - begin < len(text)]
    pieces: list[Piece] = []
    at = 0
    for start, end in sorted(marks):
        start, end = max(start, at), min(end, len(text))
        if start >= end:
            continue
        if start > at:
            pieces.append((text[at:start], False))
        pieces.append((text[start:end], True))
        at = end
    if at < len(text):
        pieces.append((text[at:], False))
    return pieces
