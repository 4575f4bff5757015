"""Earlier versions of the schemas and today's: who reads what of whom, and whether the version says how much changed."""

import copy

import jsonschema
import orjson
import pytest

from pipeline.errors import InputError
from pipeline.sinks.cloudevents import STRUCTURED, decode
from schemas import SCHEMA_VERSION, Alert, AlertEvent, export
from tests.builders import alert
from tests.schemas.evolution import LEVELS, change, kept_alerts, kept_schemas, kept_versions, raised, seed_alerts

VERSIONS = [version for version in kept_versions() if version.split(".")[0] == SCHEMA_VERSION.split(".")[0]]
HEADERS = [("content-type", f"{STRUCTURED}+json".encode())]


@pytest.fixture(scope="module")
def today():
    return [*seed_alerts(), orjson.loads(AlertEvent.of(alert()).model_dump_json())]


def test_the_first_version_is_kept_with_alerts_of_every_kind():
    assert kept_versions()[0] == "1.0.0"
    alerts = [event["data"] for event in kept_alerts("1.0.0")]
    assert len(alerts) > 20
    assert {one["signal"]["direction"] for one in alerts} == {"tightening", "easing", "neutral"}
    assert any(one["further_signals"] for one in alerts)
    assert any(company["reactions"] for one in alerts for company in one["companies"])


@pytest.mark.parametrize("version", VERSIONS)
def test_alerts_of_an_earlier_version_are_read_and_valid_today(version):
    schema = jsonschema.Draft202012Validator(export.json_schema("alert-event"))
    for event in kept_alerts(version):
        schema.validate(event)
        read = decode(orjson.dumps(event), HEADERS)
        assert read is not None
        assert read.id == event["id"]
        Alert.model_validate(event["data"])  # as the ledger's outbox keeps them over an upgrade


@pytest.mark.parametrize("version", VERSIONS)
def test_who_validates_by_an_earlier_version_accepts_the_alerts_of_today(version, today):
    schemas = kept_schemas(version)
    for event in today:
        jsonschema.validate(event, schemas["alert-event"], jsonschema.Draft202012Validator)
        jsonschema.validate(event["data"], schemas["alert"], jsonschema.Draft202012Validator)


@pytest.mark.parametrize("version", VERSIONS)
def test_articles_that_an_earlier_version_took_are_taken(version):
    schema = kept_schemas(version)["article"]
    for event in kept_alerts(version):
        article = event["data"]["article"]
        jsonschema.validate(article, schema, jsonschema.Draft202012Validator)
        jsonschema.validate(article, export.json_schema("article"), jsonschema.Draft202012Validator)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_version_says_how_much_has_changed(version):
    for name, old in kept_schemas(version).items():
        level, changes = change(old, export.json_schema(name))
        assert LEVELS.index(raised(version, SCHEMA_VERSION)) >= LEVELS.index(level), (
            f"{name} has a {level} change since {version} ({'; '.join(changes)}): raise SCHEMA_VERSION"
        )


def test_every_model_is_kept():
    assert set(kept_schemas(VERSIONS[-1])) == set(export.MODELS)


def described(edit):
    new = copy.deepcopy(export.json_schema("alert-event"))
    edit(new["$defs"])
    return change(export.json_schema("alert-event"), new)


@pytest.mark.parametrize(
    ("edit", "level", "words"),
    [
        (lambda defs: None, "none", []),
        (lambda defs: defs["Span"]["properties"]["start"].update(description="x"), "patch", ["words were changed"]),
        (lambda defs: defs["Authority"]["properties"].update(url={"type": "string"}), "minor", None),
        (lambda defs: defs["Signal"]["properties"]["stage"]["enum"].append("repealed"), "minor", None),
        (lambda defs: defs["Signal"]["properties"]["stage"]["enum"].remove("signalled"), "major", None),
        (lambda defs: defs["Alert"]["properties"].pop("story"), "major", None),
        (lambda defs: defs["Signal"]["properties"]["confidence"].update(type="string"), "major", None),
        (lambda defs: defs["Signal"]["properties"]["confidence"].update(maximum=100), "major", None),
        (lambda defs: defs["Alert"]["required"].append("revision"), "major", None),
        (lambda defs: defs["Article"]["properties"]["published"]["anyOf"].pop(), "major", None),
        (lambda defs: defs["CompanyMention"]["properties"]["spans"]["items"].update({"$ref": "#/$defs/Authority"}), "major", None),
    ],
)  # fmt: skip
def test_how_far_a_change_goes(edit, level, words):
    found, changes = described(edit)
    assert found == level
    assert words is None or changes == words


def test_which_part_was_raised():
    assert [raised("1.2.3", version) for version in ("1.2.3", "1.2.4", "1.3.0", "2.0.0")] == list(LEVELS)


def test_a_subscriber_passes_over_later_fields_and_says_of_later_words_that_it_must_be_upgraded():
    event = orjson.loads(AlertEvent.of(alert()).model_dump_json())
    event["dataschema"] = "urn:policywire:schema:alert:1.999.0"
    event["data"]["mood"] = "cheerful"
    event["data"]["signal"]["hue"] = {"red": 1}
    assert decode(orjson.dumps(event), HEADERS) is not None
    jsonschema.validate(event, export.json_schema("alert-event"), jsonschema.Draft202012Validator)
    event["data"]["severity"] = "extreme"
    with pytest.raises(InputError, match=r"severity.*1\.999\.0.*upgrade"):
        decode(orjson.dumps(event), HEADERS)
