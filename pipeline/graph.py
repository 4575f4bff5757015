"""The whole dataflow on one page.

    source -> Normalise -> Read -> Decide -> sinks
        \\_________\\________\\_________\\____-> dead letters

A source is any transform with the outputs ``articles`` and ``dead_letters``; a sink any transform on alerts.
"""

from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from pipeline.alerts.transform import DecideBounded, DecideUnbounded
from pipeline.articles.transform import Normalise
from pipeline.settings import AlertPolicy
from pipeline.transform import CountDeadLetters, ReadArticles

Decide = DecideBounded | DecideUnbounded


@dataclass(frozen=True)
class Outputs:
    """The collections that a graph ends in: Alert, DeadLetter, for rounds the state to keep, and whatever else the
    source gives."""

    alerts: Any
    dead_letters: Any
    decided: dict[str, Any]
    read: dict[str, Any]


def policy_alerts(
    pipeline: Any, source: Any, policy: AlertPolicy, decide: Decide, registry: str | None = None, workers: int = 1
) -> Outputs:
    """Wires ``source`` to alerts and dead letters. The same for an archive, for feeds and for Kafka.

    ``decide`` is DecideBounded for a replay or a round, DecideUnbounded for a streaming runner. ``workers`` are the
    processes to read in, for a replay or a round.
    """
    read_in = pipeline | "Source" >> source
    normalised = read_in["articles"] | "Normalise" >> Normalise()
    read = normalised["articles"] | "Read" >> ReadArticles(policy, registry, workers)
    decided = read["candidates"] | "Decide" >> decide
    dead = (read_in["dead_letters"], normalised["dead_letters"], read["dead_letters"]) | "Dead" >> beam.Flatten()
    return Outputs(decided["alerts"], dead | "Count dead letters" >> CountDeadLetters(), decided, read_in)
