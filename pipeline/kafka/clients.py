"""Clients for a broker, with defaults that lose nothing, and kafka-python's errors in words for a person.

Consumers begin at the earliest message where there is no position, never commit by themselves, and see only what
transactions have committed. Producers are idempotent and wait for all replicas.
"""

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import errors as kafka_errors
from kafka.admin import NewTopic

from pipeline.errors import KafkaRefusedError, KafkaUnavailableError, PolicywireError
from pipeline.kafka.settings import KafkaSettings

MAX_MESSAGE_BYTES = 1_000_000
"""The largest message that a broker takes unless told otherwise, less its envelope."""

_FETCH_BYTES = 8 << 20
_LOG = logging.getLogger("kafka")
_LOG.addHandler(logging.NullHandler())  # its warnings are ours to tell; a log handler of the user's still gets them


def consumer(settings: KafkaSettings, **more: Any) -> Any:
    """A KafkaConsumer; partitions are the caller's to assign. ``more`` are kafka-python's own options.

    Raises KafkaUnavailableError or KafkaRefusedError, as ``producer`` and ``admin`` do.
    """
    defaults = {
        "group_id": settings.group,
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "isolation_level": "read_committed",
        "allow_auto_create_topics": False,
        "max_partition_fetch_bytes": _FETCH_BYTES,
        "max_poll_records": 2000,
        "metadata_max_age_ms": 10_000,  # new partitions are seen within ten seconds
    }
    return _connect(KafkaConsumer, settings, defaults | more)


def producer(settings: KafkaSettings, **more: Any) -> Any:
    """A KafkaProducer that delivers each message once as long as it lives, and retries for two minutes."""
    defaults = {
        "enable_idempotence": True,
        "acks": "all",
        "allow_auto_create_topics": False,
        "linger_ms": 5,
        "batch_size": 128 << 10,
        "max_request_size": MAX_MESSAGE_BYTES + 40_000,
        "max_block_ms": int(settings.timeout_seconds * 1000),
    }
    return _connect(KafkaProducer, settings, defaults | more)


def admin(settings: KafkaSettings, **more: Any) -> Any:
    """A KafkaAdminClient."""
    return _connect(KafkaAdminClient, settings, more)


def ensure_topic(settings: KafkaSettings, topic: str, *, writing: bool = False) -> int:
    """How many partitions ``topic`` has. To write to, a missing one is created if settings.create_topics says so.

    Raises KafkaUnavailableError naming the remedy where the topic is missing.
    """
    client = consumer(settings, group_id=None)
    try:
        with explained(settings, topic):
            if partitions := client.partitions_for_topic(topic):
                return len(partitions)
    finally:
        client.close()
    if not (writing and settings.create_topics):
        raise missing_topic(settings, topic, writing=writing)
    maker = admin(settings)
    try:
        with explained(settings, topic):
            # -1: as many as the cluster's own settings say.
            maker.create_topics([NewTopic(topic, num_partitions=-1, replication_factor=-1)])
    except KafkaUnavailableError as error:
        if not isinstance(error.__cause__, kafka_errors.TopicAlreadyExistsError):
            raise
    finally:
        maker.close()
    return ensure_topic(settings.model_copy(update={"create_topics": False}), topic, writing=True)


def missing_topic(settings: KafkaSettings, topic: str, *, writing: bool = False) -> KafkaUnavailableError:
    """The error to raise where ``topic`` is not on the cluster."""
    remedy = " or set kafka.create_topics" if writing else ""
    return KafkaUnavailableError(
        f"there is no topic {topic!r} on {settings.bootstrap}: correct its name, create it "
        f"(kafka-topics.sh --create --topic {topic} --bootstrap-server {settings.bootstrap}){remedy}"
    )


@contextmanager
def explained(settings: KafkaSettings, topic: str | None = None) -> Iterator[None]:
    """Turns what kafka-python raises inside into one error for a person, naming broker, topic, setting and remedy."""
    try:
        yield
    except (kafka_errors.KafkaError, OSError) as error:
        raise _explain(error, settings, topic) from error


def _connect(make: Callable[..., Any], settings: KafkaSettings, options: dict[str, Any]) -> Any:
    with _overheard() as failures, explained(settings):
        try:
            return make(**_security(settings), **options)
        except kafka_errors.KafkaTimeoutError as error:
            # kafka-python tells the cause only in its log.
            if cause := _cause(failures, settings):
                raise cause from error
            raise


@contextmanager
def _overheard() -> Iterator[list[BaseException]]:
    """Collects the errors for which kafka-python could not connect."""
    failures: list[BaseException] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            arguments = record.args if isinstance(record.args, tuple) else ()
            failures.extend(
                argument
                for argument in arguments
                if isinstance(argument, BaseException) and not isinstance(argument, kafka_errors.KafkaTimeoutError)
            )

    listener = Listener(logging.WARNING)
    logger = logging.getLogger("kafka.net.manager")
    logger.addHandler(listener)
    try:
        yield failures
    finally:
        logger.removeHandler(listener)


