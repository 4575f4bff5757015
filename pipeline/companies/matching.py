"""From the scan's hits to candidates: names as they stand in the text, exact about case, the longest winning."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from pipeline.companies.names import LEGAL_FORM_AFTER
from pipeline.companies.registry import NOBODY, Alias, Registry
from pipeline.scan import Hit

# As in "(NYSE: BABA)", "(Nasdaq:MSFT)" or "(LSE: BARC)".
_IN_BRACKETS = re.compile(
    r"\((?P<exchange>NYSE|NASDAQ|Nasdaq|LSE|HKEX|HKG|SEHK|TSX|TSE|TYO|ASX|NSE|BSE|ETR|XETRA|FRA|EPA|SSE|SZSE|OTC|OTCMKTS|AMEX)"
    r"\s?:\s?(?P<symbol>[A-Z0-9.&-]{1,10})\)"
)
# "$TSLA": not "$5bn", not "US$".
_CASHTAG = re.compile(r"(?<![\w$])\$(?P<symbol>[A-Z]{2,5})\b")
# Reuters instrument codes, AAPL.O or 0700.HK, found by their suffix and read backwards.
_RIC_SUFFIX = re.compile(r"\.(OQ|O|N|L|HK|T|SS|SZ|NS|BO|AX|DE|PA)(?![\w.])")
_RIC_SYMBOL = re.compile(r"(?<![\w.])(?:[A-Z]{2,5}|\d{4,6})$")
_EXCHANGES: Final = {
    "Nasdaq": "NASDAQ", "HKG": "HKEX", "SEHK": "HKEX", "TYO": "TSE", "ETR": "XETRA", "FRA": "XETRA",
    "OTCMKTS": "OTC", "AMEX": "NYSEAMERICAN", "O": "NASDAQ", "OQ": "NASDAQ", "N": "NYSE", "L": "LSE",
    "HK": "HKEX", "T": "TSE", "SS": "SSE", "SZ": "SZSE", "NS": "NSE", "BO": "BSE", "AX": "ASX", "DE": "XETRA",
    "PA": "EPA",
}  # fmt: skip


class Candidate(NamedTuple):
    """A name of a company in the text: ``text[start:end]``, extended over a legal form to ``full_end``."""

    start: int
    end: int
    full_end: int
    alias: Alias


def spelled_as(text: str, surface: str) -> bool:
    """Whether ``text`` writes the name ``surface`` as a name: exactly, or in another case that still is a name's.

    Short capitals ("GM", "BT") must stand exactly; longer names may be in capitals ("NVIDIA"), and a name that begins
    in lower case may begin a sentence ("Adidas").
    """
    if text == surface:
        return True
    first = text[0]
    if not (first.isupper() or first.isdigit()):
        return False
    if len(surface) <= 4 and surface.isupper():
        return False
    if text.isupper():
        return len(text) > 3 or " " in text
    words, wanted = text.split(), surface.split()
    if len(words) != len(wanted):
        return False
    return all(w[0].isupper() or not v[0].isupper() or not w[0].isalpha() for w, v in zip(words, wanted, strict=True))


def candidates(text: str, hits: Iterable[Hit]) -> list[Candidate]:
    """The longest names, none overlapping, in order. ``hits`` are the scan's, with an ``Alias`` as payload. A name that
    is no company's hides the shorter one within it: no "Bank of India" in "Reserve Bank of India"."""
    kept: dict[tuple[int, int], Alias] = {}
    for start, end, alias in hits:
        written = text[start:end]
        if written != alias.surface and not spelled_as(written, alias.surface):
            continue
        other = kept.get((start, end))
        # Two companies may share letters in different case ("NEXT", "Next"): the exact spelling, then the first.
        if other is None or (other.surface != written and alias.surface == written):
            kept[start, end] = alias
    found: list[Candidate] = []
    last = -1
    for (start, end), alias in sorted(kept.items(), key=_longest_first):
        if start < last:
            continue
        last = end
        if alias.company == NOBODY:
            continue
        form = LEGAL_FORM_AFTER.match(text, end, end + 40)
        found.append(Candidate(start, end, form.end() if form else end, alias))
    return found


def _longest_first(item: tuple[tuple[int, int], Alias]) -> tuple[int, int]:
    (start, end), _ = item
    return start, -end


def tickers(text: str, registry: Registry) -> list[tuple[int, int, int]]:
    """(start, end, company) of every ticker notation whose company the registry knows."""
    found: list[tuple[int, int, int]] = []
    if "$" in text:
        for m in _CASHTAG.finditer(text):
            number = registry.by_symbol.get(m["symbol"])
            if number is not None:
                found.append((m.start(), m.end(), number))
    if ":" in text and "(" in text:
        for m in _IN_BRACKETS.finditer(text):
            number = registry.by_symbol.get(f"{_EXCHANGES.get(m['exchange'], m['exchange'])}:{m['symbol']}")
            if number is not None:
                found.append((m.start("symbol"), m.end("symbol"), number))
    for m in _RIC_SUFFIX.finditer(text):
        if symbol := _RIC_SYMBOL.search(text, max(0, m.start() - 7), m.start()):
            number = registry.by_symbol.get(f"{_EXCHANGES[m[1]]}:{symbol.group()}")
            if number is not None:
                found.append((symbol.start(), m.end(), number))
    return found
