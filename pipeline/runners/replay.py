"""Replays archives: the graph over files and stretches of topics, to its end, with the outputs in a fixed order."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam

from pipeline.alerts.transform import DecideBounded
from pipeline.graph import policy_alerts
from pipeline.reading import reader
from pipeline.runners.direct import bounded_pipeline, run_to_end
from pipeline.settings import ReadLimits, Settings
from pipeline.sinks.spool import Spool, in_order
from pipeline.sources.archive import ReadArchive
from pipeline.sources.kafka_archive import ReadStretches, Stretch


@dataclass(frozen=True)
class Replay:
    """A finished replay. ``alerts`` and ``dead_letters`` yield JSON lines in event time, and by place."""

    counters: Counter[str]
    seconds: float
    _folder: Path

    def alerts(self) -> Iterator[bytes]:
        """Alerts as JSON, one a line, by event time, revision and id; undated ones first."""
        return in_order(self._folder / "alerts")

    def dead_letters(self) -> Iterator[bytes]:
        """Dead letters as JSON, one a line, by file and line."""
        return in_order(self._folder / "dead")


@contextmanager
def replay(files: list[Path], settings: Settings, topics: Sequence[Stretch] = ()) -> Iterator[Replay]:
    """Runs ``files`` and stretches of ``topics`` through the graph and yields the outcome, which lives as long as the
    context.

    The outcome is a function of the input and the settings: two replays give the same bytes. ``seconds`` is from the
    first byte read to the last alert decided, with the vocabularies loaded before.
    """
    reader(settings.registry)
    with tempfile.TemporaryDirectory(prefix="policywire-") as name:
        folder = Path(name)
        (folder / "alerts").mkdir()
        (folder / "dead").mkdir()
        pipeline = bounded_pipeline()
        outputs = policy_alerts(
            pipeline,
            _ReadAll(files, topics, settings.limits),
            settings.alerting,
            DecideBounded(settings.alerting.story_hours, settings.alerting.repeats),
            str(settings.registry) if settings.registry else None,
            settings.workers,
        )
        _ = outputs.alerts | "Alerts" >> Spool(str(folder / "alerts"))
        _ = outputs.dead_letters | "Dead letters" >> Spool(str(folder / "dead"))
        started = time.perf_counter()
        counters = run_to_end(pipeline)
        yield Replay(counters, time.perf_counter() - started, folder)


@dataclass
class _ReadAll(beam.PTransform):
    """Files and topics, as one source; each alone where the other is not given."""

    files: list[Path]
    topics: Sequence[Stretch]
    limits: ReadLimits

    def expand(self, begin: Any) -> dict[str, Any]:
        parts = []
        if self.files or not self.topics:
            parts.append(begin | "Files" >> ReadArchive(self.files, self.limits))
        if self.topics:
            parts.append(begin | "Topics" >> ReadStretches(self.topics, self.limits, len(self.files)))
        if len(parts) == 1:
            return dict(parts[0])
        return {name: [part[name] for part in parts] | f"All {name}" >> beam.Flatten() for name in parts[0]}
