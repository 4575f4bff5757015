"""Labelled items: the labels of the project, joined to texts that stay outside it."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.signals.decision import STAGES
from schemas.terms import DIRECTIONS, INSTRUMENTS

LABELS = Path(__file__).parent / "labels"
WRITTEN = Path(__file__).parent / "written"
LEAST_TEXT = 8
"""A text of fewer words is not read without its title."""
_SENTENCE_END = re.compile(r"(?<=[a-z0-9%)”\"][.!?])\s+(?=[A-Z“\"])")
ELSEWHERE = Path(__file__).parent / "elsewhere.tsv"
# What is labelled of a signal beside its jurisdiction.
HEADS: dict[str, tuple[str, ...]] = {"direction": DIRECTIONS, "instrument": INSTRUMENTS, "stage": STAGES}


@dataclass(frozen=True)
class Item:
    """One news item with its labels; ``origin`` is ``dev``, ``archive``, ``doubtful``, ``elsewhere``, ``written``
    or ``taught``."""

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
    """What the teacher says of the item: the probability of a signal, then a share for each direction, instrument and
    stage; empty where it was not asked."""


def key(title: str) -> str:
    """What two items with the same news share: the title's words, shortened."""
    return re.sub(r"\W+", " ", title.lower()).strip()[:70]


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file, compressed or not."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def rows(path: Path) -> Iterator[list[str]]:
    """The fields of each line of a tab-separated file, but for comments."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


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
        for item, *rest in rows(path):
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
        for number, row in enumerate(rows(path)):
            signal, direction, instrument, stage, jurisdiction, title, text = row
            labels = (signal == "1", direction, instrument, stage, jurisdiction)
            found.append(Item(f"{path.stem}-{number}", title, text, "", *labels, "written"))
    return found


def elsewhere(folder: Path | None, without: list[Item]) -> list[Item]:
    """The labelled items of other collections of news than the archive, but for those that tell the same as an item of
    ``without``. ``folder`` holds their texts as JSON lines with a title and a text, in any order (docs/signals-model-card.md
    names the collections); without a folder there are none. An item is known by its title, see ``title_id``."""
    if folder is None:
        return []
    labels = {item: (signal == "1", *rest, "") for item, signal, *rest in rows(ELSEWHERE)}
    found = []
    for item, title, text in untold(folder, without):
        if item in labels:
            found.append(Item(item, title, text, "", *labels.pop(item), origin="elsewhere"))
    return found


def labelled(shared: Path, folder: Path | None, without: list[Item]) -> list[Item]:
    """The labelled items of the archive, and of other collections those that tell the same as none of these."""
    found = archive(shared, without)
    return found + elsewhere(folder, without + found)


def untold(folder: Path, without: list[Item]) -> Iterator[tuple[str, str, str]]:
    """Id, title and text of the news in a folder of JSON lines, but for what tells the same as an item of ``without``."""
    known = {key(item.title) for item in without}
    for path in sorted(folder.glob("*.jsonl*")):
        for row in lines(path):
            if key(row["title"]) not in known:
                yield title_id(row["title"]), row["title"], row["text"] or ""


def title_id(title: str) -> str:
    """What an item of another collection is known by: of the SHA-256 of its title's ``key`` the first twelve digits."""
    return hashlib.sha256(key(title).encode("utf-8")).hexdigest()[:12]


def unlabelled(shared: Path) -> Iterator[Item]:
    """The items of the archive, labelled or not, without labels."""
    for row in lines(shared / "news" / "archive-100k.jsonl.gz"):
        yield Item(row["id"], row["title"] or "", row["text"] or "", row["source"], False, "", "", "", "", "archive")


def taught(shared: Path, without: list[Item]) -> list[Item]:
    """Items of the archive that bear the teacher's soft labels, but for those that are labelled or tell the same as an
    item of ``without``."""
    told = said(LABELS / "soft.npz")
    known = {key(item.title) for item in without if item.origin != "doubtful"}
    found = []
    for row in lines(shared / "news" / "archive-100k.jsonl.gz"):
        if row["id"] in told and key(row["title"]) not in known:
            found.append(bare(row["id"], row["title"] or "", row["text"] or "", row["source"], told[row["id"]]))
    return found


def taught_elsewhere(folder: Path | None, path: Path | None, without: list[Item]) -> list[Item]:
    """Likewise the items of other collections (see ``elsewhere``) of which the file ``path`` holds what the teacher says."""
    if folder is None or path is None:
        return []
    told = said(path)
    found = {
        item: bare(item, title, text, "", told[item]) for item, title, text in untold(folder, without) if item in told
    }
    return list(found.values())


def with_said(items: list[Item], path: Path | None) -> list[Item]:
    """The labelled items, with what the teacher says of each where the file ``path`` holds it; doubtful items, which
    ``taught`` gives, as they are."""
    told = {} if path is None else said(path)
    return [item if item.origin == "doubtful" else replace(item, said=told.get(item.id, ())) for item in items]


def halves(items: list[Item]) -> list[Item]:
    """Of the signals that have a text its title alone and its text alone, without labels: for the teacher to say what each
    half tells."""
    found = []
    for item in items:
        if item.signal and len(item.text.split()) >= LEAST_TEXT:
            first, *rest = _SENTENCE_END.split(item.text, maxsplit=1)
            found.append(bare(f"{item.id}-title", item.title, ""))
            found.append(bare(f"{item.id}-text", first, " ".join(rest)))
    return found


def said(path: Path) -> dict[str, tuple[float, ...]]:
    """What the teacher says of each item, by its id."""
    with np.load(path) as held:
        shares = (held["said"].astype(np.float32) / 255).tolist()
        return dict(zip(held["ids"].tolist(), map(tuple, shares), strict=True))


def bare(item: str, title: str, text: str, source: str = "", told: tuple[float, ...] = ()) -> Item:
    """An item without labels, with what the teacher says of it where that is known."""
    return Item(item, title, text, source, False, "", "", "", "", "taught", told)
