"""The JSON Schemas and the AsyncAPI document, made from the models. ``policywire schema --check`` compares the files
in schemas/json and schemas/asyncapi.yaml with what this module makes."""

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic.json_schema import models_json_schema

from schemas.alert import Alert, DeadLetter
from schemas.article import Article
from schemas.base import SCHEMA_VERSION, Model
from schemas.company import CompanyMention
from schemas.event import ALERT_TYPE, AlertEvent
from schemas.signal import Signal

MODELS: dict[str, type[Model]] = {
    "article": Article,
    "signal": Signal,
    "company-mention": CompanyMention,
    "alert": Alert,
    "alert-event": AlertEvent,
    "dead-letter": DeadLetter,
}
ASYNCAPI = "asyncapi"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a model by its name in MODELS. An article is described as it is read: unknown fields
    are refused. Everything else is described as it is written: later minor versions may add fields, and who validates
    by this one accepts them. Raises KeyError for another name."""
    if name == "article":
        schema = MODELS[name].model_json_schema(mode="validation")
    else:
        schema = _open(MODELS[name].model_json_schema(mode="serialization"))
    return {"$schema": _DIALECT, "$id": f"urn:policywire:schema:{name}:{SCHEMA_VERSION}", **schema}


def _open(node: Any) -> Any:
    """``node`` with objects that may hold further fields."""
    if isinstance(node, dict):
        return {key: _open(value) for key, value in node.items() if (key, value) != ("additionalProperties", False)}
    return [_open(value) for value in node] if isinstance(node, list) else node


def asyncapi() -> dict[str, Any]:
    """The topics, as an AsyncAPI 3.0 document."""
    read_and_written: Any = [(Article, "validation"), (AlertEvent, "serialization"), (DeadLetter, "serialization")]
    _, definitions = models_json_schema(read_and_written, ref_template="#/components/schemas/{model}")

    def message(name: str, title: str, schema: str, content: str, headers: dict[str, str]) -> dict[str, Any]:
        return {
            "name": name,
            "title": title,
            "contentType": content,
            "headers": {
                "type": "object",
                "properties": {key: {"type": "string", "description": text} for key, text in headers.items()},
            },
            "payload": {"$ref": f"#/components/schemas/{schema}"},
        }

    def channel(address: str, description: str, of: str) -> dict[str, Any]:
        return {
            "address": address,
            "description": description,
            "messages": {of: {"$ref": f"#/components/messages/{of}"}},
        }

    def operation(action: str, name: str, summary: str) -> dict[str, Any]:
        return {"action": action, "channel": {"$ref": f"#/channels/{name}"}, "summary": summary}

    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "policywire",
            "version": SCHEMA_VERSION,
            "description": "Policy signals read from news. Topic names are the defaults; each is a setting.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "articles": channel(
                "news",
                "Articles to read, keyed by the article's identity. Unknown fields make a dead letter.",
                "article",
            ),
            "alerts": channel(
                "policy-alerts",
                "Alerts, keyed by story. At least once: a subscriber drops what it has seen by the event's id.",
                "alert",
            ),
            "deadLetters": channel("policy-alerts.dlq", "What could not be read or delivered.", "deadLetter"),
        },
        "operations": {
            "receiveArticles": operation("receive", "articles", "policywire reads articles."),
            "sendAlerts": operation("send", "alerts", "policywire emits alerts."),
            "sendDeadLetters": operation("send", "deadLetters", "policywire sets aside what it could not process."),
        },
        "components": {
            "messages": {
                "article": message("Article", "A news article", "Article", "application/json", {}),
                "alert": message(
                    "AlertEvent",
                    "An alert, as a CloudEvent",
                    "AlertEvent",
                    "application/cloudevents+json",
                    {"ce_id": "The alert's id (binary mode).", "ce_type": f"Always {ALERT_TYPE} (binary mode)."},
                ),
                "deadLetter": message(
                    "DeadLetter",
                    "A dead letter",
                    "DeadLetter",
                    "application/json",
                    {"__connect.errors.exception.message": "What is wrong, as Kafka Connect names it."},
                ),
            },
            "schemas": _open(definitions["$defs"]),
        },
    }


def asyncapi_yaml() -> str:
    """``asyncapi`` as YAML."""
    return yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=110)


def documents() -> dict[str, str]:
    """Every generated file by its path under schemas/, as the text that it must hold."""
    made = {
        f"json/{name}.schema.json": json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"
        for name in MODELS
    }
    return {**made, f"{ASYNCAPI}.yaml": asyncapi_yaml()}


def stale(folder: Path) -> list[str]:
    """Paths under ``folder`` whose text is not what the models make."""
    return [
        path
        for path, text in documents().items()
        if not (folder / path).is_file() or (folder / path).read_text(encoding="utf-8") != text
    ]


def write(folder: Path) -> None:
    """Writes every generated file under ``folder``."""
    for path, text in documents().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
