"""Trains the signal weights: ``python -m training.train --shared ../shared``. Deterministic; a minute or two.

Labels are in the project by id (``training/labels``) and in the development set; the texts are read from ``--shared``.
"""

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.signals.weights import Weights
from training import corpus
from training.evaluate import best_threshold, calibrate, calibration_error, cross_validate, figures
from training.model import Options, example_maker, fit

OUT = Path(__file__).parents[1] / "pipeline" / "signals" / "data" / "weights.npz"


def save(weights: Weights, path: Path) -> None:
    """Writes the weights as ``pipeline.signals.weights`` reads them."""
    names = "\n".join(name for index in weights.index for name in index)
    np.savez_compressed(
        path,
        version=np.array(weights.version),
        sizes=np.array([len(index) for index in weights.index]),
        names=np.frombuffer(names.encode("utf-8"), dtype=np.uint8),
        rows=weights.rows.astype(np.float16),
        bias=weights.bias,
        outputs=np.array("|".join(weights.outputs)),
        calibration=np.array(weights.calibration),
        jurisdiction=np.array(weights.jurisdiction),
        thresholds=np.array([weights.thresholds["signal"]]),
    )


def main() -> None:
    """Cross-validates, prints the figures, fits on everything and writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder with eval/ and news/")
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    dev_items = corpus.dev(chosen.shared)
    archive_items = corpus.archive(chosen.shared, dev_items)
    make = example_maker()
    dev, more = [make(i) for i in dev_items], [make(i) for i in archive_items]
    options = Options()
    runs = [cross_validate(dev, more, options, seed) for seed in (1, 2, 3)]
    pooled = [r for run in runs for r in run]
    threshold = best_threshold(pooled)
    slope, offset = calibrate(pooled)
    probability = [1 / (1 + np.exp(-(slope * r.raw + offset))) for r in pooled]
    for name, value in figures(pooled, threshold).items():
        print(f"{name:22} {value:.3f}")
    print(f"{'calibration_error':22} {calibration_error(probability, [r.example.item.signal for r in pooled]):.3f}")
    print(f"{'threshold':22} {1 / (1 + np.exp(-(slope * threshold + offset))):.3f}")
    digest = hashlib.sha256("\n".join(sorted(i.id for i in dev_items + archive_items)).encode()).hexdigest()[:8]
    fitted = fit(dev + more, options, f"signals-1.{len(dev) + len(more)}.{digest}")
    final = replace(
        fitted,
        calibration=(slope, offset),
        thresholds={"signal": float(1 / (1 + np.exp(-(slope * threshold + offset))))},
    )
    save(final, chosen.out)
    print(f"{chosen.out.name} {chosen.out.stat().st_size / 1e6:.1f} MB, {len(final.rows)} features, {final.version}")


if __name__ == "__main__":
    main()
