"""The registry: every company policywire knows, one entry each, and the names it goes by.

Built by ``training/companies_registry.py``; read here from the package's data in about a tenth of a second, plus a
user's own table. Nothing is fetched.
"""

import difflib
import gzip
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from pipeline.companies import names
from pipeline.companies.tables import AliasKind, CompanyRow, TableError, read_companies
from pipeline.errors import PolicywireError

FORMAT: Final = 2
DATA: Final = "data/registry.json.gz"
KINDS: Final[tuple[AliasKind, ...]] = (
    "name", "listed", "short", "brand", "service", "unit", "subsidiary", "former", "publisher", "user", "other",
)  # fmt: skip
PUBLISHER, USER, OTHER = KINDS.index("publisher"), KINDS.index("user"), KINDS.index("other")
# The company number of a name that is no company's ("Reserve Bank of India").
NOBODY: Final = -1

# How much support a name needs from the text.
PLAIN, DOUBTFUL, FORM_ONLY = 0, 1, 2
# How well known a company is: kept by hand, then by size of its listing.
HAND, LARGE, MID, SMALL, TINY = 0, 1, 2, 3, 4


class RegistryError(PolicywireError):
    """The registry's file is missing or broken."""


class Company(NamedTuple):
    """One company. ``listings`` are all its tickers as EXCHANGE:SYMBOL, the main one first."""

    id: str
    name: str
    ticker: str
    mic: str
    isin: str
    cik: str
    country: str
    sector: str
    parent: str
    listings: tuple[str, ...]
    tier: int


class Alias(NamedTuple):
    """A name of a company, or of NOBODY where it only looks like one.

    ``capitals``, ``lower``, ``cued`` and ``inside`` are how often the archive shows it capitalised, in lower case,
    capitalised beside a company word, and within a longer name (bit lengths of the counts); ``until`` is the year in
    which a former name ended, 0 where it is in use.
    """

    surface: str
    company: int
    kind: int
    doubt: int
    until: int
    capitals: int = 0
    lower: int = 0
    cued: int = 0
    inside: int = 0


