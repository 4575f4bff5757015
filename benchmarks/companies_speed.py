"""How fast companies are found, with and without the scan, and how long the registry takes to load.

    python benchmarks/companies_speed.py ../shared/news/archive-100k.jsonl.gz [--every 5]

One process, one thread; processor time, which does not suffer from what else the machine does. Reading and cleaning of
the archive are not counted. The signals' vocabulary is in the scan too, as it is in the pipeline; roles are not told.
"""

import argparse
import time
from pathlib import Path

from pipeline.articles.document import Document
from pipeline.companies import CompanyFinder, load
from pipeline.scan import Scanner
from pipeline.signals import SignalReader
from training.corpus import lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--every", type=int, default=5, help="take each n-th article")
    chosen = parser.parse_args()
    started = time.process_time()
    registry = load()
    print(f"registry: {len(registry):,} companies in {time.process_time() - started:.2f} s")
    finder = CompanyFinder()
    for name, vocabularies in (
        ("companies alone", finder.vocabularies()),
        ("with signals", {**SignalReader().vocabularies(), **finder.vocabularies()}),
    ):
        scanner = Scanner(vocabularies)
        rows = (row for i, row in enumerate(lines(chosen.archive)) if i % chosen.every == 0)
        documents = [Document(row["title"], row["text"]) for row in rows]
        texts = [document.full for document in documents]
        started = time.process_time()
        hits = [scanner.scan(text) for text in texts]
        scanned = time.process_time() - started
        started = time.process_time()
        found = sum(len(finder.find(d, h)) for d, h in zip(documents, hits, strict=True))
        finding = time.process_time() - started
        n = len(documents)
        print(
            f"{name}: {n:,} articles, {found:,} companies; scan {n / scanned:,.0f}/s, find {n / finding:,.0f}/s, "
            f"both {n / (scanned + finding):,.0f}/s"
        )


if __name__ == "__main__":
    main()
