"""Items labelled for companies: the development set, and archive items whose labels are in ``companies_labels.tsv``.

The table holds facts only (item id, part, mention, company, ticker); the texts are read from outside the project.
"""

from dataclasses import dataclass
from pathlib import Path

from training.corpus import lines

LABELS = Path(__file__).parent / "companies_labels.tsv"


@dataclass(frozen=True)
class LabelledItem:
    """One news item and the companies that a reader found in it, as the guidelines label them."""

    id: str
    title: str
    text: str
    companies: tuple[dict[str, str], ...]


def dev_items(shared: Path) -> list[LabelledItem]:
    """The development set."""
    rows = lines(shared / "eval/dev.jsonl")
    return [LabelledItem(d["id"], d["title"], d["text"], tuple(d["companies"])) for d in rows]


def archive_items(shared: Path, part: str) -> list[LabelledItem]:
    """The labelled archive items of ``part``: "tune" was looked at while building, "held" is only scored."""
    labels: dict[str, list[dict[str, str]]] = {}
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", "id\t")):
            continue
        item, where, mention, name, ticker = (line.split("\t") + [""] * 5)[:5]
        if where == part:
            labels.setdefault(item, [])
            if mention:
                labels[item].append({"mention": mention, "name": name, "ticker": ticker})
    return [
        LabelledItem(d["id"], d["title"], d["text"], tuple(labels[d["id"]]))
        for d in lines(shared / "news/archive-100k.jsonl.gz")
        if d["id"] in labels
    ]
