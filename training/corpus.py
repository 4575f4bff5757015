"""Labelled items: the labels of the project, joined to texts that stay outside it."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.signals.decision import STAGES
from schemas.terms import DIRECTIONS, INSTRUMENTS

LABELS = Path(__file__).parent / "labels"
WRITTEN = Path(__file__).parent / "written"
# What is labelled of a signal beside its jurisdiction.
HEADS: dict[str, tuple[str, ...]] = {"direction": DIRECTIONS, "instrument": INSTRUMENTS, "stage": STAGES}


@dataclass(frozen=True)
class Item:
    """One news item with its labels; ``origin`` is ``dev``, ``archive``, ``doubtful``, ``written`` or ``taught``."""

    id: str
    title: str
    text: str
    source: str
    signal: bool
    direction: str
    instrument: str
    stage: str
    jurisdiction: str
    origin: str
    said: tuple[float, ...] = ()
    """What the teacher says of an item without labels: the probability of a signal, then a share for each direction,
    instrument and stage; empty for a labelled item."""


def key(title: str) -> str:
    """What two items with the same news share: the title's words, shortened."""
    return re.sub(r"\W+", " ", title.lower()).strip()[:70]


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file, compressed or not."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def dev(shared: Path) -> list[Item]:
    """The labelled development set."""
    fields = ("id", "title", "text", "source", "signal", "direction", "instrument", "stage", "jurisdiction")
    return [Item(**{f: d[f] for f in fields}, origin="dev") for d in lines(shared / "eval" / "dev.jsonl")]


def archive(shared: Path, without: list[Item]) -> list[Item]:
    """The labelled items of the archive, but for those that tell the same as an item of ``without``.

    Those of ``doubtful.tsv`` count for the labels of signals only. Whether they are signals is taken from the teacher: by
    cross-validation its shares serve better there (F1 0.845 on the development set) than the labels (0.830)."""
    labels: dict[str, tuple[str, list[str]]] = {}
    for path in sorted(LABELS.glob("*.tsv")):
        origin = "doubtful" if path.stem == "doubtful" else "archive"
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                item, *rest = line.split("\t")
                labels[item] = (origin, rest)
    known = {key(item.title) for item in without}
    found = []
    for row in lines(shared / "news" / "archive-100k.jsonl.gz"):
        if row["id"] not in labels or key(row["title"]) in known:
            continue
        origin, (signal, *rest) = labels[row["id"]]
        found.append(
            Item(row["id"], row["title"] or "", row["text"] or "", row["source"], signal == "1", *rest, origin=origin)
        )
    return found


def written() -> list[Item]:
    """News written for training, with its labels: much of it in sets that share words and differ in direction. Columns:
    signal, direction, instrument, stage, jurisdiction, title, text."""
    found = []
    for path in sorted(WRITTEN.glob("*.tsv")):
        rows = [row for row in path.read_text(encoding="utf-8").splitlines() if row and not row.startswith("#")]
        for number, line in enumerate(rows):
            signal, direction, instrument, stage, jurisdiction, title, text = line.split("\t")
            labels = (signal == "1", direction, instrument, stage, jurisdiction)
            found.append(Item(f"{path.stem}-{number}", title, text, "", *labels, "written"))
    return found


def unlabelled(shared: Path) -> Iterator[Item]:
    """The items of the archive, labelled or not, without labels."""
    for row in lines(shared / "news" / "archive-100k.jsonl.gz"):
        yield Item(row["id"], row["title"] or "", row["text"] or "", row["source"], False, "", "", "", "", "archive")


def taught(shared: Path, without: list[Item]) -> list[Item]:
    """Items of the archive that bear the teacher's soft labels, but for those that are labelled or tell the same as an
    item of ``without``."""
    with np.load(LABELS / "soft.npz") as held:
        said = dict(zip(held["ids"].tolist(), (held["said"].astype(np.float32) / 255).tolist(), strict=True))
    known = {key(item.title) for item in without if item.origin != "doubtful"}
    found = []
    for row in lines(shared / "news" / "archive-100k.jsonl.gz"):
        if row["id"] in said and key(row["title"]) not in known:
            shares = tuple(said[row["id"]])
            title, text = row["title"] or "", row["text"] or ""
            found.append(Item(row["id"], title, text, row["source"], False, "", "", "", "", "taught", shares))
    return found
