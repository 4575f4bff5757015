"""The tables of the signals room hold together."""

import pytest

from pipeline.signals.vocabulary import alternatives, rows, terms
from schemas.terms import AuthorityKind, get_args

G20 = ("AR", "AU", "BR", "CA", "CN", "FR", "DE", "IN", "ID", "IT", "JP", "KR", "MX", "RU", "SA", "ZA", "TR", "GB", "US")
FIELDS_OF_ALL = ("competition", "financial", "data", "telecom", "drug", "aviation", "trade", "tax")
NOT_NATIONAL = {  # competences that the EU's members or other bodies hold
    ("EU", "telecom"), ("EU", "tax"), ("EU", "trade"), ("FR", "trade"), ("IT", "trade"), ("RU", "financial"),
    ("RU", "data"), ("RU", "drug"), ("CA", "financial"), ("TR", "drug"), ("TR", "aviation"), ("TR", "trade"),
    ("TR", "tax"), ("SA", "trade"), ("BR", "trade"), ("AR", "trade"), ("ID", "data"), ("AU", "trade"), ("US", "data"),
}  # fmt: skip


def test_every_authority_row_is_whole() -> None:
    kinds = set(get_args(AuthorityKind))
    for row in rows("authorities.tsv"):
        assert len(row) in (4, 5), row
        jurisdiction, kind, _field, name = row[:4]
        assert kind in kinds, row
        assert jurisdiction in ("INT", "EU") or (len(jurisdiction) == 2 and jurisdiction.isupper()), row
        assert name.strip() == name
        assert name


def test_every_holder_has_a_body() -> None:
    bodies = {(row[0], row[3]) for row in rows("authorities.tsv")}
    for row in rows("holders.tsv"):
        assert len(row) == 8, row
        jurisdiction, _kind, person, _names, office, body, since, until = row
        assert (jurisdiction, body) in bodies, row
        assert person
        assert office
        assert since.isdigit()
        assert until == "-" or int(until) >= int(since)


@pytest.mark.parametrize("jurisdiction", [*G20, "EU"])
def test_the_g20_have_their_central_banks_and_governments(jurisdiction: str) -> None:
    kinds = {row[1] for row in rows("authorities.tsv") if row[0] == jurisdiction}
    assert "central_bank" in kinds
    assert kinds & {"government", "supranational"}


@pytest.mark.parametrize("jurisdiction", [*G20, "EU"])
def test_the_g20_have_their_regulators(jurisdiction: str) -> None:
    fields = {row[2] for row in rows("authorities.tsv") if row[0] == jurisdiction}
    missing = {f for f in FIELDS_OF_ALL if f not in fields and (jurisdiction, f) not in NOT_NATIONAL}
    assert not missing


def test_places_are_whole() -> None:
    kinds = {"country", "demonym", "capital", "region", "city", "bloc", "cue"}
    for row in rows("places.tsv"):
        assert len(row) == 3, row
        assert row[1] in kinds


def test_alternatives_spell_out_endings() -> None:
    assert list(alternatives("lev(y|ies)|ban(s)? on")) == ["levy", "levies", "ban on", "bans on"]
    assert list(alternatives("open(s)? (an )?(probe|case)"))[:2] == ["open probe", "open case"]


def test_no_form_keeps_syntax() -> None:
    assert not [phrase for phrase in terms() if set(phrase) & set("()[]?|")]