def _cause(failures: list[BaseException], settings: KafkaSettings) -> BaseException | None:
    """The most telling of the errors of one attempt to connect."""
    for failure in failures:
        if isinstance(failure, kafka_errors.SaslAuthenticationFailedError) or "SSL" in str(failure):
            return failure
    answers = [failure for failure in failures if not isinstance(failure, kafka_errors.RequestTimedOutError)]
    if settings.security_protocol.startswith("SASL") and answers and all(map(_hung_up, answers)):
        # A broker that refuses a password says so and hangs up, and kafka-python mostly sees the latter only.
        refused: BaseException = kafka_errors.SaslAuthenticationFailedError("it hung up each time")
        return refused
    return failures[0] if failures else None


def _hung_up(failure: BaseException) -> bool:
    return "socket disconnected" in str(failure)


def _security(settings: KafkaSettings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap.split(","),
        "bootstrap_timeout_ms": int(settings.timeout_seconds * 1000),
        "client_id": settings.client_id,
        "security_protocol": settings.security_protocol,
        "reconnect_backoff_max_ms": 5_000,
    }
    if settings.security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.username
        options["sasl_plain_password"] = settings.password.get_secret_value() if settings.password else None
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = _tls(settings)
    return options


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    for key in ("tls_ca", "tls_cert", "tls_key"):
        path = getattr(settings, key)
        if path is not None and not path.is_file():
            raise KafkaRefusedError(f"no file at {path}: correct kafka.{key}")
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca)
        if settings.tls_cert is not None:
            secret = settings.tls_key_password
            # An empty password rather than none: OpenSSL must not ask for one on the terminal.
            context.load_cert_chain(
                settings.tls_cert, settings.tls_key, secret.get_secret_value() if secret is not None else ""
            )
    except (ssl.SSLError, OSError) as error:
        raise KafkaRefusedError(
            f"cannot use the TLS files: {error}; correct kafka.tls_ca, kafka.tls_cert, kafka.tls_key "
            "or kafka.tls_key_password (PEM files)"
        ) from error
    if not settings.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _explain(error: BaseException, settings: KafkaSettings, topic: str | None) -> PolicywireError:
    where = settings.bootstrap
    words = str(error)
    if isinstance(error, kafka_errors.SaslAuthenticationFailedError):
        return KafkaRefusedError(
            f"{where} refuses user {settings.username!r}: correct kafka.username, kafka.password or "
            f"kafka.sasl_mechanism (now {settings.sasl_mechanism})"
        )
    if isinstance(error, kafka_errors.IllegalSaslStateError):
        return KafkaRefusedError(f"{where} wants no user and password: correct kafka.security_protocol or the port")
    if isinstance(error, kafka_errors.UnsupportedSaslMechanismError):
        return KafkaRefusedError(
            f"{where} does not take {settings.sasl_mechanism}: correct kafka.sasl_mechanism ({words})"
        )
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return KafkaRefusedError(
            f"the certificate of {where} cannot be trusted ({_short(words)}): set kafka.tls_ca to its authority"
        )
    if "SSL" in words or "Handshake failed" in words:
        return KafkaRefusedError(
            f"no TLS connection with {where} ({_short(words)}): correct kafka.security_protocol "
            f"(now {settings.security_protocol}) or the port"
        )
    if isinstance(error, kafka_errors.AuthorizationError):
        what = f"topic {topic!r}" if topic else "this"
        return KafkaRefusedError(f"{where} does not allow {what} ({words}): grant it, or correct kafka.username")
    if isinstance(error, kafka_errors.UnknownTopicOrPartitionError) and topic:
        return missing_topic(settings, topic)
    if isinstance(error, socket.gaierror) or "DNS" in words or "getaddrinfo" in words:
        return KafkaUnavailableError(f"no host of that name: {where}; correct kafka.bootstrap")
    about = f" about topic {topic!r}" if topic else ""
    # A broker that refuses the mechanism may just hang up, and the client's last word is then of the lost connection.
    mechanism = f" or kafka.sasl_mechanism (now {settings.sasl_mechanism})" if settings.username is not None else ""
    return KafkaUnavailableError(
        f"no answer from a Kafka broker at {where}{about} ({_short(words)}): start it (`make kafka`), or correct "
        f"kafka.bootstrap or kafka.security_protocol (now {settings.security_protocol}){mechanism}"
    )


def _short(words: str) -> str:
    return " ".join(words.split())[:200]
