"""Brings a ledger's schema forward, one numbered step at a time, with a copy of the old ledger kept beside it."""

import re
import sqlite3
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from pipeline.errors import LedgerError

APPLICATION_ID = 0x706F6C77  # "polw": what tells a ledger from other SQLite files


def migrations() -> dict[int, str]:
    """The SQL of each version."""
    steps = {}
    for file in resources.files("pipeline.ledger.migrations").iterdir():
        if found := re.match(r"(\d+)_.*\.sql$", file.name):
            steps[int(found[1])] = file.read_text(encoding="utf-8")
    return steps


def version(connection: sqlite3.Connection, path: Path) -> int:
    """The ledger's schema version; 0 for an empty file. Raises LedgerError where the file is another program's."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if tables and mark != APPLICATION_ID:
        raise LedgerError(f"{path} is a database of another program; give another --ledger")
    if not tables:
        return 0
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    return int(row[0]) if row else 0


def check(found: int, newest: int, path: Path) -> None:
    """Raises LedgerError where a newer policywire wrote the ledger."""
    if found > newest:
        raise LedgerError(
            f"the ledger {path} has schema version {found}, and this policywire knows {newest}: upgrade policywire, "
            "or give another --ledger"
        )


def migrate(connection: sqlite3.Connection, path: Path, steps: Mapping[int, str] | None = None) -> Path | None:
    """Brings the ledger at ``path`` to the newest version of ``steps`` (by default: ``migrations()``) in one
    transaction; True to the old version or to the new one, never between.

    Returns the copy of the old ledger, where one was made. Raises LedgerError as ``version`` and ``check`` do.
    """
    steps = migrations() if steps is None else steps
    found, newest = version(connection, path), max(steps)
    check(found, newest, path)
    if found == newest:
        return None
    copy = None
    if found:
        copy = path.with_name(f"{path.name}.version-{found}")
        kept = sqlite3.connect(copy)
        try:
            connection.backup(kept)
        finally:
            kept.close()
    script = ["BEGIN IMMEDIATE;", f"PRAGMA application_id = {APPLICATION_ID};"]
    if not found:
        script.append("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;")
    script += [steps[step] for step in sorted(steps) if step > found]
    script.append(f"INSERT OR REPLACE INTO meta VALUES ('schema_version', '{newest}');")
    script.append("COMMIT;")
    try:
        connection.executescript("\n".join(script))
    except sqlite3.Error:
        if connection.in_transaction:
            connection.rollback()
        raise
    return copy
