"""The features that the decision sees: of each sentence on its own, by the names that the weights hold."""

import numpy as np
import pytest

from pipeline.articles.document import Document
from pipeline.scan import Scanner
from pipeline.signals.decision import Seen, both, seen_names, seen_words
from pipeline.signals.features import NAMED, Features
from pipeline.signals.grams import BLOCKS
from pipeline.signals.hits import KIND
from pipeline.signals.opening import opening, start
from pipeline.signals.vocabulary import terms
from pipeline.signals.weights import weights

SCANNER = Scanner({KIND: list(terms().items())})
TITLE = "Ministry lifts ban on coal exports"
TEXT = "The ministry lifted the ban on Monday. Prices fell by 5% in March."


def read(title: str, text: str) -> Features:
    document = Document(title, text)
    return opening(document, start(document), SCANNER.scan(document.full).get(KIND, [])).features


def seen(features: Features) -> Seen:
    return both(seen_words(weights(), features.title, features.body), seen_names(weights(), features.named))


def test_every_block_holds_features_that_the_weights_know() -> None:
    known = seen(read(TITLE, TEXT))
    assert set(weights().blocks[known.rows].tolist()) == set(range(len(BLOCKS) + len(NAMED)))


def test_each_block_is_scaled_to_unit_length() -> None:
    known = seen(read(TITLE, TEXT))
    lengths = np.bincount(weights().blocks[known.rows], weights().squares[known.rows] * known.scale**2)
    assert lengths == pytest.approx(1.0)


def test_an_unknown_word_is_known_by_its_place_and_as_one_without_kin() -> None:
    known = seen(read("Xyzzy", ""))
    assert set(weights().blocks[known.rows].tolist()) <= {0, 2, 3}  # an unknown word begins the title
    assert not len(seen(Features([], [], ([], [], [], []))).rows)


def test_words_are_folded_and_figures_are_one() -> None:
    assert read(TITLE, TEXT).title == ["ministry", "lifts", "ban", "on", "coal", "exports"]
    assert read(TITLE, TEXT).body[-6:] == ["fell", "by", "0", "%", "in", "march"]


def test_pairs_of_cues_do_not_reach_over_sentences() -> None:
    apart = {name for block in read("", "The court spoke. A tariff.").named for name in block if ">" in name}
    together = {name for block in read("", "The court spoke of a tariff.").named for name in block if ">" in name}
    assert not {name for name in apart if "court" in name and "tariff" in name}
    assert {name for name in together if "court" in name and "tariff" in name}


def test_a_frame_seen_before_has_the_same_features() -> None:
    assert read(TITLE, TEXT) == read(TITLE, TEXT)
