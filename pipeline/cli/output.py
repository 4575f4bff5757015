"""What every command prints with: data on stdout, everything else on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.errors import OutputError


def complain(message: str) -> None:
    """One error line on stderr."""
    print(f"policywire: {message}", file=sys.stderr)


def printable(text: str) -> str:
    """``text`` without control characters, so that a hostile headline cannot steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Writes to a temporary name beside ``path`` and renames at the end: the file appears whole or not at all.

    Raises OutputError where the place cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = partial.open("wb")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another place") from error
    try:
        with stream:
            yield stream
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
