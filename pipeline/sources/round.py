"""What a source must be for rounds: bounded reads to a planned end, and positions that go into the ledger together
with everything that came of them.

A round is: ``plan`` every source, run the graph once over what was planned, and write to the ledger in one transaction
what came out of it and, by ``Plan.commit``, where each source goes on. A crash before that transaction leaves the
ledger as it was, and the next round reads the same again; a crash behind it finds everything written. So a source
keeps no position of its own anywhere else, and neither ``plan`` nor what ``reader`` gives may write to the ledger.

The graph is built and set up once and run again for every round (17 ms a round instead of 120). So nothing of a round may
be built into what ``reader`` gives: it is handed the plan's work items when the graph runs.

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

        def reader(self) -> ItemReader:
            return partial(read_file_in, self._folder)

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

    def read_file_in(folder: Path, name: str) -> Iterator[Article | DeadLetter | Note]:
        yield from read_file(folder / name, ReadLimits())
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple, Protocol, TypeAlias

import apache_beam as beam
from apache_beam.metrics import Metrics

from pipeline.ledger import LedgerView, Transaction
from schemas import Article, DeadLetter

NAMESPACE = "policywire.rounds"


class Note(NamedTuple):
    """What a reader has to say to ``Plan.commit``: any value that pickles."""

    value: Any


ItemReader: TypeAlias = Callable[[Any], Iterable[Article | DeadLetter | Note]]
"""Reads one work item."""


class Plan(Protocol):
    """What one source reads in one round."""

    @property
    def work(self) -> Sequence[Any]:
        """The items that the source's ``reader`` is handed when the graph runs, such as (topic, partition, first
        offset, end offset) or a fetched document. Never changed once planned."""

    def commit(self, transaction: Transaction, notes: Sequence[Any]) -> None:
        """Writes where the source goes on, feed states, coverage: whatever of the source's must hold if and only if
        what this plan read was written. Called when the graph has run to its end, inside the round's transaction.

        ``notes`` are the values of the notes that the source's reader gave in this round, in no order. By them comes back what is known only after reading, for example which entries
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

    def reader(self) -> ItemReader:
        """What reads a work item when the graph runs. It pickles; it may ask ``LedgerMemory`` what was seen."""

    def delivered(self) -> None:
        """Everything that was planned so far has been acknowledged by every sink. For courtesies such as group offsets
        in Kafka, never for what must not be lost: it may be called late, seldom or not at all."""

    def close(self) -> None:
        """Ends threads and connections, within half a second."""


@dataclass
class ReadWork(beam.PTransform):
    """Begin -> ``articles``, in turn, ``dead_letters``, and ``notes``, each (source, value): all that was handed out,
    read when the graph runs. Bounded, and in this process. Articles carry no timestamps of Beam's: a round is one window, and
    what is decided in it goes by the articles' own times.

    One step for all sources: side by side, they would have to be flattened, and this runner pickles what it flattens.

    Attributes:
        readers: by the sources' names.
    """

    readers: Mapping[str, ItemReader]

    def expand(self, begin: Any) -> dict[str, Any]:
        """One step."""
        outputs = (
            begin
            | beam.Impulse()
            | "Read work" >> beam.ParDo(_ReadWork(self.readers)).with_outputs("dead_letters", "notes", main="articles")
        )
        return {"articles": outputs.articles, "dead_letters": outputs.dead_letters, "notes": outputs.notes}


_handed_out: dict[str, Sequence[Any]] = {}


def hand_out(name: str, work: Sequence[Any]) -> None:
    """Sets what the reader of ``name`` is given in the next run."""
    _handed_out[name] = work


class _ReadWork(beam.DoFn):
    def __init__(self, readers: Mapping[str, ItemReader]) -> None:
        self._readers = dict(readers)

    def process(self, _: bytes) -> Iterator[Any]:
        turns = count(1)
        for name, read in self._readers.items():
            articles = Metrics.counter(NAMESPACE, f"read_{name}")
            for item in _handed_out.get(name, ()):
                for found in read(item):
                    if isinstance(found, DeadLetter):
                        yield beam.pvalue.TaggedOutput("dead_letters", found)
                    elif isinstance(found, Note):
                        yield beam.pvalue.TaggedOutput("notes", (name, found.value))
                    else:
                        articles.inc()
                        yield found.in_turn(next(turns))
