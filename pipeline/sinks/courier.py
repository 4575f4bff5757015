"""Carries what waits in the outbox to one sink: deliver, wait for the acknowledgement, mark, and again.

Each sink has a courier in a thread of its own, so that a slow or broken one keeps no other waiting; it keeps the
outbox full, though, and the runner stops reading when too much waits there.
"""

import threading
from collections.abc import Callable, Sequence

from pipeline.crash import crash_point
from pipeline.dead_letters import dead_letter
from pipeline.errors import LedgerError
from pipeline.ledger import Ledger, Parcel
from pipeline.runners.trouble import Pause, Trouble
from pipeline.sinks.sink import Sink
from schemas import Alert, DeadLetter, Position

STEP = "Deliver"


class Courier:
    """Delivers to ``sink`` until it is stopped.

    ``complain`` is called, from the courier's thread, with what goes wrong and when it is over. Should the ledger fail,
    the courier ends and ``failed`` holds the error.
    """

    def __init__(
        self, ledger: Ledger, sink: Sink, complain: Callable[[Trouble], None], letters_to: Sequence[str] = ()
    ) -> None:
        """``letters_to`` names the sinks that are told of what this one refuses."""
        self.sink = sink
        self.failed: LedgerError | None = None
        self._ledger, self._complain, self._letters_to = ledger, complain, letters_to
        self._news, self._stop = threading.Event(), threading.Event()
        self._pause = Pause(most=15.0)
        self._told: set[str] = set()
        self._thread = threading.Thread(target=self._work, name=f"courier {sink.name}", daemon=True)

    def start(self) -> None:
        """Begins with what waits from earlier runs."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something new in the outbox."""
        self._news.set()

    def stop(self, seconds: float) -> bool:
        """Lets a delivery under way end, for ``seconds`` at most; says whether it ended. What was not delivered stays
        in the outbox."""
        self._stop.set()
        self._news.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                parcels = self._ledger.outbox(self.sink.name, self.sink.batch)
                if not parcels:
                    self._news.wait(60.0)
                    self._news.clear()
                elif not self._carry(parcels):
                    self._stop.wait(max(0.0, self._pause.length))
        except LedgerError as error:
            self.failed = error
        finally:
            self.sink.close()

    def _carry(self, parcels: Sequence[Parcel]) -> bool:
        """Offers a batch and marks what became of it. False: the sink failed."""
        delivery = self.sink.deliver(parcels)
        crash_point("delivered")
        if delivery.acknowledged or delivery.refused:
            self._mark(parcels, delivery.acknowledged, delivery.refused)
            crash_point("acknowledged")
        if delivery.failure:
            pause = self._pause.longer(delivery.wait or 0.5)
            self._complain(Trouble(self.sink.name, f"{delivery.failure}; next try in {pause:.1f} s"))
            return False
        if self._pause.length:
            self._pause = Pause(self._pause.most)
            self._complain(Trouble(self.sink.name, "takes alerts again", over=True))
        return True

    def _mark(self, parcels: Sequence[Parcel], acknowledged: Sequence[int], refused: dict[int, str]) -> None:
        with self._ledger.transaction() as transaction:
            transaction.acknowledge(self.sink.name, acknowledged)
            for parcel in parcels:
                if parcel.seq not in refused:
                    continue
                reason = refused[parcel.seq]
                if parcel.kind == "dead_letter":  # the ledger's copy must do
                    transaction.acknowledge(self.sink.name, [parcel.seq])
                    if reason not in self._told:
                        self._told.add(reason)
                        self._complain(Trouble(self.sink.name, f"takes no dead letters, the ledger has them: {reason}"))
                    continue
                letter = _undeliverable(parcel, self.sink.name, reason)
                transaction.refuse(self.sink.name, parcel.seq, letter)
                packed = [(letter.id, letter.model_dump_json().encode())]
                transaction.post("dead_letter", packed, self._letters_to)


def _undeliverable(parcel: Parcel, sink: str, reason: str) -> DeadLetter:
    alert = Alert.model_validate_json(parcel.body)
    position = alert.article.position or Position(origin=alert.article.id, kind="text")
    return dead_letter("delivery_failed", STEP, f"{sink} refused alert {parcel.id}: {reason}", position, parcel.body)
