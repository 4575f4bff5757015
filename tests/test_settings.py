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
        ("[alerting]\njurisdictions = 'US'", "alerting.jurisdictions: write a list"),
        ("[alerting]\nstory_hours = inf", "alerting.story_hours"),
        ("[alerting]\nstory_hours = 1e300", "alerting.story_hours"),
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


def test_a_file_that_is_not_utf_8_is_refused_in_one_line(elsewhere):
    (elsewhere / "policywire.toml").write_bytes(b'ledger = "\xe9"')
    with pytest.raises(UsageError, match=r"policywire\.toml is not UTF-8 \(byte 10\): convert it"):
        load_settings()


@pytest.mark.parametrize(
    ("value", "items"),
    [('["US", "EU"]', ("US", "EU")), ("US", ("US",)), ("US, EU", ("US", "EU")), (" []", ())],
)
def test_a_list_in_the_environment_is_json_or_parted_by_commas(monkeypatch, value, items):
    monkeypatch.setenv("POLICYWIRE_ALERTING__JURISDICTIONS", value)
    assert load_settings().alerting.jurisdictions == items


def test_an_item_that_looks_like_a_number_stays_a_text(monkeypatch):
    monkeypatch.setenv("POLICYWIRE_ALERTING__COMPANIES", "3690,NYSE:BABA")
    assert load_settings().alerting.companies == ("3690", "NYSE:BABA")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("POLICYWIRE_ALERTING__JURISDICTIONS", "US,China", r"alerting\.jurisdictions\.1: .*POLICYWIRE_ALERTING__JUR"),
        ("POLICYWIRE_ALERTING__JURISDICTIONS", '["US"', r"alerting\.jurisdictions: write a list, such as \[\"US\"\]"),
        ("POLICYWIRE_ALERTING__JURISDICTIONS", "", r"alerting\.jurisdictions: write a list"),
        ("POLICYWIRE_ALERTING", "foo", r"alerting: this is a group of settings.*POLICYWIRE_ALERTING or"),
        ("POLICYWIRE_ALERTING", "5", r"alerting: this is a group of settings"),
    ],
)
def test_a_bad_variable_is_refused_by_name(monkeypatch, variable, value, says):
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=says):
        load_settings()


def test_a_group_in_the_environment_is_json(monkeypatch):
    monkeypatch.setenv("POLICYWIRE_ALERTING", '{"min_confidence": 0.6}')
    monkeypatch.setenv("POLICYWIRE_ALERTING__DIRECTIONS", "easing")
    alerting = load_settings().alerting
    assert (alerting.min_confidence, alerting.directions) == (0.6, ("easing",))


def test_a_named_file_must_exist(elsewhere, monkeypatch):
    monkeypatch.setenv("POLICYWIRE_CONFIG", str(elsewhere))
    with pytest.raises(UsageError, match=r"is a folder: correct --config"):
        load_settings()
    monkeypatch.setenv("POLICYWIRE_CONFIG", str(elsewhere / "other.toml"))
    with pytest.raises(UsageError, match=r"other\.toml is not there: correct --config"):
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
