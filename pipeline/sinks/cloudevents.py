"""Alerts as CloudEvents in Kafka messages, by the Kafka protocol binding 1.0.2: written in binary mode, read in binary
and structured mode."""

from collections.abc import Iterable
from typing import Any

import orjson
from pydantic import ValidationError

from pipeline.errors import InputError
from schemas import SCHEMA_VERSION, AlertEvent
from schemas.event import ALERT_TYPE

STRUCTURED = "application/cloudevents"
_PREFIX = "ce_"
_MAJOR = SCHEMA_VERSION.partition(".")[0]


def headers(event: AlertEvent) -> list[tuple[str, bytes]]:
    """The attributes of ``event`` as headers of a message whose value is its data: binary mode."""
    attributes = event.model_dump(mode="json", exclude={"data", "datacontenttype"}, exclude_none=True)
    known = [(f"{_PREFIX}{name}", str(value).encode()) for name, value in attributes.items()]
    return [*known, ("content-type", event.datacontenttype.encode())]


def decode(value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> AlertEvent | None:
    """The alert event in a message, in either mode; None for an event of another type, which is none of ours.

    Fields that a later minor version of the schema has added are passed over. Raises InputError saying what is wrong
    with the message.
    """
    if not value:
        raise InputError("a message without a value")
    known = {name.lower(): content for name, content in headers if content is not None}
    try:
        body = orjson.loads(value)
        if known.get("content-type", b"").startswith(STRUCTURED.encode()):
            event = body
        else:
            event = {
                name.removeprefix(_PREFIX): content.decode() for name, content in known.items() if name[:3] == _PREFIX
            }
            if "specversion" not in event:
                # No CloudEvent by its headers; it may be one by its looks, as `kcat` and files send them.
                event = body if isinstance(body, dict) and "specversion" in body else None
            else:
                event = {**event, "data": body}
    except (orjson.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not JSON: {error}") from error
    if not isinstance(event, dict):
        raise InputError("no CloudEvent: neither ce_ headers nor content type application/cloudevents+json")
    if event.get("type") != ALERT_TYPE:
        return None
    return _validated(event)


def _validated(event: dict[str, Any]) -> AlertEvent:
    schema = str(event.get("dataschema", ""))
    version = schema.rpartition(":")[2]
    if version.partition(".")[0] not in (_MAJOR, ""):
        raise InputError(f"its schema is {schema}, and this policywire reads {_MAJOR}.x: upgrade it")
    try:
        return AlertEvent.model_validate_json(orjson.dumps(event))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        if not all(problem["type"] == "extra_forbidden" for problem in problems):
            first = next(problem for problem in problems if problem["type"] != "extra_forbidden")
            later = f"; its schema is {schema}, this policywire knows {SCHEMA_VERSION}: upgrade it"
            hint = later if version not in (SCHEMA_VERSION, "") else ""
            raise InputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}{hint}") from error
        for problem in problems:
            _drop(event, problem["loc"])
        return AlertEvent.model_validate_json(orjson.dumps(event))


def _drop(event: Any, path: tuple[Any, ...]) -> None:
    for step in path[:-1]:
        event = event[step]
    del event[path[-1]]
