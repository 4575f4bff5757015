"""Broken tables are refused with file, line and reason."""

from pathlib import Path

import pytest

from pipeline.companies import load
from pipeline.companies.tables import TableError, read_brands, read_companies, read_others

HEAD = "name\tticker\tcountry\tsector\tparent\taliases\n"
BRANDS = "company\tkind\tuntil\taliases\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "table.tsv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "empty"),
        ("name\tticker\nAcme\t\n", 1, "missing column country, sector, parent, aliases"),
        (HEAD + "\tNYSE:A\n", 2, "no name"),
        (HEAD + "Acme\n# note\n\nACME\n", 5, "stands already in line 2"),
        (HEAD + "Acme\tACME\n", 2, "not EXCHANGE:SYMBOL"),
        (HEAD + "Acme\t\tUSA\n", 2, "not an ISO 3166-1 alpha-2 code"),
        (HEAD + "Acme\t\t\t\t\tGlobex\nGlobex\n", 3, "belongs to 'Acme' in line 2"),
        (HEAD + "A Co\t\t\t\tB Co\nB Co\t\t\t\tA Co\n", 2, "cycle of parents: A Co -> B Co -> A Co"),
        (HEAD + "Acme\t\t\t\t\t~!\n", 2, "neither a letter nor a digit"),
        (HEAD + "Acme\t\t\t\t\t\tx\n", 2, "7 fields, but the header has 6"),
    ],
)
def test_a_broken_company_table(tmp_path: Path, text: str, line: int, reason: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TableError) as caught:
        read_companies(path)
    assert caught.value.line == line
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_bytes_that_are_no_utf8_and_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_bytes(HEAD.encode() + b"Acme\nGlob\xffex\n")
    with pytest.raises(TableError, match="not UTF-8") as caught:
        read_companies(path)
    assert caught.value.line == 3
    with pytest.raises(TableError, match="cannot be read"):
        read_companies(tmp_path / "none.tsv")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BRANDS + "\tbrand\t\tX Y\n", "no company"),
        (BRANDS + "Acme\tthing\t\tX Y\n", "kind 'thing' is none of"),
        (BRANDS + "Acme\tformer\tlast\tX Y\n", "not a year"),
        (BRANDS + "Acme\tbrand\t\t\n", "no aliases"),
        (BRANDS + "Acme\tbrand\t\tX Y\nGlobex\tbrand\t\tX Y\n", "belongs to 'Acme'"),
    ],
)
def test_a_broken_brand_table(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        read_brands(write(tmp_path, text))


def test_a_broken_table_of_other_names(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="kind 'firm' is none of"):
        read_others(write(tmp_path, "kind\tnames\nfirm\tAcme\n"))
    with pytest.raises(TableError, match="stands already in line 2"):
        read_others(write(tmp_path, "kind\tnames\nplace\tAcme\nperson\tAcme\n"))


def test_marks(tmp_path: Path) -> None:
    row = read_companies(write(tmp_path, HEAD + "Acme\t\t\t\t\t~Ac;@Acme Daily;Acme Works\n"))[0]
    assert [(a.surface, a.doubtful, a.publisher) for a in row.aliases] == [
        ("Ac", True, False),
        ("Acme Daily", True, True),
        ("Acme Works", False, False),
    ]


def test_a_users_own_table(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "Zorbex Widgets\tNYSE:ZBX\tUS\t\tAlibaba\tZorbex\nAlibaba\t\t\t\t\tBigali\n")
    registry = load(path)
    number = registry.look_up("zorbex")[0]
    assert registry.company(number).ticker == "NYSE:ZBX"
    assert registry.company(number).parent == "alibaba"
    assert registry.company(registry.look_up("Bigali")[0]).ticker == "NYSE:BABA"
    assert registry.version != load().version


def test_a_user_parent_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="in neither this file nor the registry"):
        load(write(tmp_path, HEAD + "Zorbex\t\t\t\tNobody At All\n"))
