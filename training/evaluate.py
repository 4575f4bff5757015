"""Cross-validation on the development set: each fold is read by a model that has not seen it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from pipeline.signals import jurisdiction
from pipeline.signals.decision import Decision, decide, log_odds, seen_words
from pipeline.signals.direction import settle
from pipeline.signals.weights import Weights
from training.corpus import Item
from training.model import Example, Options, fit

FOLDS = 5


@dataclass(frozen=True)
class Read:
    """What a model that never saw the example said of it: ``raw`` are the log odds of a signal, ``words`` those of the
    linear model by words alone."""

    example: Example
    decision: Decision
    raw: float
    words: float
    jurisdiction: str


def cross_validate(
    dev: Sequence[Example],
    more: Sequence[Example],
    options: Options,
    seed: int = 1,
    fitted: Callable[[Sequence[Example], Options], Weights] = fit,
) -> list[Read]:
    """Reads every dev example by a model trained on the other folds and on ``more``; in the order of ``dev``."""
    y = [e.item.signal for e in dev]
    read: dict[int, Read] = {}
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(y, y):
        weights = fitted([dev[i] for i in train] + list(more), options)
        for i in test:
            e = dev[i]
            decision = settle(decide(weights, e.features), e.opening.frames)
            words = log_odds(weights, seen_words(weights, e.features.title, e.features.body))
            whose = jurisdiction.choose(e.jurisdictions, weights.jurisdiction)
            read[i] = Read(e, decision, decision.odds, words, whose)
    return [read[i] for i in range(len(dev))]


def logit(chance: float) -> float:
    """Of a probability, cut where its distance from 0 and 1 is below 1e-9."""
    p = min(max(chance, 1e-9), 1 - 1e-9)
    return float(np.log(p / (1 - p)))


def calibrate(reads: Sequence[Read]) -> tuple[float, float]:
    """Slope and offset that turn raw scores into probabilities (Platt's method)."""
    raw = np.array([[r.raw] for r in reads])
    model = LogisticRegression(C=1e6).fit(raw, [r.example.item.signal for r in reads])
    return float(model.coef_[0][0]), float(model.intercept_[0])


def calibration_error(probabilities: Sequence[float], truth: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error over bins of equal width (Guo et al., 2017)."""
    p, t = np.array(probabilities), np.array(truth, dtype=float)
    which = np.minimum((p * bins).astype(int), bins - 1)
    return float(sum(abs(p[which == b].mean() - t[which == b].mean()) * (which == b).mean() for b in set(which)))


def figures(reads: Sequence[Read], threshold: float) -> dict[str, float]:
    """The figures of the scorer of the evaluation set, end to end, at a threshold on the raw score."""
    tp = fp = fn = opposed = both = 0
    right = dict.fromkeys(("instrument", "stage", "jurisdiction"), 0)
    confusion: dict[tuple[str, str], int] = {}
    for r in reads:
        gold, said = r.example.item, r.raw >= threshold
        tp += gold.signal and said
        fp += said and not gold.signal
        fn += gold.signal and not said
        g = gold.direction or "none"
        p = r.decision.direction if said else "none"
        confusion[g, p] = confusion.get((g, p), 0) + 1
        if {g, p} <= {"tightening", "easing"}:
            both += 1
            opposed += g != p
        if gold.signal and said:
            right["instrument"] += gold.instrument == r.decision.instrument
            right["stage"] += gold.stage == r.decision.stage
            right["jurisdiction"] += gold.jurisdiction == r.jurisdiction
    out = {"signal_f1": 2 * tp / max(1, 2 * tp + fp + fn)}
    out["precision"], out["recall"] = tp / max(1, tp + fp), tp / max(1, tp + fn)
    classes = ("tightening", "easing", "neutral", "none")
    per = {}
    for c in classes:
        hit = confusion.get((c, c), 0)
        wrong = sum(n for (g, p), n in confusion.items() if (g == c) != (p == c))
        per[c] = 2 * hit / max(1, 2 * hit + wrong)
    out["direction_macro_f1"] = sum(per.values()) / 4
    out |= {f"{c}_f1": per[c] for c in classes}
    out["opposed_rate"] = opposed / max(1, both)
    signals = sum(r.example.item.signal for r in reads)
    out |= {f"{k}_acc": v / max(1, signals) for k, v in right.items()}
    return out


LENGTHS = ((1, "title alone"), (26, "1 to 25 words"), (61, "26 to 60 words"), (10**9, "more"))


# A group with a smaller share of the items is read with others of its kind.
FEW = 0.02


def length(item: Item) -> str:
    """How much text there is beside the title."""
    count = len(item.text.split())
    return next(name for below, name in LENGTHS if count < below)


def breakdown(reads: Sequence[Read], threshold: float, group: Callable[[Item], str]) -> list[str]:
    """A line for each group of items: how many, F1 of signal, and over its true signals the recall, the share whose
    direction was told right, and the opposed among those told to be tightening or easing."""
    lines = []
    sizes = Counter(group(r.example.item) for r in reads)
    small = {name for name, size in sizes.items() if size < FEW * len(reads)}
    for name in sorted((sizes.keys() - small) | ({"others"} if small else set())):
        mine = [r for r in reads if (("others" if (own := group(r.example.item)) in small else own) == name)]
        f = figures(mine, threshold)
        true = [r for r in mine if r.example.item.signal]
        right = sum(r.raw >= threshold and r.decision.direction == r.example.item.direction for r in true)
        lines.append(
            f"{name or 'no signal':16} items {len(mine):5} signals {len(true):4} f1 {f['signal_f1']:.2f} recall {f['recall']:.2f}"
            f" direction {right / max(1, len(true)):.2f} opposed {f['opposed_rate']:.2f}"
        )
    return lines


def best_threshold(reads: Sequence[Read]) -> float:
    """The threshold on the raw score with the best mean of signal F1 and direction macro F1."""
    tried = np.arange(-1.5, 1.5, 0.1)

    def value(threshold: float) -> float:
        f = figures(reads, threshold)
        return f["signal_f1"] + f["direction_macro_f1"]

    smooth = np.convolve([value(t) for t in tried], np.ones(5) / 5, "same")
    return float(tried[int(np.argmax(smooth[2:-2])) + 2])
