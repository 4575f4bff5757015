"""What every command prints with: data on stdout, everything else on stderr."""

import codecs
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.errors import OutputError, UsageError

_STDOUT = (Path("-"), Path("/dev/stdout"))


def complain(message: str) -> None:
    """One error line on stderr."""
    print(f"policywire: {message}", file=sys.stderr)


def mend_streams() -> None:
    """Makes stdin, stdout and stderr fit for whatever is read and printed.

    One that is closed is opened, so that no file of ours takes its number: stdin is empty, stdout fails where something
    is written to it. What an encoding (ASCII, say) has no way to write is written as in JSON, ``\\u20ac``.
    """
    for name, flags, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, flags), mode))  # noqa: PTH123, SIM115 -- for as long as we live
    codecs.register_error("policywire", _as_in_json)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="policywire")


def _as_in_json(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def printable(text: str) -> str:
    """``text`` without control characters, so that a hostile headline cannot steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Writes to a temporary name beside ``path`` and renames at the end: the file appears whole or not at all.

    A symlink stays, and what it points to is replaced. What is there and no regular file (a device, a pipe) is written
    into; ``-`` is stdout. Raises OutputError where the place cannot be written.
    """
    if path in _STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                yield stream
            return
        file = Path(os.path.realpath(path))
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}.partial")
        try:
            with partial.open("wb") as stream:
                yield stream
            partial.replace(file)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another place") from error


def no_file(path: Path) -> None:
    """Removes the file that an earlier run left where this one has nothing to write; what is no regular file stays.

    Raises OutputError where it cannot be removed.
    """
    if path.is_file():
        try:
            Path(os.path.realpath(path)).unlink()
        except OSError as error:
            raise OutputError(f"cannot remove {path}, which an earlier run left: {error.strerror or error}") from error


def keep_apart(outputs: Iterable[tuple[str, Path | None]], inputs: Iterable[Path]) -> None:
    """Makes sure that no output, each with its name on the command line, is an input or another output.

    Raises UsageError naming both, or an output that is a folder. What is no regular file (a device, a pipe) may be given
    several times.
    """
    taken = {_identity(path): f"the input {path}" for path in inputs}
    for name, path in outputs:
        if path is not None and path.is_dir():
            raise UsageError(f"{name} {path} is a folder; name a file in it")
        if path is None or (path.exists() and not path.is_file()):
            continue
        here = f"{name} {path}"
        if other := taken.get(_identity(path)):
            raise UsageError(f"{here} would overwrite {other}: they are the same file; choose another")
        taken[_identity(path)] = here


def _identity(path: Path) -> object:
    """What all names of a file have in common, whether there is one yet or not."""
    try:
        found = path.stat()
    except OSError:
        return os.path.realpath(path)
    return found.st_dev, found.st_ino
