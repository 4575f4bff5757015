"""Trains the signal weights: ``python -m training.train --shared ../shared --elsewhere NEWS``. Deterministic; half an hour on
one core.

Labels are in the project by id (``training/labels``, ``elsewhere.tsv``) and in the development set; the texts are read from
``--shared``, and those of other collections from ``NEWS``. Without that folder their labels are left out.
"""

import argparse
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.signals import glance
from pipeline.signals.decision import decide, sigmoid
from pipeline.signals.weights import Weights
from training import corpus
from training.evaluate import (
    Read,
    best_threshold,
    breakdown,
    calibrate,
    calibration_error,
    cross_validate,
    figures,
    length,
    logit,
)
from training.model import Options, example_maker, fit, fit_glance

DATA = Path(__file__).parents[1] / "pipeline" / "signals" / "data"
OUT = DATA / "weights.npz"
# Of the labelled signals that the full reading finds, the first look may lose this share, and the look at all words that.
# Most of them lie near the threshold: by cross-validation F1 of signals is 0.853 with both looks and 0.855 without.
# The second is taken where a model reads what it has not seen: of what it has, its words alone say too much.
LOST, LOST_BY_WORDS = 0.03, 0.005


def save(weights: Weights, path: Path) -> str:
    """Writes the weights as ``pipeline.signals.weights`` reads them, and returns their version: that of ``weights`` and a
    digest of all that takes part in a decision, so that no two weights have one version."""
    names = [name for index in weights.index for name in index]
    rows = np.concatenate([np.sqrt(weights.squares)[:, None], weights.rows], 1)
    first = weights.glance
    held = {
        "sizes": np.array([len(index) for index in weights.index]),
        "names": _joined(names),
        "words": _joined(weights.grams.lexicon.numbers),
        "key_steps": np.diff(weights.grams.keys, prepend=0),
        "rows": rows.astype(np.float16),
        "bias": weights.bias,
        "outputs": np.array("|".join(weights.outputs)),
        "calibration": np.array(weights.calibration),
        "jurisdiction": np.array(weights.jurisdiction),
        "thresholds": np.array([weights.thresholds["signal"], weights.thresholds["words"]]),
        "glance_title_words": _joined(first.title),
        "glance_text_words": _joined(first.text),
        "glance_title": np.array(list(first.title.values()), dtype=np.float16),
        "glance_text": np.array(list(first.text.values()), dtype=np.float16),
        "glance_numbers": np.array([first.bias, first.cutoff]),
    }
    digest = hashlib.sha256(DATA.joinpath("network.npz").read_bytes() + DATA.joinpath("word_groups.txt").read_bytes())
    for part in held.values():
        digest.update(part.tobytes())
    version = f"{weights.version}.{digest.hexdigest()[:8]}"
    np.savez_compressed(path, version=np.array(version), **held)
    return version


def _joined(names: Iterable[str]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.frombuffer("\n".join(names).encode("utf-8"), dtype=np.uint8)


def _looked_at(weights: Weights, reads: Sequence[Read]) -> list[Read]:
    """The reads, those that would be dismissed before their cues and frames are read as no signal. The first look is that
    of ``weights``, which never saw the examples themselves, but learned from a model that did."""
    slope, offset = weights.calibration
    least = (logit(weights.thresholds["words"]) - offset) / slope
    passed = [glance.score(weights.glance, r.example.document) >= weights.glance.cutoff for r in reads]
    return [
        r if seen and r.words >= least else replace(r, raw=float("-inf")) for r, seen in zip(reads, passed, strict=True)
    ]


def main() -> None:
    """Cross-validates, prints the figures, fits on everything and writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder with eval/ and news/")
    parser.add_argument("--elsewhere", type=Path, help="folder with news of other collections, as JSON lines")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seeds", type=int, default=2, help="how often to cross-validate, each time split anew")
    chosen = parser.parse_args()
    dev_items = corpus.dev(chosen.shared)
    archive_items = corpus.archive(chosen.shared, dev_items)
    make = example_maker()
    labelled = archive_items + corpus.elsewhere(chosen.elsewhere, dev_items + archive_items)
    dev, more = [make(i) for i in dev_items], [make(i) for i in labelled]
    more += [make(i) for i in (*corpus.taught(chosen.shared, dev_items + archive_items), *corpus.written())]
    options = Options()
    pooled = [r for seed in range(chosen.seeds) for r in cross_validate(dev, more, options, seed + 1)]
    threshold = best_threshold(pooled)
    slope, offset = calibrate(pooled)
    cut = float(1 / (1 + np.exp(-(slope * threshold + offset))))
    probability = [1 / (1 + np.exp(-(slope * r.raw + offset))) for r in pooled]
    for name, value in figures(pooled, threshold).items():
        print(f"{name:22} {value:.3f}")
    print(f"{'calibration_error':22} {calibration_error(probability, [r.example.item.signal for r in pooled]):.3f}")
    print(f"{'threshold':22} {cut:.3f}")
    for title, group in (("instrument", lambda i: i.instrument), ("text", length), ("source", lambda i: i.source)):
        print(f"by {title}", *breakdown(pooled, threshold, group), sep="\n  ", flush=True)
    fitted = fit(dev + more, options, f"signals-2.{len(dev_items) + len(labelled)}")
    final = replace(fitted, calibration=(slope, offset), thresholds={"signal": cut, "words": 0.0})

    # The first look learns from what the full reading says of the archive.
    documents, chances = [], []
    for item in corpus.unlabelled(chosen.shared):
        example = make(item)
        documents.append(example.document)
        chances.append(decide(final, example.features).probability)
    said = np.array(chances)
    looks = fit_glance(documents, said)
    scores = np.array([glance.score(looks, d) for d in documents])
    real = [e for e in dev + more if e.item.signal and e.item.origin not in ("written", "elsewhere")]
    true = [e for e in real if decide(final, e.features).probability >= cut]
    cutoff = float(np.quantile([glance.score(looks, e.document) for e in true], LOST))
    found = [r.words for r in pooled if r.example.item.signal and r.raw >= threshold]
    by_words = sigmoid(slope * float(np.quantile(found, LOST_BY_WORDS)) + offset)
    final = replace(final, glance=replace(looks, cutoff=cutoff), thresholds={"signal": cut, "words": by_words})
    lost = (scores[said >= cut] < cutoff).mean()
    print(f"first look: dismisses {(scores < cutoff).mean():.3f} of the archive, {lost:.4f} of what would be signals")
    print("with it and the look at all words:")
    for name, value in figures(_looked_at(final, pooled), threshold).items():
        print(f"  {name:20} {value:.3f}")
    version = save(final, chosen.out)
    print(f"{chosen.out.name} {chosen.out.stat().st_size / 1e6:.1f} MB, {len(final.rows)} features, {version}")


if __name__ == "__main__":
    main()
