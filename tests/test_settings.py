"""One model of settings from file, environment and flags, with errors that name the key."""

import pytest

from pipeline.errors import UsageError
from pipeline.settings import load_settings, unknown_variables


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POLICYWIRE_CONFIG", raising=False)
    return tmp_path


def test_flags_win_over_the_environment_and_that_over_the_file(elsewhere, monkeypatch):
    (elsewhere / "policywire.toml").write_text(
        'ledger = "file.sqlite"\n[alerting]\nmin_confidence = 0.1\nstory_hours = 5\n'
    )
    assert str(load_settings().ledger) == "file.sqlite"
    monkeypatch.setenv("POLICYWIRE_LEDGER", "environment.sqlite")
    monkeypatch.setenv("POLICYWIRE_ALERTING__MIN_CONFIDENCE", "0.2")
    settings = load_settings()
    assert (str(settings.ledger), settings.alerting.min_confidence, settings.alerting.story_hours) == (
        "environment.sqlite",
        0.2,
        5,
    )
    assert load_settings(alerting={"min_confidence": 0.3}).alerting.min_confidence == 0.3
    assert load_settings(alerting={"min_confidence": 0.3}).alerting.story_hours == 5
    assert str(load_settings(ledger=None).ledger) == "environment.sqlite"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("ledger = [", "not valid TOML"),
        ("leger = 'x'", "leger: there is no such setting"),
        ("[alerting]\nmin_confidence = 3", "alerting.min_confidence"),
        ("[alerting]\nmin_confidense = 0.3", "alerting.min_confidense"),
        ("[alerting]\ndirections = ['up']", "alerting.directions.0"),
        ("[alerting]\njurisdictions = ['China']", "alerting.jurisdictions.0"),
        ("[limits]\nmax_line_bytes = 0", "limits.max_line_bytes"),
        ("[telemetry]\nmetrics = '9464'", "telemetry.metrics: '9464' is no HOST:PORT, such as"),
        ("[telemetry]\nmetrics = ':80000'", "telemetry.metrics: ':80000' is no HOST:PORT"),
        ("[kafka]\nsecurity_protocol = 'SASL_SSL'", "kafka: SASL_SSL needs kafka.username and kafka.password"),
    ],
)
def test_a_bad_file_is_refused_by_name(elsewhere, content, says):
    (elsewhere / "policywire.toml").write_text(content)
    with pytest.raises(UsageError, match=says.replace(".", r"\.")):
        load_settings()


def test_a_named_file_must_exist(elsewhere, monkeypatch):
    monkeypatch.setenv("POLICYWIRE_CONFIG", str(elsewhere / "other.toml"))
    with pytest.raises(UsageError, match=r"other\.toml"):
        load_settings()
    (elsewhere / "other.toml").write_text('ledger = "o.sqlite"')
    assert str(load_settings().ledger) == "o.sqlite"


def test_variables_that_set_nothing_are_known(monkeypatch):
    monkeypatch.setenv("POLICYWIRE_WORKERS", "2")
    monkeypatch.setenv("POLICYWIRE_KAFKA__PASSWORD", "x")
    assert unknown_variables() == []
    monkeypatch.setenv("POLICYWIRE_WORKRES", "2")
    monkeypatch.setenv("POLICYWIRE_PORT_9464_TCP", "tcp://10.0.0.1:9464")
    assert unknown_variables() == ["POLICYWIRE_PORT_9464_TCP", "POLICYWIRE_WORKRES"]
