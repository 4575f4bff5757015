"""Secrets: given as themselves or as where they lie, and never in a pickle."""

import pickle

import pytest
from pydantic import ValidationError

from pipeline.errors import UsageError
from pipeline.kafka.settings import KafkaSettings
from pipeline.secrets import Secret
from pipeline.settings import Settings, WebhookSettings, load_settings

PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POLICYWIRE_CONFIG", raising=False)
    monkeypatch.delenv("POLICYWIRE_KAFKA__PASSWORD", raising=False)


def settings(password=PASSWORD):
    return KafkaSettings(security_protocol="SASL_SSL", username="ann", password=password)


def test_a_secret_given_as_itself_is_that_and_is_never_shown():
    secret = settings().password
    assert secret.get_secret_value() == PASSWORD
    whole = Settings(kafka=settings(), webhook=WebhookSettings(secret=PASSWORD))
    for shown in (str(secret), repr(secret), repr(settings()), f"{whole!r}", whole.model_dump_json()):
        assert PASSWORD not in shown


def test_a_pickle_holds_where_a_worker_finds_the_secret_and_not_the_secret(monkeypatch):
    whole = Settings(
        kafka=settings().model_copy(update={"tls_key_password": Secret("hush-hush-hush")}),
        webhook=WebhookSettings(secret="whsec_secret-of-webhooks"),
    )
    pickled = pickle.dumps(whole)
    for secret in (PASSWORD, "hush-hush-hush", "whsec_secret-of-webhooks"):
        assert secret.encode() not in pickled
    there = pickle.loads(pickled)
    for variable, secret in (
        ("POLICYWIRE_KAFKA__PASSWORD", there.kafka.password),
        ("POLICYWIRE_KAFKA__TLS_KEY_PASSWORD", there.kafka.tls_key_password),
        ("POLICYWIRE_WEBHOOK__SECRET", there.webhook.secret),
    ):
        with pytest.raises(UsageError, match=f"^{variable} is not set here: set it in the environment of every worker"):
            secret.get_secret_value()
        monkeypatch.setenv(variable, "told at run time")
        assert secret.get_secret_value() == "told at run time"
    assert there.kafka.username == "ann"
    assert whole.kafka.password.get_secret_value() == PASSWORD


def test_a_secret_by_itself_refuses_to_be_pickled():
    with pytest.raises(TypeError, match="pickle the settings"):
        pickle.dumps(Secret(PASSWORD))


def test_a_reference_is_pickled_as_it_is_and_looked_up_when_needed(tmp_path):
    path = tmp_path / "password"
    there = pickle.loads(pickle.dumps(settings(f"file:{path}"))).password
    with pytest.raises(UsageError, match=r"no secret in .*password \(No such file.*mount it"):
        there.get_secret_value()
    path.write_text(PASSWORD + "\n")
    assert there.get_secret_value() == PASSWORD


def test_a_worker_may_have_it_in_a_file_or_in_its_settings_file(tmp_path, monkeypatch):
    there = pickle.loads(pickle.dumps(settings())).password
    (tmp_path / "policywire.toml").write_text(f'[kafka]\npassword = "{PASSWORD}"\n')
    assert there.get_secret_value() == PASSWORD
    (tmp_path / "mounted").write_text("another")
    monkeypatch.setenv("POLICYWIRE_KAFKA__PASSWORD", f"file:{tmp_path / 'mounted'}")
    assert there.get_secret_value() == "another"
    monkeypatch.setenv("POLICYWIRE_KAFKA__PASSWORD", "env:POLICYWIRE_KAFKA__PASSWORD")
    with pytest.raises(UsageError, match="refers to another variable"):
        there.get_secret_value()


@pytest.mark.parametrize("given", ["gcp:", "gcp:my-secret", "gcp:projects/p/secrets/", "file:", "env:"])
def test_what_begins_as_a_reference_and_is_none_is_refused(given, monkeypatch):
    with pytest.raises(ValidationError):
        settings(given)
    monkeypatch.setenv("POLICYWIRE_KAFKA__PASSWORD", given)
    with pytest.raises(UsageError, match=r"kafka\.password"):
        load_settings()


def test_google_needs_its_clients(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "google.cloud", None)
    secret = Secret("gcp:projects/my-project/secrets/kafka")
    with pytest.raises(UsageError, match=r"gcp:projects/my-project/secrets/kafka needs.*policywire\[gcp\]"):
        secret.get_secret_value()


def test_settings_say_which_secrets_were_given_as_themselves():
    assert settings().given_as_themselves() == ["kafka.password"]
    assert settings("file:/run/secrets/kafka").given_as_themselves() == []
