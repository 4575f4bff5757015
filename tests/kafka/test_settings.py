import pytest

from pipeline.errors import UsageError
from pipeline.settings import load_settings


def test_settings_come_from_the_environment_and_hide_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICYWIRE_KAFKA__SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("POLICYWIRE_KAFKA__USERNAME", "ann")
    monkeypatch.setenv("POLICYWIRE_KAFKA__PASSWORD", "hunter2")
    settings = load_settings(kafka={"bootstrap": "broker.example"}).kafka
    assert settings.bootstrap == "broker.example:9092"
    assert settings.password is not None
    assert settings.password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"security_protocol": "SASL_SSL"}, "kafka.username"),
        ({"tls_cert": "cert.pem"}, "kafka.tls_key"),
        ({"bootstrap": "not a host"}, "kafka.bootstrap"),
        ({"security_protocol": "TLS"}, "security_protocol"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        load_settings(kafka=given)
