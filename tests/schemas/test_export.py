"""The generated documents: fresh, valid, and true to the models."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from schemas import AlertEvent, DeadLetter, Position, export
from tests.builders import alert, article

FOLDER = Path(export.__file__).parent


def test_the_files_in_the_tree_are_fresh():
    assert export.stale(FOLDER) == []


def test_a_stale_or_missing_file_is_named(tmp_path):
    export.write(tmp_path)
    assert export.stale(tmp_path) == []
    (tmp_path / "json" / "alert.schema.json").write_text("{}")
    (tmp_path / "asyncapi.yaml").unlink()
    assert export.stale(tmp_path) == ["json/alert.schema.json", "asyncapi.yaml"]


@pytest.mark.parametrize("name", export.MODELS)
def test_each_schema_is_valid_and_described(name):
    schema = export.json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    for part in (schema, *schema.get("$defs", {}).values()):
        for field, properties in part.get("properties", {}).items():
            if "const" not in properties:
                assert "description" in properties, f"{name}: {field} has no description"


def test_what_is_emitted_validates():
    event = json.loads(AlertEvent.of(alert()).model_dump_json())
    jsonschema.validate(event, export.json_schema("alert-event"))
    jsonschema.validate(event["data"], export.json_schema("alert"))
    letter = DeadLetter(
        id="1",
        cause="bad_json",
        step="Source",
        message="x",
        position=Position(origin="f", kind="file"),
        seen=None,
        version="1",
    )
    jsonschema.validate(json.loads(letter.model_dump_json()), export.json_schema("dead-letter"))


def test_what_is_read_validates():
    schema = export.json_schema("article")
    jsonschema.validate(json.loads(article().model_dump_json()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"titel": "misspelt"}, schema)


def test_every_reference_of_the_asyncapi_document_resolves():
    document = yaml.safe_load(export.asyncapi_yaml())
    assert document["asyncapi"] == "3.0.0"

    def references(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "$ref":
                    yield value
                else:
                    yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    found = list(references(document))
    assert len(found) > 10
    for reference in found:
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
