"""A folder that a bounded run writes into, and that is read back in a fixed order when the run is done.

Each bundle appends to a file of its worker's own, so that several workers can write; nothing is kept in memory but
an index of the order. Where the run fails, the folder is thrown away: nothing is half written.
"""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import apache_beam as beam

from schemas import Alert, DeadLetter


@dataclass
class Spool(beam.PTransform):
    """Alerts or dead letters -> JSON lines in ``folder``, in no order. Ends the graph.

    Attributes:
        folder: an existing folder that the workers can write to.
    """

    folder: str

    def expand(self, items: Any) -> Any:
        """One step."""
        return items | "Spool" >> beam.ParDo(_Append(self.folder))


class _Append(beam.DoFn):
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._stream: IO[bytes] | None = None

    def process(self, item: Alert | DeadLetter) -> None:
        if self._stream is None:
            name = f"{os.getpid()}-{uuid.uuid4().hex}.jsonl"
            self._stream = (Path(self._folder) / name).open("ab")
        self._stream.write(_order(item) + b"\t" + item.model_dump_json().encode() + b"\n")

    def finish_bundle(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _order(item: Alert | DeadLetter) -> bytes:
    """What the output is sorted by, without tab and newline: alerts by event time, undated ones first, and revision; dead
    letters by place."""
    if isinstance(item, Alert):
        time = item.event_time.isoformat() if item.event_time else ""
        return f"{time} {item.revision:06} {item.id}".encode()
    place = item.position
    within = place.offset if place.offset is not None else place.line
    key = f"{place.origin}\x01{place.partition or 0:06}\x01{within or 0:019}\x01{place.entry or ''}\x01{item.id}"
    return key.encode("utf-8", "backslashreplace").replace(b"\t", b" ").replace(b"\n", b" ")


def in_order(folder: Path) -> Iterator[bytes]:
    """The JSON lines spooled in ``folder``, sorted; memory holds an index of them, not the lines."""
    index: list[tuple[bytes, int, int, int]] = []
    streams = [path.open("rb") for path in sorted(folder.glob("*.jsonl"))]
    try:
        for which, stream in enumerate(streams):
            offset = 0
            for line in stream:
                key = line[: line.index(b"\t")]
                index.append((key, which, offset + len(key) + 1, len(line) - len(key) - 1))
                offset += len(line)
        index.sort(key=lambda entry: entry[0])
        for _, which, offset, size in index:
            streams[which].seek(offset)
            yield streams[which].read(size)
    finally:
        for stream in streams:
            stream.close()
