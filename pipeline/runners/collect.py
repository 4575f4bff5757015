"""Brings what a graph ends in back to the process that runs it: for rounds, whose steps run in this very process and
whose outputs are few."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

_collected: dict[str, list[Any]] = {}


@dataclass
class Collect(beam.PTransform):
    """Any collection -> what ``take(name)`` returns when the run is done. Ends the graph.

    Attributes:
        name: under which it is collected.
        of: makes what is kept of an element.
    """

    name: str
    of: Callable[[Any], Any] | None = None

    def expand(self, items: Any) -> Any:
        """One step."""
        return items | "Collect" >> beam.ParDo(_Append(self.name, self.of))


class _Append(beam.DoFn):
    def __init__(self, name: str, of: Callable[[Any], Any] | None) -> None:
        self._name, self._of = name, of

    def process(self, item: Any) -> None:
        _collected.setdefault(self._name, []).append(item if self._of is None else self._of(item))


def take(name: str) -> list[Any]:
    """What was collected under ``name`` since it was last taken, in no order."""
    return _collected.pop(name, [])
