"""Opens the ledger and hands out transactions."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pipeline.errors import LedgerError
from pipeline.ledger.failure import explained
from pipeline.ledger.lock import lock
from pipeline.ledger.memory import forget
from pipeline.ledger.migrate import check, migrate, migrations, version
from pipeline.ledger.transaction import Transaction
from pipeline.ledger.view import LedgerView


class Ledger(LedgerView):
    """The embedded store: what ``run`` knows between rounds and across restarts.

    One SQLite file in WAL mode with synchronous=FULL: what a finished transaction wrote survives a crash of the
    process and of the machine. May be used from several threads; transactions take turns. Every method raises
    LedgerError, with what to do, where the disk is full, read-only or broken.
    """

    def __init__(
        self,
        path: Path,
        *,
        exclusive: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Opens the ledger at ``path``.

        A runner opens it with ``exclusive``: it is made where there is none, brought to the newest schema (``copy``
        then names the copy of the old one), and refused while another runner has it. Without, an existing ledger is
        opened beside a runner, to look and for short transactions.
        """
        self._lock: IO[str] | None = None
        self.copy: Path | None = None
        if path.is_dir():
            raise LedgerError(f"the ledger {path} is a folder; name a file in it (--ledger)")
        if not path.exists() and not exclusive:
            raise LedgerError(f"no ledger at {path}: `policywire run` makes one; or give another --ledger")
        if exclusive:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LedgerError(f"the ledger {path}: {error.strerror or error}; give another --ledger") from error
            self._lock = lock(path)
        connection = None
        try:
            with explained(path):
                # Autocommit: transactions begin and end where this module says so.
                connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
                if exclusive:
                    connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                if exclusive:
                    self.copy = migrate(connection, path)
                else:
                    self._expect_newest(connection, path)
        except BaseException:
            if connection is not None:
                connection.close()
            if self._lock is not None:
                self._lock.close()
            raise
        self._clock = clock
        super().__init__(connection, path, threading.RLock())

    @staticmethod
    def _expect_newest(connection: sqlite3.Connection, path: Path) -> None:
        found, newest = version(connection, path), max(migrations())
        check(found, newest, path)
        if found < newest:
            raise LedgerError(f"the ledger {path} is of an older policywire: `policywire run` brings it forward")

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Yields a transaction; in force when the context ends, nothing of it if it ends by an error."""
        with self._guard, explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._connection, self.path, self._clock())
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Closes the file and lets go of the lock. Safe to call twice."""
        forget(self.path)
        super().close()
        with self._guard:
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
