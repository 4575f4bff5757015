"""Hand-kept tables and user files: read, checked, and refused with file, line and reason.

A table is tab-separated UTF-8 with a header line. Empty lines and lines that begin with ``#`` are skipped.

``companies.tsv`` (and a user's own file): one company a line.
    name     usual English name; a key, so it stands once
    ticker   EXCHANGE:SYMBOL of the main listing, or empty
    country  ISO 3166-1 alpha-2, or empty
    sector   GICS sector, or empty where a listing tells it
    parent   name of the owning company in the same table, or empty
    aliases  other names, separated by ";". A leading "~" marks a name that is also a word, a person, a place or an
             authority, and "@" the name of a news publisher: both count only with support from the text. The name
             itself is an alias too; where it stands among the aliases with a mark it needs support.
``brands.tsv``: brands, services, units, subsidiaries and former names.
    company  name in companies.tsv, or the name of a listed company
    kind     brand | service | unit | subsidiary | former
    until    for a former name: the year in which it ended; else empty
    aliases  as above
``others.tsv``: names that hold or look like a company's name and are none ("Reserve Bank of India", "South China Sea").
    kind     authority | index | place | person | product | organisation | phrase
    names    separated by ";"
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from pipeline.errors import PolicywireError

COMPANY_COLUMNS = ("name", "ticker", "country", "sector", "parent", "aliases")
BRAND_COLUMNS = ("company", "kind", "until", "aliases")
OTHER_COLUMNS = ("kind", "names")
DOUBT, PUBLISHER = "~", "@"
OTHER_KINDS = ("authority", "index", "place", "person", "product", "organisation", "phrase")

BrandKind: TypeAlias = Literal["brand", "service", "unit", "subsidiary", "former"]
AliasKind: TypeAlias = Literal[
    "name", "listed", "short", "brand", "service", "unit", "subsidiary", "former", "publisher", "user", "other"
]


class TableError(PolicywireError):
    """A table that cannot be used. The message names the file, the line and the reason."""

    def __init__(self, path: Path | str, line: int, reason: str) -> None:
        self.path, self.line, self.reason = str(path), line, reason
        super().__init__(f"{path}:{line}: {reason}")


@dataclass(frozen=True, slots=True)
class TableAlias:
    """A name as a table writes it. ``doubtful``: it needs support from the text; ``publisher``: of a news publisher."""

    surface: str
    doubtful: bool
    publisher: bool = False


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """A line of companies.tsv."""

    line: int
    name: str
    ticker: str
    country: str
    sector: str
    parent: str
    aliases: tuple[TableAlias, ...]


@dataclass(frozen=True, slots=True)
class BrandRow:
    """A line of brands.tsv."""

    line: int
    company: str
    kind: BrandKind
    until: int | None
    aliases: tuple[TableAlias, ...]


def _lines(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        bad = path.read_bytes()[: error.start].count(b"\n") + 1
        raise TableError(path, bad, f"not UTF-8 (byte {error.start}); save the file as UTF-8") from error
    except OSError as error:
        raise TableError(path, 1, f"cannot be read: {error.strerror or error}") from error
    header: list[str] | None = None
    for number, content in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = content.rstrip("\r")
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("\t")]
        if header is None:
            header = fields
            missing = [c for c in columns if c not in fields]
            if missing:
                raise TableError(
                    path, number, f"missing column {', '.join(missing)}; needed: {' '.join(columns)} (tabs)"
                )
            order = [fields.index(c) for c in columns]
            continue
        if len(fields) > len(header):
            raise TableError(path, number, f"{len(fields)} fields, but the header has {len(header)}")
        fields += [""] * (len(header) - len(fields))
        yield number, [fields[i] for i in order]
    if header is None:
        raise TableError(path, 1, f"empty; needs a header line: {' '.join(columns)} (separated by tabs)")


def _aliases(path: Path, line: int, field: str) -> tuple[TableAlias, ...]:
    found = []
    for part in field.split(";"):
        surface = part.strip()
        doubtful, publisher = surface.startswith(DOUBT), surface.startswith(PUBLISHER)
        surface = surface.removeprefix(DOUBT).removeprefix(PUBLISHER).strip()
        if not surface:
            continue
        if not any(c.isalnum() for c in surface):
            raise TableError(path, line, f"alias {surface!r} holds neither a letter nor a digit")
        found.append(TableAlias(surface, doubtful or publisher, publisher))
    return tuple(found)


def read_companies(path: Path) -> list[CompanyRow]:
    """The rows of a companies table; raises TableError for missing columns, empty or duplicate names, clashing
    aliases, bad tickers and cycles of parents."""
    rows: list[CompanyRow] = []
    names: dict[str, int] = {}
    owners: dict[str, tuple[str, int]] = {}
    for line, (name, ticker, country, sector, parent, aliases) in _lines(path, COMPANY_COLUMNS):
        if not name:
            raise TableError(path, line, "no name")
        if name.lower() in names:
            raise TableError(path, line, f"{name!r} stands already in line {names[name.lower()]}")
        names[name.lower()] = line
        if ticker and not (ticker.count(":") == 1 and all(ticker.split(":"))):
            raise TableError(path, line, f"ticker {ticker!r} is not EXCHANGE:SYMBOL")
        if country and not (len(country) == 2 and country.isalpha() and country.isupper()):
            raise TableError(path, line, f"country {country!r} is not an ISO 3166-1 alpha-2 code")
        row = CompanyRow(line, name, ticker, country, sector, parent, _aliases(path, line, aliases))
        for surface in {name, *(a.surface for a in row.aliases)}:
            owner, where = owners.setdefault(surface, (name, line))
            if owner != name:
                raise TableError(path, line, f"alias {surface!r} of {name!r} belongs to {owner!r} in line {where}")
        rows.append(row)
    _refuse_cycles(path, rows)
    return rows


def _refuse_cycles(path: Path, rows: list[CompanyRow]) -> None:
    parents = {row.name: row.parent for row in rows}
    for row in rows:
        seen = [row.name]
        while parent := parents.get(seen[-1], ""):
            if parent in seen:
                raise TableError(path, row.line, "cycle of parents: " + " -> ".join([*seen, parent]))
            seen.append(parent)


def read_brands(path: Path) -> list[BrandRow]:
    """The rows of a brands table; raises TableError as ``read_companies`` does."""
    rows: list[BrandRow] = []
    owners: dict[str, tuple[str, int]] = {}
    for line, (company, kind, until, aliases) in _lines(path, BRAND_COLUMNS):
        if not company:
            raise TableError(path, line, "no company")
        if kind not in get_args(BrandKind):
            raise TableError(path, line, f"kind {kind!r} is none of {', '.join(get_args(BrandKind))}")
        if until and not (until.isdigit() and len(until) == 4):
            raise TableError(path, line, f"until {until!r} is not a year")
        found = _aliases(path, line, aliases)
        if not found:
            raise TableError(path, line, "no aliases")
        for alias in found:
            owner, where = owners.setdefault(alias.surface, (company, line))
            if owner != company:
                raise TableError(
                    path, line, f"alias {alias.surface!r} of {company!r} belongs to {owner!r} in line {where}"
                )
        rows.append(BrandRow(line, company, kind, int(until) if until else None, found))  # type: ignore[arg-type]
    return rows


def read_others(path: Path) -> list[str]:
    """The names of others.tsv; raises TableError for an unknown kind or a line without names."""
    found: dict[str, int] = {}
    for line, (kind, names) in _lines(path, OTHER_COLUMNS):
        if kind not in OTHER_KINDS:
            raise TableError(path, line, f"kind {kind!r} is none of {', '.join(OTHER_KINDS)}")
        aliases = _aliases(path, line, names)
        if not aliases:
            raise TableError(path, line, "no names")
        for alias in aliases:
            if alias.surface in found:
                raise TableError(path, line, f"{alias.surface!r} stands already in line {found[alias.surface]}")
            found[alias.surface] = line
    return list(found)
