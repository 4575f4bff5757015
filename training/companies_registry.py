"""Builds the company registry from the public listings and the hand-kept tables.

    python training/companies_registry.py [--companies ../shared/companies] [--archive ../shared/news/archive-100k.jsonl.gz]

Reads us_listed.csv (SEC), listings.csv.gz (FinanceDatabase) and pipeline/companies/tables/*.tsv; counts in the archive
how each name is written; writes pipeline/companies/data/registry.json.gz. The same input gives the same bytes.
"""

import argparse
import csv
import gzip
import hashlib
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import orjson

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.companies import names  # noqa: E402
from pipeline.companies.registry import (  # noqa: E402
    DATA,
    DOUBTFUL,
    FORM_ONLY,
    FORMAT,
    HAND,
    KINDS,
    LARGE,
    MID,
    NOBODY,
    PLAIN,
    SMALL,
    TINY,
)  # fmt: skip
from pipeline.companies.tables import (  # noqa: E402
    BrandRow,
    CompanyRow,
    TableAlias,
    TableError,
    read_brands,
    read_companies,
    read_others,
)  # fmt: skip
from pipeline.scan import Scanner, fold  # noqa: E402
from pipeline.signals.vocabulary import rows as signal_rows  # noqa: E402

TABLES = ROOT / "pipeline/companies/tables"

