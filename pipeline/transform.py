"""Reads articles: the shell around ``reading`` and ``alerts.decision``."""

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from pipeline.alerts.decision import Held, make_alert
from pipeline.alerts.transform import candidate
from pipeline.articles.language import ENGLISH
from pipeline.dead_letters import dead_letter
from pipeline.reading import Reader, reader
from pipeline.settings import AlertPolicy
from schemas import Article, DeadLetter, Position

NAMESPACE = "policywire.reading"
DEAD = "dead_letters"


@dataclass
class ReadArticles(beam.PTransform):
    """Normalised articles -> ``candidates``, (article id, candidate alert or none), and ``dead_letters``.

    Articles in other languages than English are passed by with a count. Works on bounded and unbounded input; one
    output a candidate an article, with the article's timestamp.

    Attributes:
        policy: when a signal becomes an alert.
        registry: path of a file with companies and aliases of the user's own.
    """

    policy: AlertPolicy
    registry: str | None = None

    def expand(self, articles: Any) -> dict[str, Any]:
        """One step."""
        outputs = articles | "Read" >> beam.ParDo(_Read(self.policy, self.registry)).with_outputs(
            DEAD, main="candidates"
        )
        return {"candidates": outputs.candidates, DEAD: outputs[DEAD]}


@dataclass
class CountDeadLetters(beam.PTransform):
    """Dead letters -> the same, counted in all and by cause."""

    def expand(self, letters: Any) -> Any:
        """One step."""
        return letters | "Count" >> beam.Map(_count).with_output_types(DeadLetter)


def _count(letter: DeadLetter) -> DeadLetter:
    Metrics.counter(NAMESPACE, "dead_letters").inc()
    Metrics.counter(NAMESPACE, f"dead_{letter.cause}").inc()
    return letter


class _Read(beam.DoFn):
    def __init__(self, policy: AlertPolicy, registry: str | None) -> None:
        self._policy, self._registry = policy, registry
        self._reader: Reader | None = None

    def setup(self) -> None:
        self._reader = reader(Path(self._registry) if self._registry else None)

    def process(self, article: Article) -> Iterator[Any]:
        assert self._reader is not None  # setup ran
        Metrics.counter(NAMESPACE, "articles").inc()
        try:
            english = article.language in ("", ENGLISH)
            reading = self._reader.read(article.title, article.text) if english else None
            outcome = make_alert(article, reading, self._policy, self._reader.version)
        except Exception as error:  # one bad article must not stop the stream
            yield beam.pvalue.TaggedOutput(DEAD, _gave_up(article, error))
            return
        if isinstance(outcome, Held):
            Metrics.counter(NAMESPACE, f"held_{outcome.reason}").inc()
            yield candidate(article, None)
        else:
            yield candidate(article, outcome)


def _gave_up(article: Article, error: Exception) -> Any:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return dead_letter(
        "internal",
        "Read",
        f"could not read the article: {error} (in {where.name}); please report it with this dead letter",
        article.position or Position(origin=article.id, kind="text"),
        article.model_dump_json().encode(),
        error,
    )
