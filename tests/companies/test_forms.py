"""Companies by their form, and what only looks like one. All names are made up."""

import pytest

from tests.companies.test_hostile import find


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Northgate Widgets Ltd said it would close two plants", "Northgate Widgets"),
        ("The regulator fined ride-hailing startup Zorbling on Monday", "Zorbling"),
        ("Zorbling CEO Jane Doe resigns", "Zorbling"),
        ("Lawmakers asked Jane Doe, CEO of Zorbling, to testify", "Zorbling"),
    ],
)
def test_found_and_marked_as_in_no_registry(title: str, name: str) -> None:
    found = [m for m in find(title) if name in m.mention]
    assert found
    assert found[0].company_id is None
    assert found[0].ticker == ""


@pytest.mark.parametrize(
    "title",
    [
        "Jane Doe, CEO and founder, resigns",
        "The company said on Monday it would appeal",
        "Ministry of Finance announced new rules",
        "Pop star shares video of her dog",
        "University of Somewhere announced a study",
    ],
)
def test_no_company(title: str) -> None:
    assert find(title) == ()
