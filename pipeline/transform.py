"""Reads articles: the shell around ``reading`` and ``alerts.decision``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindow, TimestampedValue
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from pipeline.alerts.transform import candidate
from pipeline.reading import reader
from pipeline.reading_pool import BATCH, Outcome, ReadingPool, read_article, reading_pool, settled
from pipeline.settings import AlertPolicy
from schemas import Article, DeadLetter

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
        workers: processes to read in, for bounded input in the global window on this machine; 1: this one.
    """

    policy: AlertPolicy
    registry: str | None = None
    workers: int = 1

    def expand(self, articles: Any) -> dict[str, Any]:
        """One step."""
        if self.workers > 1:
            step: beam.DoFn = _ReadTogether(self.policy, self.registry, self.workers)
        else:
            step = _Read(self.policy, self.registry)
        outputs = articles | "Read" >> beam.ParDo(step).with_outputs(DEAD, main="candidates")
        return {"candidates": outputs.candidates, DEAD: outputs[DEAD]}


@dataclass
class CountDeadLetters(beam.PTransform):
    """Dead letters -> the same, counted in all and by cause."""

    def expand(self, letters: Any) -> Any:
        """One step."""
        return letters | "Count" >> beam.Map(_count).with_output_types(DeadLetter)


@cache
def _counter(name: str) -> Any:
    """The counter of that name; to make one takes as long as to parse an article."""
    return Metrics.counter(NAMESPACE, name)


def _count(letter: DeadLetter) -> DeadLetter:
    _counter("dead_letters").inc()
    _counter(f"dead_{letter.cause}").inc()
    return letter


class _Read(beam.DoFn):
    def __init__(self, policy: AlertPolicy, registry: str | None) -> None:
        self._policy, self._registry = policy, Path(registry) if registry else None

    def setup(self) -> None:
        reader(self._registry)

    def process(self, article: Article) -> Iterator[Any]:
        yield from _outputs(article, read_article(article, self._policy, self._registry))


class _ReadTogether(beam.DoFn):
    """In the processes of the pool, batch by batch; what is settled at a glance, and a bundle too small to be worth it,
    in this process."""

    def __init__(self, policy: AlertPolicy, registry: str | None, workers: int) -> None:
        self._policy, self._registry, self._workers = policy, Path(registry) if registry else None, workers
        self._batch: list[tuple[Article, Timestamp]] = []
        self._pool: ReadingPool | None = None

    def setup(self) -> None:
        reader(self._registry)

    def start_bundle(self) -> None:
        self._batch, self._pool = [], None

    def process(self, article: Article, timestamp: Timestamp = beam.DoFn.TimestampParam) -> Iterator[Any]:
        outcome = settled(article, self._registry)
        if outcome is not None:
            yield from _outputs(article, outcome)
            return
        self._batch.append((article, timestamp))
        if len(self._batch) < (BATCH if self._pool is not None else 2 * BATCH):
            return
        if self._pool is None:
            self._pool = reading_pool(self._workers, self._policy, self._registry)
            self._pool.drop()
        batch, self._batch = self._batch, []
        for finished, outcomes in self._pool.read([item for item, _ in batch], batch):
            for output, time in _stamped(finished, outcomes):
                yield _timed(output, time)

    def finish_bundle(self) -> Iterator[Any]:
        done: list[tuple[Any, Any]] = list(self._pool.rest()) if self._pool is not None else []
        here = [read_article(article, self._policy, self._registry) for article, _ in self._batch]
        for finished, outcomes in [*done, (self._batch, here)]:
            for output, time in _stamped(finished, outcomes):
                yield _timed(output, time, whole=True)


def _stamped(batch: list[tuple[Article, Timestamp]], outcomes: Sequence[Outcome]) -> Iterator[tuple[Any, Timestamp]]:
    for (article, timestamp), outcome in zip(batch, outcomes, strict=True):
        for output in _outputs(article, outcome):
            yield output, timestamp


def _timed(output: Any, time: Timestamp, *, whole: bool = False) -> Any:
    """``output`` at ``time``; ``whole``: as the end of a bundle wants it, with its window."""
    tagged = isinstance(output, beam.pvalue.TaggedOutput)
    value = output.value if tagged else output
    timed = WindowedValue(value, time, (GlobalWindow(),)) if whole else TimestampedValue(value, time)
    return beam.pvalue.TaggedOutput(output.tag, timed) if tagged else timed


def _outputs(article: Article, outcome: Outcome) -> Iterator[Any]:
    _counter("articles").inc()
    if outcome.letter is not None:
        yield beam.pvalue.TaggedOutput(DEAD, outcome.letter)
        return
    if outcome.held:
        _counter(f"held_{outcome.held}").inc()
    yield candidate(article, outcome.alert)