class Registry:
    """Companies by number and id, and their aliases."""

    def __init__(self, version: str, rows: list[list[Any]], aliases: list[Alias]) -> None:
        self.version = version
        self._rows = rows
        self._companies: dict[int, Company] = {}
        self.aliases = aliases

    def __len__(self) -> int:
        return len(self._rows)

    def company(self, number: int) -> Company:
        """The company with this number (an alias's ``company``)."""
        found = self._companies.get(number)
        if found is None:
            row = self._rows[number]
            found = self._companies[number] = Company._make([*row[:9], tuple(row[9]), *row[10:]])
        return found

    def companies(self) -> Iterator[Company]:
        """All companies."""
        return (self.company(number) for number in range(len(self._rows)))

    def searched(self) -> Iterator[Alias]:
        """The names that a text is searched for: all but those that count only before a legal form."""
        return (alias for alias in self.aliases if alias.doubt != FORM_ONLY)

    @cached_property
    def by_surface(self) -> dict[str, Alias]:
        """Names of companies by their exact spelling."""
        return {alias.surface: alias for alias in reversed(self.aliases) if alias.company != NOBODY}

    @cached_property
    def by_id(self) -> dict[str, int]:
        """Numbers by id."""
        return {row[0]: number for number, row in enumerate(self._rows)}

    @cached_property
    def by_symbol(self) -> dict[str, int]:
        """Numbers by ticker, as EXCHANGE:SYMBOL and, where one company alone has it in the United States, as SYMBOL."""
        found: dict[str, int] = {}
        for number, row in enumerate(self._rows):
            for ticker in row[9]:
                found.setdefault(ticker, number)
                exchange, _, symbol = ticker.partition(":")
                if exchange in ("NASDAQ", "NYSE"):
                    found.setdefault(symbol, number)
        return found

    @cached_property
    def _by_name(self) -> dict[str, list[Alias]]:
        found: dict[str, list[Alias]] = defaultdict(list)
        for alias in self.aliases:
            if alias.company != NOBODY:
                found[names.key(alias.surface)].append(alias)
        return found

    @cached_property
    def _of_company(self) -> dict[int, list[Alias]]:
        found: dict[int, list[Alias]] = defaultdict(list)
        for alias in self.aliases:
            found[alias.company].append(alias)
        return found

    @staticmethod
    def kind(alias: Alias) -> AliasKind:
        """What kind of name an alias is."""
        return KINDS[alias.kind]

    @cached_property
    def _owned(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(self._rows):
            if row[8]:
                found[row[8]].append(number)
        return found

    def owned_by(self, number: int) -> list[int]:
        """Numbers of the companies whose parent is this one."""
        return self._owned.get(self._rows[number][0], [])

    def aliases_of(self, number: int) -> list[Alias]:
        """All names of one company."""
        return self._of_company.get(number, [])

    def look_up(self, name: str) -> list[int]:
        """Numbers of the companies that ``name`` may mean: an id, a ticker, or a name in any case; best known first."""
        found: list[int] = []
        upper = name.strip().upper()
        for number in (self.by_id.get(name.strip().lower()), self.by_symbol.get(upper)):
            if number is not None:
                found.append(number)
        for alias in sorted(self._by_name.get(names.key(name), ()), key=lambda a: self._rows[a.company][10]):
            found.append(alias.company)
        return sorted(dict.fromkeys(found), key=lambda number: self._rows[number][10])

    def similar(self, name: str, limit: int = 5) -> list[str]:
        """Names of the registry that are spelled or begin like ``name``: what a person may have meant."""
        wanted = names.key(name)
        if not wanted:
            return []
        initial = [k for k in self._by_name if k[:1] == wanted[0] and abs(len(k) - len(wanted)) < 6]
        near = difflib.get_close_matches(wanted, initial, limit, 0.75)
        near += [k for k in initial if k.startswith(wanted[:5])]
        best = [min(self._by_name[k], key=lambda a: self._rows[a.company][10]).surface for k in dict.fromkeys(near)]
        return list(dict.fromkeys(best))[:limit]

    def extended(self, path: Path) -> "Registry":
        """This registry with the companies and aliases of a user's table (columns of ``companies.tsv``) added.

        A row whose name or ticker the registry knows adds its aliases to that company; another row is a new company.
        A user's alias replaces the registry's own. Raises TableError with file, line and reason.
        """
        return _extend(self, path, read_companies(path))


def _extend(registry: Registry, path: Path, added: Iterable[CompanyRow]) -> Registry:
    rows = list(registry._rows)
    by_name = {row[1].lower(): number for number, row in reversed(list(enumerate(rows)))}
    numbers: dict[str, int] = {}
    surfaces: dict[str, Alias] = {}
    pending: list[tuple[CompanyRow, int]] = []
    for row in added:
        number = by_name.get(row.name.lower())
        if number is None and row.ticker:
            number = registry.by_symbol.get(row.ticker)
        if number is None:
            number = len(rows)
            identity = names.slug(row.name) or f"line-{row.line}"
            if identity in registry.by_id or any(rows[n][0] == identity for _, n in pending):
                identity += "-user"
            listings = [row.ticker] if row.ticker else []
            rows.append([identity, row.name, row.ticker, "", "", "", row.country, row.sector, "", listings, HAND])
        else:
            known = list(rows[number])
            known[2], known[6], known[7] = row.ticker or known[2], row.country or known[6], row.sector or known[7]
            if row.ticker and row.ticker not in known[9]:
                known[9] = [row.ticker, *known[9]]
            rows[number] = known
        numbers[row.name] = number
        pending.append((row, number))
        doubts = {a.surface: a.doubtful for a in row.aliases}
        for surface in dict.fromkeys([row.name, *doubts]):
            doubt = DOUBTFUL if doubts.get(surface, False) else PLAIN
            surfaces[surface] = Alias(surface, number, USER, doubt, 0)
    for row, number in pending:
        if row.parent:
            parent = numbers.get(row.parent, by_name.get(row.parent.lower()))
            if parent is None:
                raise TableError(path, row.line, f"parent {row.parent!r} is in neither this file nor the registry")
            rows[number] = [*rows[number][:8], rows[parent][0], *rows[number][9:]]
    kept = [a for a in registry.aliases if a.surface not in surfaces]
    return Registry(registry.version + "+user", rows, kept + list(surfaces.values()))


def load(user_file: Path | None = None) -> Registry:
    """The package's registry, with a user's own table on top where ``user_file`` is given.

    Raises RegistryError where the package's file is broken, TableError for a broken user file.
    """
    source = files("pipeline.companies").joinpath(DATA)
    try:
        content = orjson.loads(gzip.decompress(source.read_bytes()))
        if content["format"] != FORMAT:
            raise RegistryError(f"{DATA}: format {content['format']}, but this version reads {FORMAT}; rebuild it")
        rows = content["companies"]
        aliases = [Alias(*fields) for fields in content["aliases"]]
        registry = Registry(content["version"], rows, aliases)
    except (OSError, EOFError, zlib.error, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise RegistryError(
            f"{DATA}: broken or missing ({error}); build it with training/companies_registry.py"
        ) from error
    return registry.extended(user_file) if user_file is not None else registry
