"""SQLite's errors in words for a person: what is wrong with the ledger, and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import LedgerError

_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space and start again; nothing is lost",
    sqlite3.SQLITE_READONLY: "it is read-only: correct its permissions, or give another --ledger",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: see that its folder exists and can be written, or give another "
    "--ledger",
    sqlite3.SQLITE_PERM: "permission denied: correct its permissions, or give another --ledger",
    sqlite3.SQLITE_NOTADB: "it is no ledger, or it is broken: restore a copy, or give another --ledger",
    sqlite3.SQLITE_CORRUPT: "it is broken: restore a copy, or see PolicywireLedgerUnreadable in docs/runbook.md, or give another "
    "--ledger",
    sqlite3.SQLITE_BUSY: "another process keeps it locked: stop that one, and start again",
    sqlite3.SQLITE_IOERR: "the disk failed or is full: see to it and start again; nothing is lost",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite raises inside into one LedgerError that names ``path`` and the remedy."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        words = _WORDS.get(code & 0xFF) if code is not None else None
        raise LedgerError(f"the ledger {path}: {words or error}") from error
