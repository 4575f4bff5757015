"""The ledger: the embedded store (SQLite) of what ``run`` must know between rounds and after a crash.

    with Ledger(path) as ledger:                   # a runner: exclusive, made or brought forward
        offsets = ledger.positions("kafka")
        with ledger.transaction() as transaction:  # all of it, or nothing
            transaction.set_position("kafka", "news/0", 17)
            transaction.post("alert", [(alert.id, body)], ["alerts.jsonl"])

    with Ledger(path, exclusive=False) as ledger:  # beside a runner: to look, and for short transactions
        for kept in ledger.dead_letters(): ...
        with ledger.transaction() as transaction:
            transaction.ask_retry([kept.letter.id])  # the runner takes it up in its next round

``view`` lists what can be asked, ``transaction`` what can be written, ``memory`` is what steps of the graph see.
"""

from pipeline.ledger.memory import LedgerMemory
from pipeline.ledger.store import Ledger
from pipeline.ledger.transaction import Transaction
from pipeline.ledger.view import Coverage, KeptLetter, LedgerView, Parcel

__all__ = ["Coverage", "KeptLetter", "Ledger", "LedgerMemory", "LedgerView", "Parcel", "Transaction"]