EXCHANGES = {
    "XLON": "LSE", "XJPX": "TSE", "XHKG": "HKEX", "XSHG": "SSE", "XSHE": "SZSE", "XNSE": "NSE", "XBOM": "BSE",
    "XASX": "ASX", "XTSE": "TSX", "XTSX": "TSXV", "XETR": "XETRA", "XPAR": "EPA", "XAMS": "AMS", "XBRU": "EBR",
    "XMIL": "BIT", "XMAD": "BME", "XSTO": "STO", "XHEL": "HEL", "XCSE": "CPH", "XOSL": "OSE", "XSWX": "SWX",
    "XKRX": "KRX", "XKOS": "KOSDAQ", "XTAI": "TWSE", "ROCO": "TPEX", "XSES": "SGX", "BVMF": "B3",
    "XSAU": "TADAWUL", "XJSE": "JSE", "XIDX": "IDX", "XKLS": "KLSE", "XBKK": "SET", "XTAE": "TASE",
    "MISX": "MOEX", "XIST": "BIST", "DSMD": "QSE", "XCAI": "EGX", "ASEX": "ATHEX", "XNZE": "NZX", "XLIS": "ELI",
    "XDUB": "EURONEXT", "XNAS": "NASDAQ", "XASE": "NYSEAMERICAN", "ARCX": "NYSEARCA", "XCNQ": "CSE",
    "NEOE": "NEO", "AQXE": "AQSE", "XPRA": "PSE", "XBUD": "BUD", "XICE": "ICE", "XTAL": "TAL", "XRIS": "RIS",
    "XLIT": "VSE", "XCOL": "CSELK", "BVCA": "BVC", "OTCM": "OTC", "BATS": "CBOE", "XSAP": "SSEJP",
    "XFKA": "FSE",
}  # fmt: skip
MICS = {**{exchange: mic for mic, exchange in reversed(EXCHANGES.items())}, "NASDAQ": "XNAS", "NYSE": "XNYS"}
SUFFIXES = {
    ".AX": "XASX", ".L": "XLON", ".T": "XJPX", ".HK": "XHKG", ".SS": "XSHG", ".SZ": "XSHE", ".NS": "XNSE",
    ".BO": "XBOM", ".TO": "XTSE", ".V": "XTSX", ".DE": "XETR", ".PA": "XPAR", ".MI": "XMIL", ".AS": "XAMS",
    ".KS": "XKRX", ".KQ": "XKOS", ".TW": "XTAI", ".SI": "XSES", ".SA": "BVMF", ".ST": "XSTO",
}  # fmt: skip
COUNTRIES = {
    "India": "IN", "China": "CN", "United States": "US", "Japan": "JP", "Canada": "CA", "Australia": "AU",
    "South Korea": "KR", "Taiwan": "TW", "United Kingdom": "GB", "Thailand": "TH", "France": "FR",
    "Hong Kong": "HK", "Sweden": "SE", "Germany": "DE", "Brazil": "BR", "Indonesia": "ID", "Israel": "IL",
    "Singapore": "SG", "Italy": "IT", "Norway": "NO", "Turkey": "TR", "Switzerland": "CH", "Denmark": "DK",
    "South Africa": "ZA", "Finland": "FI", "Spain": "ES", "Netherlands": "NL", "Russia": "RU", "Egypt": "EG",
    "Belgium": "BE", "New Zealand": "NZ", "Ireland": "IE", "Greece": "GR", "Saudi Arabia": "SA",
    "Malaysia": "MY", "Bermuda": "BM", "Luxembourg": "LU", "Cayman Islands": "KY", "Austria": "AT",
    "Portugal": "PT", "Qatar": "QA", "Jersey": "JE", "Guernsey": "GG", "Poland": "PL",
    "British Virgin Islands": "VG", "Iceland": "IS", "Cyprus": "CY", "Lithuania": "LT", "Estonia": "EE",
    "Czech Republic": "CZ", "Hungary": "HU", "Isle of Man": "IM", "Malta": "MT", "Latvia": "LV",
    "Vietnam": "VN", "Mexico": "MX", "Kenya": "KE", "United Arab Emirates": "AE", "Monaco": "MC",
    "Mauritius": "MU", "Macau": "MO", "Chile": "CL", "Argentina": "AR", "Papua New Guinea": "PG",
    "Mongolia": "MN", "Colombia": "CO", "Gibraltar": "GI", "Romania": "RO", "Peru": "PE", "Liechtenstein": "LI",
    "Kazakhstan": "KZ", "Nigeria": "NG", "Ukraine": "UA", "Philippines": "PH", "Panama": "PA", "Morocco": "MA",
    "Georgia": "GE", "Jordan": "JO", "Zambia": "ZM", "Myanmar": "MM", "Gabon": "GA", "Barbados": "BB",
}  # fmt: skip
HOME = {
    "GB": ("LSE",), "JP": ("TSE",), "CN": ("NASDAQ", "NYSE", "HKEX", "SSE", "SZSE"), "HK": ("HKEX",),
    "IN": ("NSE", "BSE"), "AU": ("ASX",), "CA": ("TSX", "TSXV"), "DE": ("XETRA",), "FR": ("EPA",),
    "NL": ("AMS",), "BE": ("EBR",), "IT": ("BIT",), "ES": ("BME",), "SE": ("STO",), "FI": ("HEL",),
    "DK": ("CPH",), "NO": ("OSE",), "CH": ("SWX",), "KR": ("KRX", "KOSDAQ"), "TW": ("TWSE", "TPEX"),
    "SG": ("SGX",), "BR": ("B3",), "SA": ("TADAWUL",), "ZA": ("JSE",), "ID": ("IDX",), "MY": ("KLSE",),
    "TH": ("SET",), "IL": ("TASE",), "RU": ("MOEX",), "TR": ("BIST",),
    "US": ("NASDAQ", "NYSE", "NYSEAMERICAN", "CBOE"),
}  # fmt: skip
# Not companies: funds, notes, warrants and preferred lines.
NOT_A_COMPANY = re.compile(
    r"\b(?:ETF|ETN|ETC|ETP|UCITS|Index|Ishares|iShares|SPDR|Xtrackers|Lyxor|Amundi|WisdomTree|Invesco|ProShares|VanEck|Portfolio"
    r"|Fund|Funds|Certificates?|Warrants?|Rights|Notes?|Debentures?|Bonds?|Municipal|FII|Fundo|Preference|Cumulative|Perpetual"
    r"|Leveraged|Short|Kl|KL|Trust (?:Series|Preferred)|Income Trust|Floating|Tracker|Daily|Bull|Bear)\b|%",
)
SIZES = {"Mega Cap": LARGE, "Large Cap": LARGE, "Mid Cap": MID, "Small Cap": SMALL}
US_LARGE, US_MID = 1100, 3200
COMMON = frozenset(
    {"us", "uk", "eu", "un", "the", "it", "ai", "china", "india", "nasdaq", "bitcoin", "gold", "news", "fed", "opec"}
)
CUE = re.compile(
    r"^\W{0,2}(?:'s|’s)?\s?(?:shares?|stock|CEO|chief executive|Inc|Corp|Ltd|plc|PLC|employees|workers|customers|announced)\b"
)
CUE_BEFORE = re.compile(
    r"(?:company|firm|giant|maker|startup|start-up|retailer|shares of|CEO of|bank|platform|carmaker|airline|app)\s$"
)
# A capitalised word right before, in running text: not the first of a sentence.
NAME_BEFORE = re.compile(r"[a-z,] (?:[A-Z][\w.'’-]*[ -])+$")


