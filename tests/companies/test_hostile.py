"""No text of any kind raises, and time grows with the text, not faster."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.articles.document import Document
from pipeline.companies import CompanyFinder
from pipeline.scan import Scanner

FINDER = CompanyFinder()
SCANNER = Scanner(FINDER.vocabularies())
WORDS = [
    "Apple",
    "Ltd",
    "CEO",
    "shares",
    "fell",
    "9%",
    "and",
    ",",
    "(NYSE: BABA)",
    "$TSLA",
    "AAPL.O",
    "startup",
    "of",
    "’s",
    "\n",
    ".",
    "İ",
]


def find(title: str, text: str = ""):
    document = Document(title, text)
    return FINDER.find(document, SCANNER.scan(document.full))


@given(st.text(), st.text())
def test_any_text(title: str, text: str) -> None:
    for mention in find(title, text):
        assert 0 <= mention.relevance <= 1


@given(st.lists(st.sampled_from(WORDS), max_size=60))
@settings(max_examples=200)
def test_any_order_of_telling_words(words: list[str]) -> None:
    text = " ".join(words)
    for mention in find("", text):
        for span in mention.spans:
            assert text[span.start : span.end] == span.quote


@pytest.mark.parametrize(
    "text",
    [
        "阿里巴巴集团股价上涨百分之二。" * 1000,
        "Газпром объявил о росте акций. " * 1000,
        "A" * 1_000_000,
        "Nokia " * 170_000,
        "Acme Inc " * 110_000,
        "Shares in " * 100_000,
        "CEO of " * 140_000,
        "A B C D E F " * 80_000,
        "(NYSE: " * 140_000,
    ],
    ids=["chinese", "russian", "one word", "one name", "forms", "shares in", "ceo of", "letters", "brackets"],
)
def test_a_megabyte(text: str) -> None:
    find("Title", text)


def test_a_thousand_companies() -> None:
    names = [a.surface for a in FINDER.registry.aliases if a.doubt == 0 and a.company >= 0][:1000]
    assert len(find("", ", ".join(names))) > 300
