"""The features that the decision sees: of each sentence on its own, by the names that the weights hold."""

from pipeline.articles.document import Document
from pipeline.scan import Scanner
from pipeline.signals.hits import KIND
from pipeline.signals.opening import opening
from pipeline.signals.vocabulary import terms
from pipeline.signals.weights import weights

SCANNER = Scanner({KIND: list(terms().items())})
TITLE = "Ministry lifts ban on coal exports"
TEXT = "The ministry lifted the ban on Monday. Prices fell by 5% in March."


def blocks(title: str, text: str) -> tuple[list[str], ...]:
    document = Document(title, text)
    return opening(document, SCANNER.scan(document.full).get(KIND, [])).blocks


def test_every_block_holds_features_that_the_weights_know() -> None:
    read = blocks(TITLE, TEXT)
    assert len(read) == len(weights().index)
    for index, names in zip(weights().index, read, strict=True):
        assert index.keys() & set(names)


def test_words_in_a_row_are_features_and_figures_are_one() -> None:
    head, text = blocks(TITLE, TEXT)[:2]
    assert "^ministry lifts" in head
    assert {"lifts ban", "by 0", "0 %"} <= set(text)


def test_pairs_of_cues_do_not_reach_over_sentences() -> None:
    apart = {name for block in blocks("", "The court spoke. A tariff.") for name in block if ">" in name}
    together = {name for block in blocks("", "The court spoke of a tariff.") for name in block if ">" in name}
    assert not {name for name in apart if "court" in name and "tariff" in name}
    assert {name for name in together if "court" in name and "tariff" in name}


def test_a_frame_seen_before_has_the_same_features() -> None:
    assert blocks(TITLE, TEXT) == blocks(TITLE, TEXT)
