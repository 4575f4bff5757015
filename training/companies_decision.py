"""Trains the decision on doubtful names: ``python -m training.companies_decision --shared ../shared``. Deterministic.

Learns the words around companies from the archive, and the weights from the development set and the part ``tune`` of
``training/companies_labels.tsv``; prints the scorer's figures for a cross-validation and for the part ``held``, which
is only scored. A company with several mentions is decided by its best one, so the fit is repeated with the mention
that the last fit preferred.
"""

import argparse
import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from pipeline.articles.clean import clean
from pipeline.articles.document import Document
from pipeline.companies import forms
from pipeline.companies.decision import DATA, Weights
from pipeline.companies.features import Features, alias_features, group_features, neighbours, read_mention, title_case
from pipeline.companies.finder import KIND, SIGNALS, named_otherwise
from pipeline.companies.linking import MENTIONS_READ, by_company
from pipeline.companies.matching import candidates
from pipeline.companies.registry import PLAIN, PUBLISHER, Registry, load
from pipeline.evaluation import same_company, same_mention
from pipeline.scan import Scanner
from pipeline.signals.vocabulary import terms
from training.companies_context import Tables, context_tables
from training.companies_labels import LabelledItem, archive_items, dev_items
from training.corpus import lines

ROOT = Path(__file__).resolve().parent.parent
COST, LEAST, ROUNDS, FOLDS = 0.6, 3, 6, 5
FORM_THRESHOLD = 0.6


@dataclass
class Example:
    """A company that an item may name."""

    item: int
    shared: Features
    each: list[Features]
    right: bool


def examples(items: Sequence[LabelledItem], registry: Registry, scanner: Scanner, tables: Tables) -> list[Example]:
    """Every company that some name in ``items`` may mean, right where the labels hold it."""
    made = []
    for number, item in enumerate(items):
        document = Document(clean(item.title).replace("\n", " "), clean(item.text))
        text, body = document.full, document.body_start
        found = candidates(text, scanner.scan(text).get(KIND, ()))
        sure = {c.alias.company for c in found if c.alias.doubt == PLAIN and c.alias.kind != PUBLISHER}
        listed, shouting = neighbours(text, found), title_case(document.title)
        for company, members in by_company(found).items():
            known = registry.company(company)
            shared = group_features(text, body, members, bool(sure - {company}))
            each = [
                {**alias_features(c.alias, known.tier), **read_mention(text, body, c, tables, shouting, listed)}
                for c in members[:MENTIONS_READ]
            ]
            link = {"name": known.name, "ticker": known.ticker}
            mentions = [{"mention": text[c.start : c.full_end]} for c in members]
            right = any(same_company(g, link) or any(same_mention(g, m) for m in mentions) for g in item.companies)
            made.append(Example(number, shared, each, right))
    return made


def fit(data: Sequence[Example], tables: Tables, cost: float = COST) -> Weights:
    """Weights on ``data``; the threshold is left at one half."""
    counts = Counter(n for e in data for n in {**e.shared, **{n: 0 for f in e.each for n in f}})
    index = {name: i for i, name in enumerate(sorted(n for n, c in counts.items() if c >= LEAST))}
    y = np.array([e.right for e in data])
    chosen = [0] * len(data)
    model = LogisticRegression(C=cost, max_iter=2000)
    weights = Weights("", tables, {}, 0.0, 0.5)
    for _ in range(ROUNDS):
        values, columns, ends = [], [], [0]
        for e, c in zip(data, chosen, strict=True):
            for name, value in {**e.shared, **e.each[c]}.items():
                if name in index:
                    values.append(value)
                    columns.append(index[name])
            ends.append(len(values))
        model.fit(csr_matrix((values, columns, ends), shape=(len(data), len(index))), y)
        learned = {name: round(float(model.coef_[0][i]), 4) for name, i in index.items()}
        weights = Weights("", tables, learned, round(float(model.intercept_[0]), 4), 0.5)
        chosen = [int(np.argmax([weights.score(f) for f in e.each])) for e in data]
    return weights


