"""The network reads an article's first words, in their order, whatever they are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.signals.features import words
from pipeline.signals.network import WORDS, network
from pipeline.signals.weights import weights

WORD = st.one_of(st.text(max_size=12), st.sampled_from(["ministry", "lifts", "ban", "fines", "bank", "0"]))


@given(st.lists(WORD, max_size=60), st.lists(WORD, max_size=60))
def test_every_article_gets_all_outputs(title: list[str], body: list[str]) -> None:
    outputs = network().outputs(title, body)
    assert outputs.shape == (len(weights().outputs),)
    assert np.isfinite(outputs).all()


def test_the_order_of_words_counts() -> None:
    one = network().outputs(words("Court lifts ban after minister loses appeal"), [])
    other = network().outputs(words("Minister loses ban after court lifts appeal"), [])
    assert not np.allclose(one, other)


def test_what_stands_far_behind_does_not_count() -> None:
    body = ["steel"] * WORDS
    assert np.array_equal(network().outputs(["ban"], body), network().outputs(["ban"], [*body, "tariff"]))


def test_title_and_text_are_told_apart() -> None:
    assert not np.allclose(network().outputs(["ban"], ["steel"]), network().outputs(["ban", "steel"], []))


def test_an_article_reads_the_same_again() -> None:
    read = [network().outputs(words("Regulator fines two lenders"), words("The watchdog said so.")) for _ in range(2)]
    assert np.array_equal(*read)
