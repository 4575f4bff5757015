"""One runner a ledger: a lock that the kernel lets go when its holder dies, however it dies."""

import fcntl
import os
from pathlib import Path
from typing import IO

from pipeline.errors import LedgerError


def lock(ledger: Path) -> IO[str]:
    """Locks ``ledger`` for this process until the returned file is closed.

    Raises LedgerError naming the process that holds it, or why the lock file beside it cannot be written.
    """
    path = ledger.with_name(ledger.name + ".lock")
    try:
        file = path.open("a+", encoding="ascii")
    except OSError as error:
        raise LedgerError(
            f"cannot write {path}: {error.strerror or error}; choose another place for the ledger (--ledger)"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read(20).strip() or "unknown"
        file.close()
        raise LedgerError(
            f"the ledger {ledger} is in use by process {holder}; stop it first, or give another --ledger"
        ) from None
    try:
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
    except OSError:
        # Only the name of the holder is lost, for instance on a full disk; the lock holds.
        pass
    return file