def probability(weights: Weights, example: Example) -> float:
    return weights.probability(weights.score(example.shared), [weights.score(f) for f in example.each])


def figures(
    data: Sequence[Example], probabilities: Sequence[float], threshold: float, missed: int
) -> tuple[float, float, float]:
    """F1, precision and recall of the decision; ``missed``: labelled companies that no candidate may name."""
    said = [p >= threshold for p in probabilities]
    tp = sum(s and e.right for s, e in zip(said, data, strict=True))
    fp = sum(s and not e.right for s, e in zip(said, data, strict=True))
    fn = sum(e.right and not s for s, e in zip(said, data, strict=True)) + missed
    return 2 * tp / (2 * tp + fp + fn), tp / max(1, tp + fp), tp / max(1, tp + fn)


@dataclass
class FormExample:
    """A name proposed by its form; ``known``: the registry's names cover it too."""

    item: int
    name: str
    features: Features
    right: bool
    known: bool


def form_examples(
    items: Sequence[LabelledItem], scanner: Scanner, tables: Tables, common: frozenset[str]
) -> list[FormExample]:
    """Every name that a cue proposes, the registry's own included: how companies are told of is learned from all."""
    made = []
    for number, item in enumerate(items):
        document = Document(clean(item.title).replace("\n", " "), clean(item.text))
        text, body = document.full, document.body_start
        hits = scanner.scan(text)
        taken = [(c.start, c.end) for c in candidates(text, hits.get(KIND, ()))]
        elsewhere = named_otherwise(text, hits.get(SIGNALS, ()))
        for proposal in forms.proposals(text, body, hits.get(forms.KIND, ()), elsewhere, common):
            name = text[proposal.start : proposal.end]
            right = any(same_mention(g, {"mention": name}) for g in item.companies)
            known = any(a < proposal.end and proposal.start < b for a, b in taken)
            made.append(FormExample(number, name, forms.features(text, body, proposal, tables, common), right, known))
    return made


def fit_forms(data: Sequence[FormExample], cost: float = 0.4) -> tuple[dict[str, float], float]:
    """Weights and bias over proposals."""
    counts = Counter(n for e in data for n in e.features)
    index = {name: i for i, name in enumerate(sorted(n for n, c in counts.items() if c >= LEAST))}
    values, columns, ends = [], [], [0]
    for e in data:
        for name, value in e.features.items():
            if name in index:
                values.append(value)
                columns.append(index[name])
        ends.append(len(values))
    weight = [1.0 if not e.known else 0.5 for e in data]
    model = LogisticRegression(C=cost, max_iter=2000)
    model.fit(csr_matrix((values, columns, ends), shape=(len(data), len(index))), [e.right for e in data], weight)
    return {n: round(float(model.coef_[0][i]), 4) for n, i in index.items()}, round(float(model.intercept_[0]), 4)


def form_probability(weights: tuple[dict[str, float], float], example: FormExample) -> float:
    total = weights[1] + sum(weights[0].get(n, 0.0) * v for n, v in example.features.items())
    return float(1 / (1 + np.exp(-total)))


def common_words(archive: Path) -> frozenset[str]:
    """Words that the archive writes in lower case at least forty times, and more often than with a capital."""
    lower, upper = Counter[str](), Counter[str]()
    for row in lines(archive):
        for word in re.findall(r"(?<![.!?] )\b[A-Za-z]+", row["text"]):
            (lower if word.islower() else upper)[word.lower()] += 1
    return frozenset(w for w, c in lower.items() if c >= 40 and c > upper[w] and len(w) > 1)


