"""The learned decision: how likely a name in an article is the company. Linear over ``features``, weights in ``data/``.

Trained by ``training/companies_decision.py``.
"""

import gzip
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

import orjson

from pipeline.companies.features import Features, Tables
from pipeline.companies.registry import RegistryError

DATA: Final = "data/decision.json.gz"


@dataclass(frozen=True)
class Weights:
    """``tables`` are log odds of the words around a company; ``threshold`` is the least probability of a company. The
    ``form_`` fields are the same for names in no registry; ``common`` are words that news writes in lower case."""

    version: str
    tables: Tables
    weights: Mapping[str, float]
    bias: float
    threshold: float
    form_weights: Mapping[str, float] = field(default_factory=dict)
    form_bias: float = 0.0
    form_threshold: float = 1.0
    common: frozenset[str] = frozenset()

    def score(self, features: Features) -> float:
        """The weighted sum of ``features``; unknown ones count nothing."""
        weights, total = self.weights, 0.0
        for name, value in features.items():
            if name in weights:
                total += weights[name] * value
        return total

    def contributions(self, features: Features) -> tuple[tuple[str, float], ...]:
        """What each feature adds to the score, the weightiest first; by-form features included."""
        told = ((n, (self.weights.get(n) or self.form_weights.get(n, 0.0)) * v) for n, v in features.items())
        return tuple(sorted(((n, round(w, 2)) for n, w in told if w), key=lambda pair: -abs(pair[1])))

    def probability(self, shared: float, each: Sequence[float]) -> float:
        """How likely mentions of these scores name the company, beside what they share: the best one decides."""
        return _logistic(self.bias + shared + max(each))

    def form_probability(self, features: Features) -> float:
        """How likely a name proposed by its form is a company's."""
        get = self.form_weights.get
        return _logistic(self.form_bias + sum(get(name, 0.0) * value for name, value in features.items()))


def _logistic(total: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


@cache
def weights() -> Weights:
    """The package's weights. Raises RegistryError where the file is broken."""
    try:
        content = orjson.loads(gzip.decompress(files("pipeline.companies").joinpath(DATA).read_bytes()))
        return Weights(**{**content, "common": frozenset(content["common"].split())})
    except (OSError, EOFError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise RegistryError(
            f"{DATA}: broken or missing ({error}); build it with training/companies_decision.py"
        ) from error
