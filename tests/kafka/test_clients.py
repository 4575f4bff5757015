import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.kafka.broker import HOST, Broker, ProcessBroker, free_port
from pipeline.errors import KafkaRefusedError, KafkaUnavailableError
from pipeline.kafka.clients import admin, consumer, ensure_topic, producer
from pipeline.kafka.settings import KafkaSettings
from tests.brokers import new_topic, process_broker

pytestmark = pytest.mark.kafka


def test_what_is_written_is_read(kafka: KafkaSettings, topic: str) -> None:
    writing, reading = producer(kafka), consumer(kafka)
    for number in range(100):
        writing.send(topic, str(number).encode())
    writing.flush()
    reading.subscribe([topic])
    read: set[int] = set()
    while len(read) < 100:
        read |= {int(m.value) for records in reading.poll(1000).values() for m in records}
    assert read == set(range(100))
    writing.close()
    reading.close()


def test_messages_of_an_open_or_aborted_transaction_stay_unseen(kafka: KafkaSettings, broker: Broker) -> None:
    topic = new_topic(broker, "transactions", partitions=1)
    writing = producer(kafka, transactional_id=f"{topic}-writer")
    writing.init_transactions()
    writing.begin_transaction()
    writing.send(topic, b"taken back").get(10)
    writing.abort_transaction()
    writing.begin_transaction()
    writing.send(topic, b"kept").get(10)
    writing.commit_transaction()
    writing.close()
    reading = consumer(kafka)
    reading.subscribe([topic])
    read: list[bytes] = []
    while not read:
        read += [m.value for records in reading.poll(1000).values() for m in records]
    reading.close()
    assert read == [b"kept"]


def test_a_missing_topic_is_named_and_made_only_if_the_settings_say_so(kafka: KafkaSettings) -> None:
    with pytest.raises(KafkaUnavailableError, match=r"no topic 'ghost'.*kafka\.create_topics"):
        ensure_topic(kafka, "ghost", writing=True)
    assert ensure_topic(kafka.model_copy(update={"create_topics": True}), "ghost", writing=True) >= 1
    assert ensure_topic(kafka, "ghost") >= 1


@pytest.mark.parametrize("make", [consumer, producer, admin])
def test_a_broker_that_is_down_is_named_with_the_remedy(make: Any) -> None:
    nowhere = KafkaSettings(bootstrap=f"{HOST}:{free_port()}", timeout_seconds=1)
    with pytest.raises(KafkaUnavailableError, match=rf"{nowhere.bootstrap}.*make kafka.*kafka\.bootstrap"):
        make(nowhere)


def test_a_host_that_is_not_there_is_named() -> None:
    with pytest.raises(KafkaUnavailableError, match=r"no host of that name: nowhere\.invalid:9092"):
        consumer(KafkaSettings(bootstrap="nowhere.invalid", timeout_seconds=1))


@dataclass
class Secured:
    broker: ProcessBroker
    ca: Path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A broker with a password on one port and TLS on another."""
    folder = tmp_path_factory.mktemp("tls")
    store, ca = folder / "store.p12", folder / "ca.pem"
    common = ["-keystore", str(store), "-storepass", "storepass", "-alias", "broker"]
    names = ["-dname", "CN=localhost", "-ext", f"SAN=dns:localhost,ip:{HOST}"]
    keytool("-genkeypair", "-keyalg", "EC", "-storetype", "PKCS12", "-validity", "2", *names, *common)
    keytool("-exportcert", "-rfc", "-file", str(ca), *common)
    more = {
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config": "org.apache.kafka.common.security.plain."
        'PlainLoginModule required user_ann="right";',
        "ssl.keystore.location": str(store),
        "ssl.keystore.password": "storepass",
        "ssl.keystore.type": "PKCS12",
    }
    broker = process_broker(("PLAINTEXT", "SASL_PLAINTEXT", "SSL"), more)
    broker.start()
    yield Secured(broker, ca)
    broker.close()


def keytool(*arguments: str) -> None:
    subprocess.run(["keytool", *arguments], check=True, capture_output=True)


def test_the_right_password_and_authority_are_let_in(secured: Secured) -> None:
    addresses = secured.broker.addresses
    for settings in (
        KafkaSettings(
            bootstrap=addresses["SASL_PLAINTEXT"],
            security_protocol="SASL_PLAINTEXT",
            username="ann",
            password="right",
        ),
        KafkaSettings(bootstrap=addresses["SSL"], security_protocol="SSL", tls_ca=secured.ca),
        KafkaSettings(bootstrap=addresses["SSL"], security_protocol="SSL", tls_verify=False),
    ):
        client = consumer(settings)
        assert client.topics() is not None
        client.close()


WITH_PASSWORD = {"security_protocol": "SASL_PLAINTEXT", "username": "ann"}


@pytest.mark.parametrize(
    ("port", "given", "named"),
    [
        ("SASL_PLAINTEXT", {**WITH_PASSWORD, "password": "hunter2"}, r"refuses user 'ann'.*kafka\.password"),
        (
            "SASL_PLAINTEXT",
            {**WITH_PASSWORD, "password": "right", "sasl_mechanism": "SCRAM-SHA-256"},
            r"kafka\.sasl_mechanism",
        ),
        ("PLAINTEXT", {**WITH_PASSWORD, "password": "right"}, r"no user and password.*kafka\.security_protocol"),
        ("SSL", {"security_protocol": "SSL"}, r"certificate.*kafka\.tls_ca"),
        ("PLAINTEXT", {"security_protocol": "SSL"}, r"no TLS.*kafka\.security_protocol"),
        ("SSL", {"security_protocol": "SSL", "tls_ca": "missing.pem"}, r"no file at missing\.pem.*kafka\.tls_ca"),
    ],
)
def test_being_refused_names_the_setting(secured: Secured, port: str, given: dict[str, str], named: str) -> None:
    settings = KafkaSettings(bootstrap=secured.broker.addresses[port], timeout_seconds=2, **given)  # type: ignore[arg-type]
    # A broker that does not know the mechanism now says so and now hangs up; the setting is named either way.
    expected = (KafkaRefusedError, KafkaUnavailableError) if "mechanism" in named else KafkaRefusedError
    with pytest.raises(expected, match=named) as caught:
        consumer(settings)
    assert "hunter2" not in str(caught.value)


def test_plain_talk_to_a_secured_port_names_the_protocol(secured: Secured) -> None:
    for port in ("SSL", "SASL_PLAINTEXT"):
        settings = KafkaSettings(bootstrap=secured.broker.addresses[port], timeout_seconds=2)
        with pytest.raises(KafkaUnavailableError, match=r"kafka\.security_protocol \(now PLAINTEXT\)"):
            consumer(settings)