@dataclass
class Entry:
    """A company while the registry is built."""

    name: str
    ticker: str = ""
    isin: str = ""
    cik: str = ""
    country: str = ""
    sector: str = ""
    parent: str = ""
    tier: int = TINY
    listings: list[tuple[str, str]] = field(default_factory=list)  # (EXCHANGE:SYMBOL, MIC), live ones
    dead: bool = False
    registered: list[str] = field(default_factory=list)


def symbol_of(raw: str, mic: str) -> str:
    symbol = raw.rpartition(".")[0] if re.search(r"\.[A-Z]{1,2}$", raw) and mic not in ("XNAS", "XASE") else raw
    return symbol.replace("/", ".")


def loose(ticker: str) -> str:
    exchange, _, symbol = ticker.partition(":")
    return exchange + ":" + re.sub(r"\W", "", symbol).lstrip("0")


def read_us(path: Path) -> list[Entry]:
    by_cik: dict[str, Entry] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for rank, row in enumerate(csv.DictReader(file)):
            if NOT_A_COMPANY.search(row["name"]):
                continue
            entry = by_cik.get(row["cik"])
            exchange = {"Nasdaq": "NASDAQ", "": ""}.get(row["exchange"], row["exchange"])
            if entry is None:
                tier = LARGE if rank < US_LARGE else MID if rank < US_MID else SMALL
                if exchange in ("OTC", "") and tier > LARGE:
                    tier = TINY
                name = names.title_case(names.strip_legal_form(row["name"]))
                entry = by_cik[row["cik"]] = Entry(name, cik=row["cik"], tier=tier, registered=[row["name"]])
            if exchange:
                entry.listings.append(
                    (f"{exchange}:{row['ticker']}", {"NASDAQ": "XNAS", "NYSE": "XNYS"}.get(exchange, ""))
                )
    return list(by_cik.values())


def read_listings(path: Path) -> list[Entry]:
    groups: dict[tuple[str, str], Entry] = {}
    by_isin: dict[str, Entry] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["name"] or NOT_A_COMPANY.search(row["name"]) or (not row["sector"] and not row["market_cap"]):
                continue
            mic = row["mic"] or next((m for s, m in SUFFIXES.items() if row["symbol"].endswith(s)), "")
            short = names.title_case(names.strip_legal_form(row["name"]))
            country = COUNTRIES.get(row["country"], "")
            group = (names.key(row["name"]), country)
            entry = by_isin.get(row["isin"]) if row["isin"] else None
            entry = entry or groups.get(group)
            if entry is None:
                entry = groups[group] = Entry(short, country=country)
            entry.registered.append(row["name"])
            entry.sector = entry.sector or row["sector"]
            entry.tier = min(entry.tier, SIZES.get(row["market_cap"], TINY))
            if row["isin"]:
                by_isin.setdefault(row["isin"], entry)
                entry.isin = entry.isin or row["isin"]
            exchange = EXCHANGES.get(mic, "")
            if row["delisted"] == "True":
                entry.dead = True
            elif exchange:
                entry.listings.append((f"{exchange}:{symbol_of(row['symbol'], mic)}", mic))
    return list(groups.values())


