"""Dead letters that a person asked to be tried again: what could not be read is read again, what could not be
delivered is offered again. A source like another, so that nothing is lost or doubled on the way."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.dead_letters import dead_letter
from pipeline.ledger import LedgerView, Transaction
from pipeline.settings import ReadLimits
from pipeline.sources.feed_document import parse_feed
from pipeline.sources.record import STEP, parse_record
from pipeline.sources.round import ItemReader, Plan
from schemas import Article, DeadLetter

NAME = "retries"


@dataclass
class Retries:
    """The RoundSource of dead letters whose retry was asked for (``Transaction.ask_retry``).

    Attributes:
        limits: what an input may be at most.
    """

    limits: ReadLimits
    name: str = NAME

    def plan(self, ledger: LedgerView, limit: int) -> Plan | None:
        """What was asked for since the last round."""
        letters = [kept.letter for kept in ledger.dead_letters(state="retry", limit=limit)]
        return _RetryPlan(tuple(letters)) if letters else None

    def idle(self) -> bool:
        """True: nothing is under way between two plans."""
        return True

    def reader(self) -> ItemReader:
        """Reads a letter's bytes anew."""
        return partial(read_again, self.limits)

    def delivered(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True)
class _RetryPlan:
    letters: tuple[DeadLetter, ...]

    @property
    def work(self) -> Sequence[DeadLetter]:
        return [letter for letter in self.letters if letter.cause != "delivery_failed"]

    def commit(self, transaction: Transaction, notes: Sequence[Any]) -> None:  # noqa: ARG002
        ids = [letter.id for letter in self.letters]
        transaction.set_retried(ids)
        transaction.deliver_again(ids)


def read_again(limits: ReadLimits, letter: DeadLetter) -> Iterator[Article | DeadLetter]:
    """What the bytes that ``letter`` kept read like now. Never raises."""
    payload = base64.b64decode(letter.payload)
    if letter.payload_size > len(payload):
        message = (
            f"cannot be tried again: only the first {len(payload):,} of its {letter.payload_size:,} bytes were kept; "
            "it stands at the position named"
        )
        yield dead_letter(letter.cause, STEP, message, letter.position, payload, size=letter.payload_size)
    elif letter.position.kind == "feed" and letter.position.entry is None:
        yield from parse_feed(payload, letter.position.origin)
    else:
        yield parse_record(payload, letter.position, limits)
