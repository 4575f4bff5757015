"""Learns which words stand beside companies: counts in the archive how often each word stands right before or after an
unmistakable company name, and how often beside any other capitalised word.

The tables of ``context_tables`` are log odds; ``training/companies_decision.py`` writes them with the decision.
"""

import math
import re
from collections import Counter
from pathlib import Path

from pipeline.articles.document import Document
from pipeline.companies.context import around
from pipeline.companies.matching import candidates
from pipeline.companies.registry import HAND, KINDS, LARGE, PLAIN, Registry
from pipeline.scan import Scanner
from training.corpus import lines

# Names of services stand where people post ("on Twitter"), publishers where they report: neither shows how companies act.
_TAUGHT = frozenset(KINDS.index(k) for k in ("name", "listed", "subsidiary", "former"))
_CAPITAL = re.compile(r"(?<![\w’'])[A-Z][\w&’'-]*")
_SMOOTH, _LEAST_WORD, _LEAST_PAIR, _MOST, _FROM_ONE = 5.0, 8, 12, 3.0, 12
Tables = dict[str, dict[str, float]]


def context_tables(archive: Path, registry: Registry, scanner: Scanner, kind: str) -> Tables:
    """Log odds of a company against another capitalised word, by the word(s) "before", "after", "before2", "after2"."""
    with_company = {name: Counter[str]() for name in ("before", "after", "before2", "after2")}
    with_other = {name: Counter[str]() for name in with_company}

    told: Counter[tuple[int, str, str]] = Counter()

    def count(into: dict[str, Counter[str]], text: str, start: int, end: int, company: int = -1) -> None:
        seen = around(text, start, end)
        after = "'s " + seen.after if seen.possessive else seen.after
        for table, word in (
            ("before", seen.before),
            ("after", after),
            ("before2", seen.before2 + " " + seen.before),
            ("after2", after + " " + seen.after2),
        ):
            # A word that stands beside one company only ("Samsung Galaxy") shows that company, not companies.
            told[company, table, word] += 1
            if company < 0 or told[company, table, word] <= _FROM_ONE:
                into[table][word] += 1

    for row in lines(archive):
        text = Document(row["title"], row["text"]).full
        found = candidates(text, scanner.scan(text).get(kind, ()))
        taken = [(c.start, c.end) for c in found]
        for c in found:
            alias = c.alias
            sure = alias.doubt == PLAIN and alias.kind in _TAUGHT and alias.lower <= max(0, alias.capitals - 3)
            if sure and registry.company(alias.company).tier in (HAND, LARGE):
                count(with_company, text, c.start, c.end, alias.company)
        at = 0
        for match in _CAPITAL.finditer(text):
            start, end = match.start(), match.end()
            if text[end - 2 : end] in ("'s", "’s"):
                end -= 2
            while at < len(taken) and taken[at][1] <= start:
                at += 1
            if at == len(taken) or end <= taken[at][0]:
                count(with_other, text, start, end)
    tables: Tables = {}
    for name, company in with_company.items():
        other = with_other[name]
        least = _LEAST_PAIR if name.endswith("2") else _LEAST_WORD
        n, m = sum(company.values()), sum(other.values())
        tables[name] = {}
        for word in sorted(set(company) | set(other)):
            if company[word] + other[word] / 10 < least:
                continue
            prior_company, prior_other = _SMOOTH, _SMOOTH * m / n
            odds = math.log((company[word] + prior_company) / (other[word] + prior_other)) + math.log(m / n)
            if abs(odds) >= 0.2:
                tables[name][word] = round(max(-_MOST, min(_MOST, odds)), 2)
    return tables