def merge(hand: list[CompanyRow], us: list[Entry], elsewhere: list[Entry]) -> tuple[list[Entry], dict[str, Entry]]:
    """One entry a company: the hand-kept rows take the listings that are theirs, American and home listings join."""
    entries: list[Entry] = []
    by_name: dict[str, Entry] = {}
    owner_by_ticker: dict[str, Entry] = {}
    owner_by_key: dict[str, Entry] = {}
    for row in hand:
        entry = Entry(row.name, row.ticker, country=row.country, sector=row.sector, parent=row.parent, tier=HAND)
        entries.append(entry)
        by_name[row.name] = entry
        if row.ticker:
            owner_by_ticker.setdefault(loose(row.ticker), entry)
        for surface in [row.name, *(a.surface for a in row.aliases if not a.doubtful)]:
            owner_by_key.setdefault(names.key(surface), entry)
    loose_entries: dict[str, list[Entry]] = defaultdict(list)
    for other in us + elsewhere:
        owner = next(
            (owner_by_ticker[t] for t, _ in map(lambda x: (loose(x[0]), x), other.listings) if t in owner_by_ticker),
            None,
        )
        if owner is None:
            for registered in other.registered:
                found = owner_by_key.get(names.key(registered))
                same_country = found is not None and (
                    not other.country or not found.country or other.country == found.country
                )
                if found is not None and (same_country or other.tier == LARGE):
                    owner = found
                    break
        if owner is None:
            k = names.key(other.registered[0])
            for candidate in loose_entries[k]:
                countries = {candidate.country, other.country} - {""}
                if len(countries) < 2 and (
                    " " in k or candidate.tier == other.tier or max(candidate.tier, other.tier) <= MID
                ):
                    owner = candidate
                    break
        if owner is None:
            loose_entries[k].append(other)
            entries.append(other)
            continue
        owner.listings += other.listings
        owner.dead |= other.dead
        owner.isin, owner.cik = owner.isin or other.isin, owner.cik or other.cik
        owner.sector, owner.country = owner.sector or other.sector, owner.country or other.country
        owner.registered += other.registered
        owner.tier = min(owner.tier, other.tier)
    return entries, by_name


def main_listing(entry: Entry) -> tuple[str, str]:
    """The main ticker and its MIC: the hand-kept one, else the home exchange's, else the first."""
    live = list(dict.fromkeys(entry.listings))
    if entry.ticker:
        mic = next((m for t, m in live if loose(t) == loose(entry.ticker)), "")
        return entry.ticker, mic or MICS.get(entry.ticker.partition(":")[0], "")
    if entry.tier == HAND:
        return "", ""
    for exchange in HOME.get(entry.country, ()):
        for ticker, mic in live:
            if ticker.startswith(exchange + ":"):
                return ticker, mic
    return live[0] if live else ("", "")


