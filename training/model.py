"""Fits the linear model that ``pipeline.signals.decision`` reads, on features made by the pipeline's own code."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from pipeline.articles.clean import clean
from pipeline.articles.document import Document
from pipeline.scan import Scanner
from pipeline.signals import glance, jurisdiction
from pipeline.signals.decision import STAGES
from pipeline.signals.features import NAMED, Features
from pipeline.signals.grams import BLOCKS, Grams, Lexicon, block_of, known
from pipeline.signals.hits import KIND
from pipeline.signals.network import network
from pipeline.signals.opening import Opening, opening, start
from pipeline.signals.vocabulary import terms
from pipeline.signals.weights import Glance, Weights
from schemas.terms import DIRECTIONS, INSTRUMENTS
from training.corpus import HEADS, Item
from training.fitting import Head, fit_heads

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass
class Example:
    """An item as the model sees it."""

    item: Item
    document: Document
    opening: Opening

    @property
    def features(self) -> Features:
        """Its features."""
        return self.opening.features

    @property
    def jurisdictions(self) -> dict[str, list[float]]:
        """The jurisdictions that it may be of, each with its clues."""
        return jurisdiction.candidates(self.document.full, self.opening.hits, self.opening.sentences)


@dataclass(frozen=True)
class Options:
    """What can be chosen in training. ``scale`` weighs the eight blocks; ``weight`` the loss of an item by its
    origin, for signal or not and for the labels of a signal; ``balance`` says how far rare directions are weighed up (0
    not, 1 to equality); ``taught`` names the heads beside signal that learn from the teacher; ``cost`` and ``label_cost``
    are the inverse of the penalty of the head of signal and of the others."""

    cost: float = 2.0
    label_cost: float = 2.0
    least: int = 4
    scale: tuple[float, ...] = (1.0, 1.0, 0.9, 0.9, 0.6, 0.6, 0.4, 0.4)
    weight: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "dev": (2.0, 2.0),
            "archive": (1.0, 1.0),
            "doubtful": (0.0, 1.0),
            "elsewhere": (0.0, 1.0),
            "taught": (1.0, 1.0),
            "written": (0.0, 0.3),
        }
    )
    taught: tuple[str, ...] = ("direction", "instrument", "stage")
    balance: float = 0.5


def example_maker() -> Callable[[Item], Example]:
    """A function that turns items into examples, with one scanner for all."""
    scanner = Scanner({KIND: list(terms().items())})

    def make(item: Item) -> Example:
        document = Document(clean(item.title).replace("\n", " "), clean(item.text))
        return Example(item, document, opening(document, start(document), scanner.scan(document.full).get(KIND, [])))

    return make


class Vectors:
    """The eight blocks of features of the examples as one sparse ``matrix``, a row an example, weighted as in
    ``pipeline.signals.decision``, whose look-up of words it uses."""

    def __init__(self, examples: Sequence[Example], options: Options) -> None:
        words = Counter(word for e in examples for word in {*e.features.title, *e.features.body})
        lexicon = Lexicon.of(sorted(word for word, n in words.items() if n >= options.least))
        read = [np.unique(lexicon.features(e.features.title, e.features.body)) for e in examples]
        keys, seen = np.unique(np.concatenate(read), return_counts=True)
        often = (seen >= options.least) & known(keys)
        self.grams, counts = Grams(lexicon, keys[often]), [seen[often]]
        self.index: list[dict[str, int]] = []
        for block in range(len(NAMED)):
            found = Counter(name for e in examples for name in set(e.features.named[block]))
            names = sorted(name for name, n in found.items() if n >= options.least)
            at = sum(map(len, counts))
            self.index.append({name: at + i for i, name in enumerate(names)})
            counts.append(np.array([found[name] for name in names]))
        self.idf = 1.0 + np.log((1 + len(examples)) / (1 + np.concatenate(counts)))
        sizes = [*np.bincount(block_of(self.grams.keys), minlength=len(BLOCKS)), *map(len, self.index)]
        self.blocks = np.repeat(np.arange(len(sizes)), sizes)
        self.scale = np.array(options.scale)[self.blocks]
        self.matrix = self._matrix([self._row(e.features) for e in examples])

    def _row(self, read: Features) -> Array:
        rows = np.unique(self.grams.rows(read.title, read.body))
        named = {index[n] for index, names in zip(self.index, read.named, strict=True) for n in names if n in index}
        return np.concatenate((rows[rows >= 0], np.array(sorted(named), dtype=np.intp)))

    def _matrix(self, found: Sequence[Array]) -> sp.csr_matrix:
        ends = np.cumsum([0, *map(len, found)])
        columns = np.concatenate(found)
        values = self.idf[columns]
        group = np.repeat(np.arange(len(found)), np.diff(ends)) * (self.blocks[-1] + 1) + self.blocks[columns]
        values = values / np.sqrt(np.bincount(group, values**2))[group] * self.scale[columns]
        return sp.csr_matrix((values.astype(np.float32), columns, ends), shape=(len(found), len(self.idf)))


def one_hot(labels: Sequence[str], values: Sequence[str]) -> Array:
    """A row a label; all zero where the label is none of ``values``."""
    return np.array([[label == value for value in values] for label in labels], dtype=np.float32)


def heads_of(examples: Sequence[Example], options: Options) -> list[Head]:
    """What the model is to say of the examples: signal or not, and over the signals their labels. Items that the
    teacher labelled count by what it is sure of; rare directions, and the rarer of signal or not, count for more."""
    items = [e.item for e in examples]
    weight, weights = np.array([options.weight[i.origin] for i in items], dtype=np.float32).T
    truth = one_hot([str(i.signal) for i in items], ("False", "True"))
    taught = [n for n, i in enumerate(items) if i.said]
    said = np.array([items[n].said for n in taught], dtype=np.float32)
    if taught:
        truth[taught] = np.stack([1 - said[:, 0], said[:, 0]], 1)
    share = (truth * weight[:, None]).sum(0)
    heads = [Head(truth, weight * (truth @ (share.sum() / (2 * share))), options.cost)]
    at = 1
    for name, values in HEADS.items():
        target = one_hot([getattr(i, name) for i in items], values)
        if taught and name in options.taught:
            target[taught] = said[:, :1] * said[:, at : at + len(values)]
        at += len(values)
        own = weights * (target.sum(1) > 0)
        if name == "direction":
            share = (target * own[:, None]).sum(0)
            own = own * (target @ ((share.sum() / (len(values) * share)) ** options.balance))
        heads.append(Head(target, own, options.label_cost))
    return heads


def fit_jurisdiction(examples: Sequence[Example]) -> tuple[float, ...]:
    """How much each clue of ``jurisdiction.CLUES`` counts, from the signals whose jurisdiction is a candidate."""
    rows, right = [], []
    for e in examples:
        if e.item.signal and e.item.jurisdiction:
            found = e.jurisdictions
            if e.item.jurisdiction in found and len(found) > 1:
                for name, row in found.items():
                    rows.append(row)
                    right.append(name == e.item.jurisdiction)
    fitted = LogisticRegression(C=0.3, max_iter=2000).fit(np.array(rows), right)
    return tuple(float(w) for w in fitted.coef_[0])


def fit_glance(documents: Sequence[Document], probability: Array, cost: float = 0.1) -> Glance:
    """Word weights of the first look, fitted to the probabilities that the full reading gives; the cutoff is 0."""
    seen: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    read = [glance.words(d) for d in documents]
    for pair in read:
        for counter, words in zip(seen, pair, strict=True):
            counter.update(words)
    index: list[dict[str, int]] = []
    size = 0
    for counter in seen:
        names = sorted(w for w, n in counter.items() if n >= 15)
        index.append({w: size + i for i, w in enumerate(names)})
        size += len(names)
    columns: list[int] = []
    ends = [0]
    for pair in read:
        for rows, words in zip(index, pair, strict=True):
            columns += sorted(rows[w] for w in words if w in rows)
        ends.append(len(columns))
    x = sp.csr_matrix((np.ones(len(columns), dtype=np.float32), columns, ends), shape=(len(documents), size))
    target = np.stack([1 - probability, probability], 1).astype(np.float32)
    w, bias = fit_heads(x, [Head(target, np.ones(len(documents), dtype=np.float32), cost)])
    log_odds = w[:, 1] - w[:, 0]
    title, text = ({word: float(log_odds[i]) for word, i in known.items()} for known in index)
    return Glance(title, text, float(bias[1] - bias[0]), 0.0)


def fit(examples: Sequence[Example], options: Options, version: str = "cv") -> Weights:
    """Weights fitted to the examples; calibration, threshold and first look are left neutral."""
    vectors = Vectors(examples, options)
    w, bias = fit_heads(vectors.matrix, heads_of(examples, options))
    # The two outputs of the first head become one: log odds of a signal.
    w = np.concatenate([w[:, 1:2] - w[:, 0:1], w[:, 2:]], 1)
    bias = np.concatenate([bias[1:2] - bias[0:1], bias[2:]])
    return Weights(
        version=version,
        grams=vectors.grams,
        index=tuple(vectors.index),
        rows=(w * (vectors.idf * vectors.scale)[:, None]).astype(np.float32),
        squares=(vectors.idf**2).astype(np.float32),
        bias=bias.astype(np.float32),
        outputs=("signal", *DIRECTIONS, *INSTRUMENTS, *STAGES),
        calibration=(1.0, 0.0),
        jurisdiction=fit_jurisdiction(examples),
        thresholds={"signal": 0.5, "words": 0.0},
        glance=Glance({}, {}, 0.0, -1.0),
        network=network(),
    )
