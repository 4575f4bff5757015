"""What can be written to the ledger: all of a transaction, or nothing of it."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import orjson

from pipeline.ledger.view import Coverage, Kind
from schemas import DeadLetter

Aged: TypeAlias = Literal["seen", "histories", "stories", "dead_letters", "coverage"]
"""Tables whose rows are forgotten when they are old."""


class Transaction:
    """Writes, handed out by ``Ledger.transaction`` and in force when its context ends without an error. ``at`` is the
    time that they are stamped with, in seconds since 1970."""

    def __init__(self, connection: sqlite3.Connection, path: Path, at: float) -> None:
        self.path, self.at = path, at
        self._connection = connection

    def set_position(self, source: str, item: str, following: int) -> None:
        """``source`` goes on with ``following`` in ``item``."""
        self._connection.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", (source, item, following))

    def set_feed_state(self, url: str, state: bytes) -> None:
        """Keeps a feed's JSON."""
        self._connection.execute("INSERT OR REPLACE INTO feed_states VALUES (?, ?)", (url, state.decode()))

    def set_seen(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Marks keys as read, each with its digest. Keys still seen should be marked again at times: see ``prune``."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", ((key, digest, self.at) for key, digest in pairs)
        )

    def set_histories(self, pairs: Iterable[tuple[str, bytes]]) -> None:
        """Keeps the last alert of articles: (article id, History as JSON)."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO histories VALUES (?, ?, ?)", ((key, body, self.at) for key, body in pairs)
        )

    def set_stories(self, pairs: Iterable[tuple[str, bytes]]) -> None:
        """Keeps the story now told under keys: (key, StoryState as JSON)."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO stories VALUES (?, ?, ?)", ((key, body, self.at) for key, body in pairs)
        )

    def post(self, kind: Kind, parcels: Iterable[tuple[str, bytes]], sinks: Sequence[str]) -> None:
        """Puts (id, body) into the outbox for each of ``sinks``, in this order."""
        if not sinks:
            return
        for parcel_id, body in parcels:
            seq = self._connection.execute(
                "INSERT INTO outbox (kind, id, body, at) VALUES (?, ?, ?, ?)", (kind, parcel_id, body, self.at)
            ).lastrowid
            self._connection.executemany(
                "INSERT INTO pending (sink, seq) VALUES (?, ?)", ((sink, seq) for sink in sinks)
            )

    def acknowledge(self, sink: str, seqs: Sequence[int]) -> None:
        """``sink`` has these, for good. What nobody waits for any more leaves the outbox."""
        self._connection.executemany("DELETE FROM pending WHERE sink = ? AND seq = ?", ((sink, seq) for seq in seqs))
        self._connection.executemany(
            "DELETE FROM outbox WHERE seq = ?1 AND NOT EXISTS (SELECT 1 FROM pending WHERE seq = ?1)",
            ((seq,) for seq in seqs),
        )

    def refuse(self, sink: str, seq: int, letter: DeadLetter) -> None:
        """``sink`` will never take this: it is held under ``letter``, which is kept, and the rest goes on."""
        self._connection.execute("UPDATE pending SET refused = ? WHERE sink = ? AND seq = ?", (letter.id, sink, seq))
        self.keep_dead_letters([letter])

    def deliver_again(self, ids: Iterable[str]) -> None:
        """Offers what is held under these dead letters to its sink again."""
        self._connection.executemany("UPDATE pending SET refused = NULL WHERE refused = ?", ((i,) for i in ids))

    def forget_sink(self, sink: str) -> None:
        """Gives up what ``sink`` waits for."""
        self._connection.execute("DELETE FROM pending WHERE sink = ?", (sink,))
        self._sweep()

    def _sweep(self) -> None:
        self._connection.execute("DELETE FROM outbox WHERE seq NOT IN (SELECT seq FROM pending)")

    def keep_dead_letters(self, letters: Iterable[DeadLetter]) -> None:
        """Keeps dead letters, open. One met again is open again, and counted."""
        self._connection.executemany(
            "INSERT INTO dead_letters (id, cause, step, origin, body, at) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET attempts = attempts + 1, state = 'open', at = excluded.at, "
            "body = excluded.body",
            (
                (letter.id, letter.cause, letter.step, str(letter.position), letter.model_dump_json().encode(), self.at)
                for letter in letters
            ),
        )

    def ask_retry(self, ids: Iterable[str]) -> int:
        """Asks that open dead letters be read, or delivered, again in the next round; says how many were open."""
        return self._connection.executemany(
            "UPDATE dead_letters SET state = 'retry' WHERE id = ? AND state = 'open'", ((i,) for i in ids)
        ).rowcount

    def set_retried(self, ids: Iterable[str]) -> None:
        """Marks dead letters as read again. Those that fail again are kept as open afterwards."""
        self._connection.executemany("UPDATE dead_letters SET state = 'retried' WHERE id = ?", ((i,) for i in ids))

    def drop_dead_letters(self, ids: Iterable[str]) -> int:
        """Throws dead letters away, with what is held under them; says how many there were."""
        dropped = [(i,) for i in ids]
        self._connection.executemany("DELETE FROM pending WHERE refused = ?", dropped)
        self._sweep()
        return self._connection.executemany("DELETE FROM dead_letters WHERE id = ?", dropped).rowcount

    def add_coverage(self, records: Iterable[Coverage]) -> None:
        """Notes what sources found; their ``at`` is set to this transaction's where it is 0."""
        self._connection.executemany(
            "INSERT INTO coverage VALUES (?, ?, ?, ?, ?, ?)",
            (
                (r.at or self.at, r.source, r.item, r.outcome, orjson.dumps(r.counts).decode(), r.detail)
                for r in records
            ),
        )

    def set_meta(self, key: str, value: str) -> None:
        """Sets a fact about the ledger itself."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def add_totals(self, counters: Mapping[str, int]) -> None:
        """Adds a round's counters to the totals."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = 'totals'").fetchone()
        totals = orjson.loads(row[0]) if row else {}
        for name, count in counters.items():
            totals[name] = totals.get(name, 0) + count
        self.set_meta("totals", orjson.dumps(totals).decode())

    def prune(self, table: Aged, before: float, limit: int = 10_000) -> int:
        """Forgets rows that were last touched ``before`` a time, at most ``limit`` of them so that it stays short; says
        how many."""
        if table not in get_args(Aged):
            raise ValueError(f"{table} is not pruned by age")
        if table == "dead_letters":
            old = self._connection.execute("SELECT id FROM dead_letters WHERE at < ? LIMIT ?", (before, limit))
            return self.drop_dead_letters([row[0] for row in old])
        key = "rowid" if table == "coverage" else "key"
        return self._connection.execute(
            f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE at < ? LIMIT ?)", (before, limit)
        ).rowcount
