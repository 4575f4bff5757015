"""Archives: JSON lines (plain or gzipped), feed documents, text files, and folders of them. Read as a stream: one
line, or one document, is in memory at a time."""

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import IO, Any

import apache_beam as beam
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp

from pipeline.dead_letters import dead_letter
from pipeline.errors import InputError
from pipeline.progress import PROGRESS
from pipeline.settings import ReadLimits
from pipeline.sources.feed_document import parse_feed
from pipeline.sources.record import STEP, parse_record
from schemas import Article, DeadLetter, Position
from schemas.terms import Cause

LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
FEEDS = (".xml", ".rss", ".atom", ".rdf", ".json")
TEXTS = (".txt",)
KINDS = LINES + FEEDS + TEXTS

MAX_HEADLINE_LINE = 150
_CHUNK = 1 << 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TURNS = 1 << 40


def archive_files(paths: list[Path]) -> list[Path]:
    """The files to read, in order: each path that is a file, and what a folder holds of known kinds, by name.

    Raises InputError naming a path that is missing, of no known kind, or a folder with nothing to read.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and _kind(p) and not p.name.startswith("."))
            if not inside:
                raise InputError(f"{path}: the folder holds no file of a known kind ({', '.join(KINDS)})")
            files += inside
        elif not path.exists():
            raise InputError(f"{path}: no such file or folder")
        elif not _kind(path):
            raise InputError(f"{path}: not of a known kind; rename it to end in one of {', '.join(KINDS)}")
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def _kind(path: Path) -> str:
    name = path.name.lower()
    return next((suffix for suffix in KINDS if name.endswith(suffix)), "")


def read_file(path: Path, limits: ReadLimits) -> Iterator[Article | DeadLetter]:
    """Every article of ``path``, or a dead letter for what cannot be read of it. Never raises for any content."""
    kind = _kind(path)
    position = Position(origin=named(path), kind="file")
    try:
        if kind in LINES:
            yield from _read_lines(path, position, limits)
            return
        size = path.stat().st_size
        with path.open("rb") as stream:
            payload = stream.read(limits.max_document_bytes + 1)
        PROGRESS.done += size
    except OSError as error:
        yield dead_letter(
            "unreadable", STEP, f"cannot read {position.origin}: {error.strerror or error}", position, b"", error
        )
        return
    if size > limits.max_document_bytes:
        message = f"{size:,} bytes, more than {limits.max_document_bytes:,} (limits.max_document_bytes)"
        yield dead_letter("too_large", STEP, message, position, payload, size=size)
    elif kind in TEXTS:
        yield _read_text(payload, position)
    else:
        yield from parse_feed(payload, position.origin, file=True)


def _read_text(payload: bytes, position: Position) -> Article | DeadLetter:
    """A text file is one article. A first line that is short and does not end as a sentence is its title."""
    encoding = "utf-16" if payload[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = payload.decode(encoding).strip()
    except UnicodeDecodeError as error:
        message = f"not {encoding.upper()} (byte {error.start}): convert it, for example with iconv"
        return dead_letter("bad_encoding", STEP, message, position, payload)
    if not text.strip("\x00 \r\n\t"):
        return dead_letter("unreadable", STEP, "the file is empty", position, payload)
    first, _, rest = text.partition("\n")
    first = first.strip()
    is_title = bool(rest.strip()) and len(first) <= MAX_HEADLINE_LINE and not first.endswith((".", "!", '."', ".”"))
    return Article(title=first if is_title else "", text=rest.strip() if is_title else text, position=position)


def _read_lines(path: Path, place: Position, limits: ReadLimits) -> Iterator[Article | DeadLetter]:
    number = 0
    with path.open("rb") as raw:
        stream: IO[bytes] = gzip.open(raw) if path.name.lower().endswith(".gz") else raw  # type: ignore[assignment]  # noqa: SIM115
        done = 0
        while True:
            try:
                line = stream.readline(limits.max_line_bytes + 1)
                size = len(line)
                if size > limits.max_line_bytes:
                    size += _skip_line(stream, line)
            except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
                broken = isinstance(error, EOFError | zlib.error | gzip.BadGzipFile)
                cause: Cause = "bad_gzip" if broken else "unreadable"
                message = f"cannot read on behind line {number}: {error}; what stands before it was read"
                yield dead_letter(cause, STEP, message, _at(place, number + 1), b"", error)
                return
            if not line:
                if number == 0:
                    yield dead_letter("unreadable", STEP, "the file is empty", _at(place, 1), b"")
                return
            number += 1
            if raw.tell() != done:
                PROGRESS.done += raw.tell() - done
                done = raw.tell()
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if not line.strip():
                continue
            if size > limits.max_line_bytes:
                message = f"a line of {size:,} bytes, more than {limits.max_line_bytes:,} (limits.max_line_bytes)"
                yield dead_letter("too_large", STEP, message, _at(place, number), line, size=size)
                continue
            yield parse_record(line.rstrip(b"\r\n"), _at(place, number), limits)


def _skip_line(stream: IO[bytes], line: bytes) -> int:
    skipped = 0
    while line and not line.endswith(b"\n"):
        line = stream.readline(_CHUNK)
        skipped += len(line)
    return skipped


def _at(place: Position, line: int) -> Position:
    return Position(origin=place.origin, kind="file", line=line)


def named(path: Path) -> str:
    """``path`` as a position names it: what of it is no text, or cannot be printed, is escaped as in Python."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def stamped(article: Article) -> Any:
    """``article`` at its event time; an undated one at the beginning of time, so that it is never late and never
    borrows the clock of today."""
    if article.published is None:
        return TimestampedValue(article, MIN_TIMESTAMP)
    since = article.published - _EPOCH
    return TimestampedValue(article, Timestamp(since.days * 86400 + since.seconds, micros=since.microseconds))


def turns(number: int) -> Iterator[int]:
    """The turns of the articles in the ``number``th of several inputs: behind all those of the inputs before."""
    return count(number * _TURNS + 1)


@dataclass
class ReadArchive(beam.PTransform):
    """Files -> ``articles`` at their event time, in turn, and ``dead_letters``. Bounded; files are read one by one, as
    streams.

    Attributes:
        files: what ``archive_files`` gave.
        limits: what a line or a document may be at most.
    """

    files: list[Path]
    limits: ReadLimits = field(default_factory=ReadLimits)

    def expand(self, begin: Any) -> dict[str, Any]:
        """One step a file."""
        outputs = (
            begin
            | "Files" >> beam.Create([(number, os.fsencode(file)) for number, file in enumerate(self.files)])
            | "Read files" >> beam.ParDo(_ReadFile(self.limits)).with_outputs("dead_letters", main="articles")
        )
        return {"articles": outputs.articles, "dead_letters": outputs.dead_letters}


class _ReadFile(beam.DoFn):
    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits

    def process(self, numbered: tuple[int, bytes]) -> Iterator[Any]:
        number, file = numbered
        for turn, item in zip(turns(number), read_file(Path(os.fsdecode(file)), self._limits), strict=False):
            if isinstance(item, Article):
                PROGRESS.articles += 1
                yield stamped(item.in_turn(turn))
            else:
                PROGRESS.dead_letters += 1
                yield beam.pvalue.TaggedOutput("dead_letters", item)
