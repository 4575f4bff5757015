"""``policywire doctor``: what it finds, and that every finding that is not well has a remedy."""

import json
import sqlite3

import pytest

from pipeline.ledger import Ledger


def checks(ran):
    return {check["name"]: check for check in map(json.loads, ran.out.splitlines())}


def test_where_all_is_well(policywire):
    ran = policywire("doctor")
    assert ran.code == 0, ran.out
    assert [line.split()[1] for line in ran.out.splitlines()] == [
        "python", "beam", "clock", "settings", "model", "registry", "ledger"
    ]  # fmt: skip
    assert all(line.startswith("ok") for line in ran.out.splitlines())


def test_a_bad_setting_is_named_and_ends_the_examination(policywire, tmp_path):
    (tmp_path / "policywire.toml").write_text("[kafka]\nbootstrap = 'no port:x'\n")
    ran = policywire("doctor", "--json")
    assert ran.code == 1
    assert "kafka.bootstrap" in checks(ran)["settings"]["found"]
    assert checks(ran)["settings"]["remedy"]


def test_a_misspelt_variable_is_found(policywire, monkeypatch):
    monkeypatch.setenv("POLICYWIRE_WORKRES", "3")
    ran = policywire("doctor", "--json")
    assert ran.code == 1
    assert checks(ran)["settings"]["found"] == "POLICYWIRE_WORKRES sets nothing"
    assert checks(ran)["model"]["remedy"] == ""


def test_a_setting_of_kafka_that_will_not_do_is_the_remedy(policywire, monkeypatch):
    monkeypatch.setenv("POLICYWIRE_KAFKA__SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv("POLICYWIRE_KAFKA__TLS_CA", "missing.pem")
    ran = policywire("doctor", "--json", "--kafka", "localhost:1")
    assert ran.code == 1
    assert "correct kafka.tls_ca" in checks(ran)["broker"]["found"]
    assert checks(ran)["broker"]["remedy"] == "correct the setting that it names"


def test_a_ledger_is_looked_into(policywire, tmp_path):
    with Ledger(tmp_path / "policywire.sqlite"):
        ran = policywire("doctor", "--json")
    assert "schema version" in checks(ran)["ledger"]["found"]
    assert "0 to be delivered" in checks(ran)["ledger"]["found"]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE meta SET value = '99' WHERE key = 'schema_version'", "upgrade policywire"),
        ("PRAGMA application_id = 1", "another program"),
    ],
)
def test_a_ledger_that_will_not_do_is_said(policywire, tmp_path, statement, words):
    Ledger(tmp_path / "policywire.sqlite").close()
    with sqlite3.connect(tmp_path / "policywire.sqlite") as connection:
        connection.execute(statement)
    ran = policywire("doctor", "--json")
    assert ran.code == 1
    assert words in checks(ran)["ledger"]["found"]


def test_a_registry_that_is_missing_is_said(policywire, monkeypatch):
    monkeypatch.setenv("POLICYWIRE_REGISTRY", "missing.tsv")
    ran = policywire("doctor", "--json")
    assert ran.code == 1
    assert "missing.tsv" in checks(ran)["registry"]["found"]


def test_a_broker_that_does_not_answer_is_said_once_and_its_topics_are_not_asked_for(policywire, monkeypatch):
    monkeypatch.setenv("POLICYWIRE_KAFKA__TIMEOUT_SECONDS", "1")
    ran = policywire("doctor", "--json", "--kafka", "localhost:1", "--topic", "news")
    assert ran.code == 1
    assert "localhost:1" in checks(ran)["broker"]["found"]
    assert "kafka.bootstrap" in checks(ran)["broker"]["remedy"]
    assert "topic" not in checks(ran)


@pytest.mark.kafka
def test_a_broker_and_its_topics(policywire, kafka, topic):
    ran = policywire("doctor", "--json", "--kafka", kafka.bootstrap, "--topic", topic, "--topic", "missing")
    assert ran.code == 1
    found = [check for check in map(json.loads, ran.out.splitlines()) if check["name"] in ("broker", "topic")]
    assert [bool(check["remedy"]) for check in found] == [False, False, True]
    assert f"{topic}: 3 partitions" in found[1]["found"]
    assert "kafka-topics.sh --create --topic missing" in found[2]["found"]
