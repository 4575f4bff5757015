"""JSON lines that a command reads: plain or gzipped, as a stream. What is wrong with one is said as for an archive's."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from pipeline.errors import InputError

_CHUNK = 1 << 16


class Line(NamedTuple):
    """A line that is not blank; of one that is too long the beginning, with its whole size in bytes."""

    number: int
    content: bytes
    size: int


def open_lines(source: str) -> AbstractContextManager[IO[bytes]]:
    """``source``, which may be gzipped (.gz) or - for standard input. Raises InputError where it cannot be opened."""
    if source == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return gzip.open(source) if source.lower().endswith(".gz") else Path(source).open("rb")  # type: ignore[return-value]
    except OSError as error:
        raise InputError(f"cannot read {source}: {error.strerror or error}") from error


def read_lines(stream: IO[bytes], source: str, most: int) -> Iterator[Line]:
    """The lines of ``stream``; of each at most ``most`` + 1 bytes are held.

    Raises InputError where the stream breaks off or is no gzip; what stands before that was given.
    """
    number = 0
    while True:
        try:
            content = stream.readline(most + 1)
            size = len(content)
            end = content
            while size > most and end and not end.endswith(b"\n"):
                end = stream.readline(_CHUNK)
                size += len(end)
        except (EOFError, zlib.error, OSError) as error:
            raise InputError(f"{source}: cannot read on behind line {number}: {error}") from error
        if not content:
            return
        number += 1
        if number == 1:
            content = content.removeprefix(b"\xef\xbb\xbf")
        if content.strip():
            yield Line(number, content, size)


def json_object(line: Line, most: int) -> dict[str, Any]:
    """The JSON object in ``line``. Raises ValueError saying what is wrong with it."""
    if line.size > most:
        raise ValueError(f"a line of {line.size:,} bytes, more than {most:,} (limits.max_line_bytes)")
    try:
        line.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start}): convert it, for example with iconv") from error
    try:
        item = orjson.loads(line.content)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(item, dict):
        raise ValueError("not a JSON object")
    return item
