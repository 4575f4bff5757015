"""How many articles a second are classified on one core: scan and signals, without cleaning, language and companies.

    python benchmarks/signals_speed.py ../shared/news/archive-100k.jsonl.gz [--every 5] [--runs 3]

Prints, by processor time (which does not suffer from what else the machine does): the first look alone; the first
look, then scan and full reading of what passes it (how the pipeline classifies); and a scan of all before that.
"""

import argparse
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

from pipeline import garbage
from pipeline.articles.clean import clean
from pipeline.articles.document import Document
from pipeline.scan import Scanner
from pipeline.signals import SignalReader


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--every", type=int, default=5, help="take every so manyth article")
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    garbage.seldom()  # as the program does
    pairs = []
    with gzip.open(chosen.archive, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % chosen.every == 0:
                row = json.loads(line)
                pairs.append((clean(row["title"] or "").replace("\n", " "), clean(row["text"] or "")))
    reader = SignalReader()
    scanner = Scanner(reader.vocabularies())

    def look(document: Document) -> bool:
        return reader.first_look(document) is None

    def classify(document: Document) -> bool:
        return bool(reader.read(document, scanner.scan).signals)

    def scan_all(document: Document) -> bool:
        hits = scanner.scan(document.full)
        return bool(reader.read(document, lambda _: hits).signals)

    steps: dict[str, Callable[[Document], bool]] = {
        "first look (yes: it passes)": look,
        "first look, scan and read what passes": classify,
        "scan all, first look, read what passes": scan_all,
    }
    for name, step in steps.items():
        best, found = 0.0, 0
        for _ in range(chosen.runs):
            start = time.process_time()
            found = sum(step(Document(title, text)) for title, text in pairs)
            best = max(best, len(pairs) / (time.process_time() - start))
        print(f"{name:40} {best:>9,.0f} articles/s, {found / len(pairs):.1%} yes")


if __name__ == "__main__":
    main()
