"""What a sink must be: something that takes parcels from the outbox and says what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.ledger import Parcel
from pipeline.ledger.view import Kind


@dataclass
class Delivery:
    """What became of a batch.

    Attributes:
        acknowledged: numbers (``Parcel.seq``) that the sink has for good: written and flushed, acknowledged by all
            replicas, answered with 2xx.
        refused: numbers that it will never take, with the reason: too large, answered with 400. They are set aside as
            dead letters and do not hold up the rest.
        failure: why the rest was not delivered, for a person; it is offered again after a pause. Empty: no failure.
        wait: seconds that the sink asked for before the next try.
    """

    acknowledged: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    failure: str = ""
    wait: float = 0.0


class Sink(Protocol):
    """Where alerts go. Used from one thread. An alert may be offered twice, where a crash or an error came between
    its delivery and its mark; its id is the same, and whoever receives it drops it by that."""

    @property
    def name(self) -> str:
        """Its name in the ledger and in messages: the URL without anything secret."""

    @property
    def takes(self) -> frozenset[Kind]:
        """The kinds of parcels that it wants."""

    @property
    def batch(self) -> int:
        """How many parcels it wants at once, at most."""

    def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        """Delivers, in order, and answers within some seconds whatever happens; what it says nothing of was not
        delivered. Never raises for what a network, a disk or a receiver does."""

    def close(self) -> None:
        """Ends connections, within half a second. ``deliver`` is not called again."""
