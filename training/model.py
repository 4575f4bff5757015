"""Fits the linear model that ``pipeline.signals.decision`` reads, on features made by the pipeline's own code."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from pipeline.articles.document import Document
from pipeline.scan import Hit, Scanner
from pipeline.signals import features, frames, jurisdiction
from pipeline.signals.decision import STAGES
from pipeline.signals.hits import KIND, standing
from pipeline.signals.sentences import Sentence, split
from pipeline.signals.vocabulary import terms
from pipeline.signals.weights import BLOCKS, Weights
from schemas.terms import DIRECTIONS, INSTRUMENTS
from training.corpus import Item

Blocks = tuple[list[str], ...]
HEADS: dict[str, tuple[str, ...]] = {"direction": DIRECTIONS, "instrument": INSTRUMENTS, "stage": STAGES}


@dataclass
class Example:
    """An item as the model sees it."""

    item: Item
    blocks: Blocks
    full: str
    hits: list[Hit]
    sentences: list[Sentence]


@dataclass(frozen=True)
class Options:
    """What can be chosen in training. ``scale`` weighs the six blocks; ``archive_weight`` an archive item's loss."""

    cost: float = 2.0
    label_cost: float = 2.0
    least: int = 2
    scale: tuple[float, ...] = (1.0,) * len(BLOCKS)
    archive_weight: float = 1.0
    blocks: tuple[int, ...] = tuple(range(len(BLOCKS)))
    balance: dict[str, str | None] = field(
        default_factory=lambda: {"direction": "balanced", "instrument": None, "stage": None}
    )


def example_maker() -> Callable[[Item], Example]:
    """A function that turns items into examples, with one scanner for all."""
    scanner = Scanner({KIND: list(terms().items())})

    def make(item: Item) -> Example:
        document = Document(item.title, item.text)
        full = document.full
        read = split(full, document.body_start, features.READ_CHARS)[: features.READ_SENTENCES + 1]
        stop = read[-1].end if read else 0
        found = standing(full, scanner.scan(full).get(KIND, []), stop)
        words = features.word_features(item.title, full[document.body_start : max(stop, document.body_start)])
        told = features.frame_features(frames.read(full, found, read))
        return Example(item, (*words, *features.cue_features(found, read), *told), full, found, read)

    return make


class Vectors:
    """The six blocks of features as one sparse matrix, weighted as in ``pipeline.signals.decision.scores``."""

    def __init__(self, examples: Sequence[Example], options: Options) -> None:
        self.options = options
        self.index: list[dict[str, int]] = []
        idf: list[float] = []
        for block in range(len(BLOCKS)):
            seen: Counter[str] = Counter()
            if block in options.blocks:
                for e in examples:
                    seen.update(set(e.blocks[block]))
            names = sorted(n for n, c in seen.items() if c >= options.least)
            self.index.append({n: len(idf) + i for i, n in enumerate(names)})
            idf += [1.0 + float(np.log((1 + len(examples)) / (1 + seen[n]))) for n in names]
        self.idf = np.array(idf)

    def __call__(self, examples: Sequence[Example]) -> sp.csr_matrix:
        """One row an example."""
        data: list[float] = []
        columns: list[int] = []
        ends = [0]
        for e in examples:
            for index, names, scale in zip(self.index, e.blocks, self.options.scale, strict=True):
                counts = Counter(index[n] for n in names if n in index)
                if counts:
                    at = list(counts)
                    values = (1.0 + np.log(np.array([counts[a] for a in at]))) * self.idf[at]
                    data += list(values / np.linalg.norm(values) * scale)
                    columns += at
            ends.append(len(columns))
        return sp.csr_matrix((data, columns, ends), shape=(len(examples), len(self.idf)))


def _logistic(cost: float, balance: str | None = None) -> LogisticRegression:
    return LogisticRegression(C=cost, class_weight=balance, max_iter=1000, tol=1e-5)


def fit_jurisdiction(examples: Sequence[Example]) -> tuple[float, ...]:
    """How much each clue of ``jurisdiction.CLUES`` counts, from the signals whose jurisdiction is a candidate."""
    rows, right = [], []
    for e in examples:
        if e.item.signal and e.item.jurisdiction:
            found = jurisdiction.candidates(e.full, e.hits, e.sentences)
            if e.item.jurisdiction in found and len(found) > 1:
                for name, row in found.items():
                    rows.append(row)
                    right.append(name == e.item.jurisdiction)
    fitted = LogisticRegression(C=0.3, max_iter=2000).fit(np.array(rows), right)
    return tuple(float(w) for w in fitted.coef_[0])


def fit(examples: Sequence[Example], options: Options, version: str = "cv") -> Weights:
    """Weights fitted to the examples; calibration and threshold are left neutral."""
    vectors = Vectors(examples, options)
    x = vectors(examples)
    weight = np.array([1.0 if e.item.origin == "dev" else options.archive_weight for e in examples])
    y = np.array([e.item.signal for e in examples])
    columns = [vectors.idf]
    bias = []
    scale = np.concatenate([np.full(len(i), s) for i, s in zip(vectors.index, options.scale, strict=True)])
    signal = _logistic(options.cost, "balanced").fit(x, y, weight)
    columns.append(signal.coef_[0] * vectors.idf * scale)
    bias.append(signal.intercept_[0])
    true = np.flatnonzero(y)
    for head, values in HEADS.items():
        labels = [getattr(examples[i].item, head) for i in true]
        model = _logistic(options.label_cost, options.balance[head]).fit(x[true], labels, weight[true])
        for value in values:
            at = list(model.classes_).index(value)
            columns.append(model.coef_[at] * vectors.idf * scale)
            bias.append(model.intercept_[at])
    return Weights(
        version=version,
        index=tuple(vectors.index),
        rows=np.stack(columns, 1).astype(np.float32),
        bias=np.array(bias, dtype=np.float32),
        outputs=("signal", *DIRECTIONS, *INSTRUMENTS, *STAGES),
        calibration=(1.0, 0.0),
        jurisdiction=fit_jurisdiction(examples),
        thresholds={"signal": 0.5},
    )
