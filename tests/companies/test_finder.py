"""The room as a whole: titles and texts of our own, companies out."""

import pytest

from pipeline.articles.document import Document
from pipeline.companies import CompanyFinder
from pipeline.scan import Scanner
from schemas import CompanyMention


@pytest.fixture(scope="module")
def finder() -> CompanyFinder:
    return CompanyFinder()


@pytest.fixture(scope="module")
def scanner(finder: CompanyFinder) -> Scanner:
    return Scanner(finder.vocabularies())


@pytest.fixture(scope="module")
def find(finder: CompanyFinder, scanner: Scanner):
    def run(title: str, text: str = "") -> dict[str, CompanyMention]:
        document = Document(title, text)
        return {m.name: m for m in finder.find(document, scanner.scan(document.full))}

    return run


def test_a_brand_is_linked_to_its_company(find) -> None:
    found = find("Ministers weigh new rules for YouTube and WhatsApp")
    assert found["Alphabet"].mention == "YouTube"
    assert found["Meta Platforms"].ticker == "NASDAQ:META"


def test_a_company_is_named_once_with_all_its_spans(find) -> None:
    found = find("Nokia wins licence", "The regulator said Nokia had complied. Nokia Oyj's shares rose.")
    assert list(found) == ["Nokia"]
    assert [s.quote for s in found["Nokia"].spans] == ["Nokia", "Nokia", "Nokia Oyj"]


def test_no_company_in_lower_case_words(find) -> None:
    assert find("Farmers target apple growers", "A shell was found on the beach, and a block of visa papers.") == {}
