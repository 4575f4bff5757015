"""Alerts as lines of CloudEvents: appended to a file, or written to stdout."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import orjson

from pipeline.ledger import Parcel
from pipeline.ledger.view import Kind
from pipeline.sinks.sink import Delivery
from schemas import Alert, AlertEvent

_BOTH: frozenset[Kind] = frozenset(("alert", "dead_letter"))
_ALERTS: frozenset[Kind] = frozenset(("alert",))


def event_line(parcel: Parcel) -> bytes:
    """An alert as a CloudEvent, or a dead letter as it is: one line of JSON."""
    if parcel.kind == "dead_letter":
        return parcel.body + b"\n"
    return AlertEvent.of(Alert.model_validate_json(parcel.body)).model_dump_json().encode() + b"\n"


@dataclass
class JsonlSink:
    """Appends to ``path``; dead letters to ``NAME.dead-letters.jsonl`` beside it. Whole lines, on the disk (fsync)
    before they are acknowledged. A last line that a power cut tore is cut off, for what it held was never acknowledged
    and comes again; one that lacks nothing but its newline gets it. The file may be moved away at any time; the next
    batch begins a new one."""

    path: Path
    batch: ClassVar[int] = 500
    takes: ClassVar[frozenset[Kind]] = _BOTH

    @property
    def name(self) -> str:
        """The path, whole, so that it is the same from wherever a run is started."""
        return str(self.path.absolute())

    def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        """Appends and flushes."""
        delivery = Delivery()
        letters = beside(self.path)
        for kind, path in (("alert", self.path), ("dead_letter", letters)):
            batch = [parcel for parcel in parcels if parcel.kind == kind]
            if not batch:
                continue
            try:
                _append(path, b"".join(map(event_line, batch)))
            except OSError as error:
                delivery.failure = f"cannot write {path}: {error.strerror or error}"
                break
            delivery.acknowledged += [parcel.seq for parcel in batch]
        return delivery

    def close(self) -> None:
        """Nothing is held open."""


def beside(path: Path) -> Path:
    """Where the dead letters of a file of alerts go that were given no other place."""
    return path.parent / f"{path.stem}.dead-letters.jsonl"


def _append(path: Path, lines: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b", buffering=0) as stream:
        end, newline = _whole(stream.fileno())
        lines = newline + lines
        try:
            written = 0
            while written < len(lines):
                written += os.write(stream.fileno(), lines[written:])
            os.fsync(stream.fileno())
        except OSError:
            # A full disk: take back what was half written, so that the next try does not double it.
            os.ftruncate(stream.fileno(), end)
            raise


def _whole(file: int) -> tuple[int, bytes]:
    """Cuts off a torn last line. Returns the file's size, and the newline that a complete last line lacks. What is no
    regular file (a pipe, a device) has no size."""
    try:
        size = end = os.lseek(file, 0, os.SEEK_END)
    except OSError:
        return 0, b""
    while end:
        start = max(0, end - 65536)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end == size:
        return size, b""
    if _is_json(os.pread(file, size - end, end)):
        return size, b"\n"
    os.ftruncate(file, end)
    return end, b""


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


class ConsoleSink:
    """Writes alerts to stdout: JSON lines, or a line for a person where it is a terminal."""

    name: ClassVar[str] = "-"
    batch: ClassVar[int] = 500
    takes: ClassVar[frozenset[Kind]] = _ALERTS

    def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        """Writes and flushes. A reader that went away is a failure like another: alerts wait for the next run."""
        try:
            if sys.stdout.isatty():
                from pipeline.cli.table import plain_line

                for parcel in parcels:
                    sys.stdout.write(plain_line(Alert.model_validate_json(parcel.body)) + "\n")
                sys.stdout.flush()
            else:
                sys.stdout.flush()
                sys.stdout.buffer.write(b"".join(map(event_line, parcels)))
                sys.stdout.buffer.flush()
        except BrokenPipeError:
            return Delivery(failure="the reader of stdout went away")
        except OSError as error:
            return Delivery(failure=f"cannot write to stdout: {error.strerror or error}")
        return Delivery([parcel.seq for parcel in parcels])

    def close(self) -> None:
        """Stdout is not ours to close."""
