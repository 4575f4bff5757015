"""The committed registry keeps its promises."""

import pytest

from pipeline.companies import Registry, load
from pipeline.companies.registry import NOBODY


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


@pytest.mark.parametrize(
    ("name", "company", "ticker"),
    [
        ("Douyin", "ByteDance", ""),
        ("YouTube", "Alphabet", "NASDAQ:GOOGL"),
        ("WhatsApp", "Meta Platforms", "NASDAQ:META"),
        ("Waymo", "Alphabet", "NASDAQ:GOOGL"),
        ("Ant Group", "Ant Group", ""),
        ("Xbox", "Microsoft", "NASDAQ:MSFT"),
        ("JPMorgan", "JPMorgan Chase", "NYSE:JPM"),
        ("StanChart", "Standard Chartered", "LSE:STAN"),
        ("P&G", "Procter & Gamble", "NYSE:PG"),
        ("baba", "Alibaba", "NYSE:BABA"),
        ("HKEX:9988", "Alibaba", "NYSE:BABA"),
        ("Guotai Junan International", "Guotai Junan International", "HKEX:1788"),
    ],
)
def test_look_up(registry: Registry, name: str, company: str, ticker: str) -> None:
    found = registry.company(registry.look_up(name)[0])
    assert (found.name, found.ticker) == (company, ticker)


def test_keys_are_unique_and_parents_exist_without_cycles(registry: Registry) -> None:
    ids = {c.id: c for c in registry.companies()}
    assert len(ids) == len(registry)
    for company in registry.companies():
        seen = {company.id}
        while company.parent:
            company = ids[company.parent]
            assert company.id not in seen
            seen.add(company.id)


def test_a_surface_is_one_companys(registry: Registry) -> None:
    surfaces = [a.surface for a in registry.aliases]
    assert len(surfaces) == len(set(surfaces))
    assert all(a.company == NOBODY or 0 <= a.company < len(registry) for a in registry.aliases)


def test_former_names_end_in_a_year(registry: Registry) -> None:
    former = {a.surface: a.until for a in registry.aliases if registry.kind(a) == "former"}
    assert former["Statoil"] == 2018
    assert former["Facebook Inc"] == 2021


def test_similar_names(registry: Registry) -> None:
    assert "Alibaba" in registry.similar("Alibbaba")
    assert registry.similar("") == []
    assert registry.look_up("Alibbaba") == []
