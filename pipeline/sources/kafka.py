"""One article from one Kafka message."""

from datetime import datetime
from typing import Any, NamedTuple

from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from pipeline.dead_letters import dead_letter
from pipeline.settings import ReadLimits
from pipeline.sources.archive import stamped
from pipeline.sources.record import STEP, parse_record
from schemas import SCHEMA_VERSION, Article, DeadLetter, Position

SCHEMA_HEADER = "dataschema"
"""The header that says which schema the value follows; ``publish`` sets it, other producers need not."""

_MAJOR = SCHEMA_VERSION.partition(".")[0]


class Record(NamedTuple):
    """A message: where it stands, when it was written (milliseconds since 1970), what it holds, and which schema it
    says that it follows; empty: it says nothing."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes | None
    schema: str = ""


def schema(message: Any) -> str:
    """What the header of kafka-python's ``message`` says of its schema."""
    for name, content in message.headers:
        if name == SCHEMA_HEADER and content:
            return str(content[:200].decode("utf-8", "replace"))
    return ""


def read_record(record: Record, limits: ReadLimits, arrived: datetime | None) -> Article | DeadLetter:
    """The article in a message, ``arrived`` then, or a dead letter. Never raises."""
    position = Position(origin=record.topic, kind="kafka", partition=record.partition, offset=record.offset)
    value = record.value or b""
    if not value:
        return dead_letter("unreadable", STEP, "an empty message: send an article as JSON", position, b"")
    if len(value) > limits.max_line_bytes:
        message = f"{len(value):,} bytes, more than {limits.max_line_bytes:,} (limits.max_line_bytes)"
        return dead_letter("too_large", STEP, message, position, value)
    version = record.schema.rpartition(":")[2]
    if version.partition(".")[0] not in ("", _MAJOR):
        message = f"its schema is {record.schema!r}, and this policywire reads {_MAJOR}.x: upgrade it"
        return dead_letter("bad_schema", STEP, message, position, value)
    return parse_record(value, position, limits, arrived)


def timed(article: Article, record: Record) -> TimestampedValue:
    """``article`` at its event time; an undated one at the time of its message."""
    if article.published is None and record.timestamp >= 0:
        return TimestampedValue(article, Timestamp(micros=record.timestamp * 1000))
    return stamped(article)
