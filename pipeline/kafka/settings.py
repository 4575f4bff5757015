"""How to reach a Kafka cluster. The key ``kafka`` of policywire's settings."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pipeline.secrets import Secret, SecretSettings

_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}))(?::(\d{1,5}))?")


def check_hosts(hosts: str) -> str:
    """``hosts``, comma-separated HOST:PORT, with the port 9092 filled in. Raises ValueError saying what is wrong."""
    checked = []
    for host in hosts.split(","):
        found = _HOST.fullmatch(host.strip())
        if not found or not 0 < int(found[1] or 9092) < 65536:
            raise ValueError(f"{host.strip()[:100]!r} is no HOST:PORT, such as localhost:9092")
        checked.append(host.strip() if found[1] else f"{host.strip()}:9092")
    return ",".join(checked)


class KafkaSettings(SecretSettings):
    """How to reach a Kafka cluster, and as whom."""

    key = "kafka"

    bootstrap: Annotated[str, AfterValidator(check_hosts)] = Field(
        default="localhost:9092", description="Brokers to ask first: HOST:PORT, several parted by commas."
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="PLAIN", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; for the SASL protocols."
    )
    username: str | None = Field(default=None, description="For the SASL protocols.")
    password: Secret | None = Field(default=None, description="For the SASL protocols.")
    tls_ca: Path | None = Field(default=None, description="Certificate authority (PEM); none: the system's.")
    tls_cert: Path | None = Field(default=None, description="Our certificate (PEM), where the broker asks for one.")
    tls_key: Path | None = Field(default=None, description="Key of our certificate (PEM).")
    tls_key_password: Secret | None = Field(default=None, description="What the key is locked with.")
    tls_verify: bool = Field(default=True, description="Check the broker's certificate and host name.")
    client_id: str = Field(default="policywire", description="What the broker's logs call us.")
    group: str | None = Field(default=None, description="Consumer group whose committed positions are used, and kept.")
    timeout_seconds: float = Field(default=10, ge=1, le=600, description="How long to wait for an answer, in seconds.")
    create_topics: bool = Field(default=False, description="Create the topics to write to where they are missing.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.security_protocol.startswith("SASL") and (not self.username or self.password is None):
            raise ValueError(f"{self.security_protocol} needs kafka.username and kafka.password")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("kafka.tls_cert and kafka.tls_key are given together")
        return self