def collect_aliases(
    hand: list[CompanyRow],
    brands: list[BrandRow],
    entries: list[Entry],
    number: dict[int, int],
    by_name: dict[str, Entry],
    listed: dict[str, Entry],
    others: list[str],
) -> list[list[object]]:
    """[surface, company, kind, doubt, until] for every name; hand-kept names first, then by size of the company."""
    taken: dict[str, int] = {}
    exact: set[str] = set()
    found: list[list[object]] = []

    def add(surface: str, company: int, kind: str, doubt: int, until: int = 0) -> None:
        taken.setdefault(names.plain(surface).lower(), company)
        if surface not in exact:
            exact.add(surface)
            found.append([surface, company, KINDS.index(kind), doubt, until])

    def accentless(surface: str) -> list[str]:
        return [surface] if names.plain(surface) == surface else [surface, names.plain(surface)]

    def doubt_of(alias: TableAlias) -> int:
        return DOUBTFUL if alias.doubtful else PLAIN

    for row in hand:
        own = {a.surface: a for a in row.aliases}
        for surface in dict.fromkeys([row.name, *own]):
            alias = own.get(surface, TableAlias(surface, False))
            for variant in accentless(surface):
                kind = "publisher" if alias.publisher else "name"
                add(variant, number[id(by_name[row.name])], kind, doubt_of(alias))
    for brand in brands:
        owner = by_name.get(brand.company) or listed.get(brand.company.lower())
        if owner is None:
            raise TableError(
                TABLES / "brands.tsv", brand.line, f"company {brand.company!r} is in no table and no listing"
            )
        for alias in brand.aliases:
            clash = taken.get(names.plain(alias.surface).lower())
            if clash is not None and clash != number[id(owner)] and alias.surface in exact:
                raise TableError(
                    TABLES / "brands.tsv", brand.line, f"alias {alias.surface!r} belongs to another company"
                )
            for variant in accentless(alias.surface):
                kind = "publisher" if alias.publisher else brand.kind
                add(variant, number[id(owner)], kind, doubt_of(alias), brand.until or 0)
    for surface in others:
        for variant in accentless(surface):
            add(variant, NOBODY, "other", PLAIN)
    shorts: list[tuple[str, int, int]] = []
    for entry in sorted(entries, key=lambda e: e.tier):
        surfaces: dict[str, bool] = {}
        for registered in [entry.name, *entry.registered] if entry.tier > HAND else entry.registered:
            name = names.title_case(names.strip_legal_form(registered))
            surfaces[name] = False
            if entry.tier <= MID:
                surfaces.setdefault(names.strip_group(name), False)
            short = names.strip_descriptor(names.strip_group(name))
            if short != name and entry.tier > HAND:
                shorts.append((short, number[id(entry)], entry.tier))
        for surface in surfaces:
            if not nameable(surface):
                continue
            single = len(surface.split()) == 1 and "-" not in surface and "." not in surface
            doubt = PLAIN
            if single:
                doubt = DOUBTFUL if entry.tier <= MID and len(surface) > 3 else FORM_ONLY
            elif entry.tier > MID and len(surface.split()) == 2:
                doubt = DOUBTFUL
            for variant in accentless(surface):
                if names.plain(variant).lower() not in taken:
                    add(variant, number[id(entry)], "listed", doubt)
    for surface, company, tier in shorts:
        if nameable(surface) and len(surface) > 3 and names.plain(surface).lower() not in taken:
            add(surface, company, "short", DOUBTFUL if tier <= MID else FORM_ONLY)
    return found


def nameable(surface: str) -> bool:
    return 3 <= len(surface) <= 60 and not surface.isdigit() and surface.lower() not in COMMON