def main() -> None:
    """Cross-validates, prints the figures, fits on all and writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--out", type=Path, default=ROOT / "pipeline/companies" / DATA)
    parser.add_argument(
        "--errors", type=int, default=0, help="also print the most wrong examples of the cross-validation"
    )
    options = parser.parse_args()
    registry = load()
    scanner = Scanner({KIND: ((a.surface, a) for a in registry.searched())})
    tables = context_tables(options.shared / "news/archive-100k.jsonl.gz", registry, scanner, KIND)
    items = dev_items(options.shared) + archive_items(options.shared, "tune")
    data = examples(items, registry, scanner, tables)
    folds = [int(hashlib.sha256(items[e.item].id.encode()).hexdigest(), 16) % FOLDS for e in data]
    probabilities = [0.0] * len(data)
    for fold in range(FOLDS):
        fitted = fit([e for e, f in zip(data, folds, strict=True) if f != fold], tables)
        for i, (e, f) in enumerate(zip(data, folds, strict=True)):
            if f == fold:
                probabilities[i] = probability(fitted, e)
    best = max(np.arange(0.25, 0.7, 0.05), key=lambda t: figures(data, probabilities, t, 0)[0])
    f1, precision, recall = figures(data, probabilities, best, 0)
    print(
        f"cross-validation   {len(data)} candidates, threshold {best:.2f}: "
        f"F1 {f1:.3f} precision {precision:.3f} recall {recall:.3f}"
    )
    wrong = sorted(range(len(data)), key=lambda i: -abs(probabilities[i] - data[i].right))[: options.errors]
    for i in wrong:
        e = data[i]
        print(
            f"{probabilities[i]:.2f} {'right' if e.right else 'wrong'} {items[e.item].id} {[n for f in e.each for n in f][:3]} {items[e.item].title[:90]!r}"
        )
    common = common_words(options.shared / "news/archive-100k.jsonl.gz")
    wide = Scanner(
        {
            KIND: ((a.surface, a) for a in registry.searched()),
            SIGNALS: list(terms().items()),
            forms.KIND: forms.vocabulary(),
        }
    )
    form_data = form_examples(items, wide, tables, common)
    form_folds = [int(hashlib.sha256(items[e.item].id.encode()).hexdigest(), 16) % FOLDS for e in form_data]
    form_p = [0.0] * len(form_data)
    for fold in range(FOLDS):
        fitted_forms = fit_forms([e for e, f in zip(form_data, form_folds, strict=True) if f != fold])
        for i, (e, f) in enumerate(zip(form_data, form_folds, strict=True)):
            if f == fold:
                form_p[i] = form_probability(fitted_forms, e)
    for t in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        said = [e for e, p in zip(form_data, form_p, strict=True) if p >= t and not e.known]
        print(
            f"by form, threshold {t}: {len(said)} said, {sum(e.right for e in said)} right of {sum(e.right and not e.known for e in form_data)}"
        )
    for i in sorted(range(len(form_data)), key=lambda i: -form_p[i]):
        e = form_data[i]
        if not e.known and options.errors and (form_p[i] > 0.4 or e.right):
            print(
                f"{form_p[i]:.2f} {'right' if e.right else 'wrong'} {items[e.item].id} {e.name!r} {list(e.features)[2:9]}"
            )
    final_forms = fit_forms(form_data)
    final = fit(data, tables)
    held = examples(archive_items(options.shared, "held"), registry, scanner, tables)
    f1, precision, recall = figures(held, [probability(final, e) for e in held], best, 0)
    print(f"held out           {len(held)} candidates: F1 {f1:.3f} precision {precision:.3f} recall {recall:.3f}")
    content = {
        "tables": tables,
        "weights": dict(sorted(final.weights.items())),
        "bias": final.bias,
        "form_weights": dict(sorted(final_forms[0].items())),
        "form_bias": final_forms[1],
        "form_threshold": FORM_THRESHOLD,
        "common": " ".join(sorted(common)),
        "threshold": round(float(best), 2),
    }
    version = hashlib.sha256(orjson.dumps(content)).hexdigest()[:8]
    options.out.write_bytes(gzip.compress(orjson.dumps({"version": version, **content}), 9, mtime=0))
    print(f"{options.out.name} {options.out.stat().st_size / 1e3:.0f} kB, {len(final.weights)} features, {version}")


if __name__ == "__main__":
    main()
