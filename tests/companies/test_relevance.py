from pipeline.companies.relevance import relevance


def test_between_nothing_and_one() -> None:
    assert relevance([0, 10, 60, 70, 80], 60, 600, "target") <= 1.0
    assert relevance([600], 60, 600, "background") >= 0.0


def test_the_title_counts_most_then_place_then_count() -> None:
    title = relevance([0], 60, 600, "affected")
    lead = relevance([60], 60, 600, "affected")
    late = relevance([500], 60, 600, "affected")
    assert title > lead > late
    assert relevance([60, 100, 200], 60, 600, "affected") > lead


def test_an_empty_text() -> None:
    assert 0.0 <= relevance([0], 12, 12, "background") <= 1.0
