"""Words as numbers: what two articles share, they share as features; what no model knows, does no harm."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.signals.grams import BLOCKS, Grams, Lexicon, block_of, known
from pipeline.signals.word_groups import word_groups

LEXICON = Lexicon.of(["ministry", "lifts", "ban", "zyx"])
WORDS = st.lists(st.sampled_from(["ministry", "lifts", "ban", "zyx", "unheard-of", "tariff"]), max_size=6)


def features(title: str, body: str = "") -> set[int]:
    return set(LEXICON.features(title.split(), body.split()).tolist())


def test_every_block_has_its_features():
    assert set(block_of(LEXICON.features(["ministry", "lifts"], ["ban"])).tolist()) == set(range(len(BLOCKS)))


def test_the_order_of_words_counts():
    assert features("ministry lifts ban") != features("ban lifts ministry")


def test_a_title_is_also_the_start_of_the_text():
    shared = features("ministry lifts") & features("ban zyx", "ministry lifts")
    assert {block_of(np.int64(feature)) for feature in shared} == {1, 3}


def test_words_of_one_group_are_alike():
    by_group: dict[int, list[str]] = {}
    for word, group in word_groups().items():
        by_group.setdefault(group, []).append(word)
    one, other = next(words for words in by_group.values() if len(words) > 1)[:2]
    assert {block_of(np.int64(feature)) for feature in features(one) & features(other)} == {2, 3}


@given(WORDS, WORDS)
def test_any_words_make_features(title: list[str], body: list[str]):
    found = LEXICON.features(title, body)
    assert found.dtype == np.int64
    assert (found >= 0).all()


@given(WORDS, WORDS)
def test_words_that_are_not_known_are_all_one(title: list[str], body: list[str]):
    renamed = [["never-seen" if word == "unheard-of" else word for word in words] for words in (title, body)]
    assert (LEXICON.features(title, body) == LEXICON.features(*renamed)).all()


@given(st.lists(st.tuples(WORDS, WORDS), max_size=4), WORDS, WORDS)
def test_a_row_is_the_place_of_a_feature_among_the_models(taught, title: list[str], body: list[str]):
    keys = np.unique(np.concatenate([LEXICON.features(["ban"], []), *(LEXICON.features(*words) for words in taught)]))
    keys = keys[known(keys)]
    wanted = set(LEXICON.features(title, body).tolist())
    rows = set(Grams(LEXICON, keys).rows(title, body).tolist())
    assert rows - {-1} == {row for row, feature in enumerate(keys.tolist()) if feature in wanted}
