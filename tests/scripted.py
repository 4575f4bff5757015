"""A source and sinks for tests of rounds: real ones, that hold their input and output in memory, and can fail."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import SourceUnavailableError
from pipeline.ledger import LedgerView, Parcel, Transaction
from pipeline.settings import ReadLimits
from pipeline.sinks.sink import Delivery
from pipeline.sources.record import parse_record
from pipeline.sources.round import ItemReader, Note
from schemas import Alert, Article, DeadLetter, Position


@dataclass
class ScriptedSource:
    """Reads ``records`` (articles as JSON, or anything else as bytes) in order, ``step`` at a time."""

    records: list[bytes]
    step: int = 1_000_000
    name: str = "scripted"
    broken: Callable[[], bool] = lambda: False
    told_delivered: int = 0
    closed: bool = False

    def plan(self, ledger: LedgerView, limit: int) -> "ScriptedPlan | None":
        if self.broken():
            raise SourceUnavailableError("the wire is cut")
        first = ledger.positions(self.name).get("records", 0)
        last = min(first + min(limit, self.step), len(self.records))
        work = tuple((number, self.records[number]) for number in range(first, last))
        return ScriptedPlan(self.name, work, last) if work else None

    def idle(self) -> bool:
        return True

    def reader(self) -> ItemReader:
        return read_script

    def delivered(self) -> None:
        self.told_delivered += 1

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True)
class ScriptedPlan:
    name: str
    work: Sequence[tuple[int, bytes]]
    following: int

    def commit(self, transaction: Transaction, notes: Sequence[Any]) -> None:
        transaction.set_position(self.name, "records", self.following)
        transaction.set_seen((f"{self.name}/{number}", "read") for number in notes)


def read_script(item: tuple[int, bytes]) -> Iterator[Article | DeadLetter | Note]:
    number, record = item
    yield Note(number)
    yield parse_record(record, Position(origin="script", kind="file", line=number + 1), ReadLimits())


@dataclass
class MemorySink:
    """Takes everything, unless told otherwise."""

    name: str = "memory"
    takes: frozenset[Any] = frozenset(("alert",))
    batch: int = 100
    parcels: list[Parcel] = field(default_factory=list)
    refuse: Callable[[Parcel], bool] = lambda _: False
    broken: Callable[[], bool] = lambda: False
    closed: bool = False

    def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        if self.broken():
            return Delivery(failure="no answer")
        refused = [p for p in parcels if self.refuse(p)]
        taken = [p for p in parcels if not self.refuse(p)]
        self.parcels += taken
        return Delivery([p.seq for p in taken], {p.seq: "too large" for p in refused})

    def close(self) -> None:
        self.closed = True

    def alerts(self) -> list[Alert]:
        return [Alert.model_validate_json(p.body) for p in self.parcels if p.kind == "alert"]


def news(number: int, *, alert: bool = True, **changes: Any) -> bytes:
    """An article about a made-up bank, as JSON; ``alert``: whether it tells of a policy signal."""
    title = (
        f"Federal Reserve fines Bank number {number} over lending rules" if alert else f"Match {number} ends in a draw"
    )
    text = (
        f"The Federal Reserve fined the lender {number} million dollars for breaking lending rules, it said on Monday."
        if alert
        else "The crowd went home early."
    )
    fields = {
        "id": f"article-{number}",
        "title": title,
        "text": text,
        "published": f"2024-03-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z",
    }
    return Article(**(fields | changes)).model_dump_json(exclude_defaults=True).encode()