def authorities_that_look_like_companies(surfaces: set[str]) -> list[str]:
    """Names of authorities, places and office holders in which a company's name stands ("People's Bank of China")."""
    found = []
    for table, columns in (("authorities.tsv", (3, 4)), ("places.tsv", (2,)), ("holders.tsv", (2, 3))):
        for row in signal_rows(table):
            for column in columns:
                for name in row[column].split("|") if len(row) > column else ():
                    words = fold(name).split()
                    parts = {" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)}
                    if name[:1].isupper() and len(words) > 1 and parts & surfaces:
                        found.append(name)
    return sorted(set(found))


def count_in_archive(path: Path, aliases: list[list[object]]) -> list[tuple[int, int, int, int]]:
    """For each alias: how often the archive shows it capitalised, in lower case, capitalised beside a company word,
    and within a longer capitalised name of running text."""
    scanner = Scanner({"company": ((str(a[0]), i) for i, a in enumerate(aliases))})
    capitals, lower, cued, inside = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            article = orjson.loads(line)
            text = article["title"] + "\n\n" + article["text"]
            body = len(article["title"]) + 2
            for start, end, index in scanner.scan(text).get("company", ()):
                word = text[start:end]
                if word == word.lower() and aliases[index][0] != word:
                    lower[index] += 1
                    continue
                capitals[index] += 1
                if CUE.match(text[end : end + 24]) or CUE_BEFORE.search(text[max(0, start - 20) : start]):
                    cued[index] += 1
                if start >= body and (
                    (text[start - 1] in " -" and NAME_BEFORE.search(text[max(body, start - 24) : start]))
                    or (text[end : end + 1] in (" ", "-") and text[end + 1 : end + 2].isupper())
                ):
                    inside[index] += 1
    counts = (capitals, lower, cued, inside)
    return [(a, b, c, d) for a, b, c, d in ([n[i].bit_length() for n in counts] for i in range(len(aliases)))]


def build(companies: Path, archive: Path, tables: Path = TABLES) -> bytes:
    """The registry's bytes, gzip-compressed JSON."""
    hand = read_companies(tables / "companies.tsv")
    brands = read_brands(tables / "brands.tsv")
    entries, by_name = merge(hand, read_us(companies / "us_listed.csv"), read_listings(companies / "listings.csv.gz"))
    number = {id(entry): i for i, entry in enumerate(entries)}
    listed: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda e: e.tier):
        listed.setdefault(entry.name.lower(), entry)
        listed.setdefault(names.strip_group(entry.name).lower(), entry)
    others = read_others(tables / "others.tsv")
    known = {
        fold(s)
        for s in (*by_name, *(a.surface for row in (*hand, *brands) for a in row.aliases), *(e.name for e in entries))
    }
    others += [name for name in authorities_that_look_like_companies(known) if name not in others]
    aliases = collect_aliases(hand, brands, entries, number, by_name, listed, others)
    rows: list[list[object]] = []
    ids: Counter[str] = Counter()
    ids_of: list[str] = []
    for entry in entries:
        identity = names.slug(entry.name) or names.slug(entry.listings[0][0] if entry.listings else "company")
        ids[identity] += 1
        ids_of.append(identity if ids[identity] == 1 else f"{identity}-{ids[identity]}")
    for entry, identity in zip(entries, ids_of, strict=True):
        parent = ""
        if entry.parent:
            owner = by_name.get(entry.parent) or listed.get(entry.parent.lower())
            if owner is None:
                line = next(row.line for row in hand if row.name == entry.name)
                raise TableError(
                    tables / "companies.tsv", line, f"parent {entry.parent!r} is in no table and no listing"
                )
            parent = ids_of[number[id(owner)]]
        ticker, mic = main_listing(entry)
        listings = list(dict.fromkeys(([ticker] if ticker else []) + [t for t, _ in entry.listings]))[:8]
        rows.append(
            [
                identity,
                entry.name,
                ticker,
                mic,
                entry.isin,
                entry.cik,
                entry.country,
                entry.sector,
                parent,
                listings,
                entry.tier,
            ]
        )
    counts = count_in_archive(archive, aliases)
    for alias, (capitals, lower, *_) in zip(aliases, counts, strict=True):
        # A hand-kept name that the archive writes in lower case about as often is also a word.
        if alias[3] == PLAIN and alias[1] != NOBODY and " " not in str(alias[0]) and lower >= max(3, capitals - 1):
            alias[3] = DOUBTFUL
    content = {"companies": rows, "aliases": [[*a, *c] for a, c in zip(aliases, counts, strict=True)]}
    version = hashlib.sha256(orjson.dumps(content)).hexdigest()[:12]
    return gzip.compress(orjson.dumps({"format": FORMAT, "version": version, **content}), 9, mtime=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=Path, default=ROOT.parent / "shared/companies")
    parser.add_argument("--archive", type=Path, default=ROOT.parent / "shared/news/archive-100k.jsonl.gz")
    parser.add_argument("--out", type=Path, default=ROOT / "pipeline/companies" / DATA)
    options = parser.parse_args()
    content = build(options.companies, options.archive)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(content)
    print(f"{options.out.name}: {len(content):,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
