"""Where reading begins."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from kafka import TopicPartition

Start: TypeAlias = Literal["committed", "earliest", "latest"] | datetime
"""Where to begin: where reading stands (else the consumer group, else the earliest message), at the earliest, behind the
latest, or at the first message that was written at a time."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_moment(text: str, now: datetime) -> datetime:
    """A time in ISO 8601 (UTC where it names no zone), or how long ago: 90s, 15m, 2h, 7d. Raises ValueError saying so."""
    number, unit = text[:-1], text[-1:]
    try:
        if unit in _UNITS and number.isascii() and number.isdigit():
            return now - timedelta(seconds=int(number) * _UNITS[unit])
        time = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ValueError("give a time such as 2026-01-31T09:00, or how long ago, such as 2h") from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def beginnings(client: Any, partitions: list[TopicPartition], start: Start) -> dict[TopicPartition, int]:
    """The offset at which to begin in each partition, as a consumer's broker tells; ``committed`` asks for the
    consumer's group, if it has one. A time behind the last message is the end."""
    if not partitions:
        return {}
    if start == "latest":
        return dict(client.end_offsets(partitions))
    if isinstance(start, datetime):
        ends = client.end_offsets(partitions)
        at = max(0, int(start.timestamp() * 1000))
        found = client.offsets_for_times(dict.fromkeys(partitions, at))
        return {p: found[p].offset if found.get(p) is not None else ends[p] for p in partitions}
    earliest: dict[TopicPartition, int] = dict(client.beginning_offsets(partitions))
    if start == "committed" and client.config["group_id"] is not None:
        committed = {p: client.committed(p) for p in partitions}
        return {p: earliest[p] if committed[p] is None else committed[p] for p in partitions}
    return earliest
