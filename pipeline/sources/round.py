"""What a source must be for rounds: bounded reads to a planned end, and positions that go into the ledger together
with everything that came of them.

A round is: ``plan`` every source, run the graph once over what was planned, and write to the ledger in one transaction
what came out of it and, by ``Plan.commit``, where each source goes on. A crash before that transaction leaves the
ledger as it was, and the next round reads the same again; a crash behind it finds everything written. So a source
keeps no position of its own anywhere else, and neither ``plan`` nor the steps of ``transform`` may write to the
ledger.

The graph is built once and run again for every round (39 ms a round instead of 105). So nothing of a round may be built
into ``transform``: its first step is ``Work(name)``, which yields the plan's work items when the graph runs.

A source, whole:

    class FolderSource:
        name = "folder"

        def __init__(self, folder: Path) -> None:
            self._folder = folder

        def plan(self, ledger: LedgerView, limit: int) -> Plan | None:
            known = ledger.positions(self.name)
            new = tuple(sorted(p.name for p in self._folder.iterdir() if p.name not in known))[:limit]
            return FolderPlan(new) if new else None

        def idle(self) -> bool:
            return True

        def transform(self) -> beam.PTransform:
            return ReadFolder(self.name, self._folder)

        def delivered(self) -> None:
            pass

        def close(self) -> None:
            pass

    @dataclass(frozen=True)
    class FolderPlan:
        work: tuple[str, ...]

        def commit(self, transaction: Transaction, notes: Sequence[Any]) -> None:
            for name in self.work:
                transaction.set_position("folder", name, 1)

    @dataclass
    class ReadFolder(beam.PTransform):
        name: str
        folder: Path

        def expand(self, begin):
            items = begin | Work(self.name) | beam.ParDo(_ReadFile(self.folder)).with_outputs(
                "dead_letters", "notes", main="articles")
            return {"articles": items.articles, "dead_letters": items.dead_letters, "notes": items.notes}
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import apache_beam as beam

from pipeline.ledger import LedgerView, Transaction


class Plan(Protocol):
    """What one source reads in one round."""

    @property
    def work(self) -> Sequence[Any]:
        """The items that the source's ``transform`` is handed when the graph runs, such as (topic, partition, first
        offset, end offset) or a fetched document. Never changed once planned."""

    def commit(self, transaction: Transaction, notes: Sequence[Any]) -> None:
        """Writes where the source goes on, feed states, coverage: whatever of the source's must hold if and only if
        what this plan read was written. Called when the graph has run to its end, inside the round's transaction.

        ``notes`` is what the steps of ``transform`` put on their output ``notes`` in this round, in no order; empty
        where they have no such output. By it comes back what is known only after reading, for example which entries
        were new: ``transaction.set_seen``.
        """


class RoundSource(Protocol):
    """A source that is read in rounds. All its methods are called from one thread."""

    @property
    def name(self) -> str:
        """Its name, unlike that of any other source of the same run; stable over restarts, for it keys positions."""

    def plan(self, ledger: LedgerView, limit: int) -> Plan | None:
        """What to read next, up to an end that is fixed now; None: nothing new at the moment.

        At most about ``limit`` articles (guessed, where it is not known before reading): so many fit a round of a
        second. The rest waits for the next round.

        Called every poll (a few times a second), so it must answer at once: what waits for a network (fetching feeds,
        reconnecting) belongs to a thread of the source's own, and ``plan`` hands out what is ready.

        Where the input cannot be reached it raises SourceUnavailableError with one line for a person; it is asked again
        after a pause that grows from half a second to 30 seconds, while other sources go on.
        """

    def idle(self) -> bool:
        """Whether nothing is under way that a later ``plan`` would hand out. ``run --once`` ends when every source
        plans None and is idle; a source whose input never ends fixes an end at its first ``plan`` in that mode."""

    def transform(self) -> Any:
        """A PTransform from the pipeline's beginning to a dict of collections: ``articles`` (Article with their event
        time as timestamp, see ``archive.stamped``), ``dead_letters`` (DeadLetter), and optionally ``notes`` (any value
        that pickles, for ``Plan.commit``). Bounded. Its steps may ask ``LedgerMemory`` what was seen."""

    def delivered(self) -> None:
        """Everything that was planned so far has been acknowledged by every sink. For courtesies such as group offsets
        in Kafka, never for what must not be lost: it may be called late, seldom or not at all."""

    def close(self) -> None:
        """Ends threads and connections, within half a second."""


@dataclass
class Work(beam.PTransform):
    """Begin -> the work items that were handed out for a source, read when the graph runs.

    Attributes:
        name: the source's name.
    """

    name: str

    def expand(self, begin: Any) -> Any:
        """One step, on the runner's worker in this process."""
        return begin | beam.Impulse() | "Work" >> beam.ParDo(_TakeWork(self.name))


_handed_out: dict[str, Sequence[Any]] = {}


def hand_out(name: str, work: Sequence[Any]) -> None:
    """Sets what ``Work(name)`` yields in the next run."""
    _handed_out[name] = work


class _TakeWork(beam.DoFn):
    def __init__(self, name: str) -> None:
        self._name = name

    def process(self, _: bytes) -> Iterator[Any]:
        yield from _handed_out.get(self._name, ())
