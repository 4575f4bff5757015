"""Every setting in one model: defaults, then ``policywire.toml``, then ``POLICYWIRE_*`` in the environment, then
flags. A nested key is written with two underscores in the environment: ``POLICYWIRE_KAFKA__PASSWORD``.
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.errors import UsageError
from pipeline.kafka.settings import KafkaSettings
from pipeline.secrets import PREFIX, Secret, SecretSettings
from pipeline.telemetry.settings import TelemetrySettings
from schemas.terms import JURISDICTION, Direction, Instrument

CONFIG_FILE = "policywire.toml"


class AlertPolicy(BaseModel):
    """When a signal becomes an alert."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_confidence: float = Field(default=0.3, ge=0, le=1, description="Signals less sure than this are held back.")
    directions: tuple[Direction, ...] = Field(default=(), description="Only these directions; empty: all.")
    jurisdictions: tuple[Annotated[str, Field(pattern=JURISDICTION)], ...] = Field(
        default=(), description="Only these jurisdictions (ISO 3166-1 alpha-2, EU, INT); empty: all."
    )
    instruments: tuple[Instrument, ...] = Field(default=(), description="Only these instruments; empty: all.")
    companies: tuple[str, ...] = Field(
        default=(), description="Watchlist of tickers, symbols or names; empty: all, with or without a company."
    )
    repeats: bool = Field(default=True, description="Emit repeats of a story (marked so), or hold them back.")
    story_hours: float = Field(
        default=72.0,
        gt=0,
        le=87_600,
        description="How long the same news counts as one story, in hours; ten years at most.",
    )
    full_text: bool = Field(default=True, description="Carry the article's text in the alert.")


class ReadLimits(BaseModel):
    """What an input may be at most."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_line_bytes: int = Field(default=5_000_000, gt=0, description="Longest line of an archive, in bytes.")
    max_text_chars: int = Field(default=2_000_000, gt=0, description="Longest title or text, in characters.")
    max_document_bytes: int = Field(default=5_000_000, gt=0, description="Largest feed or text document, in bytes.")


class FeedPolicy(BaseModel):
    """How feeds are polled: politely, and within limits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact: str = Field(
        default="",
        max_length=200,
        description="Address or page by which publishers can reach you; sent in the User-Agent.",
    )
    interval_minutes: float = Field(
        default=10,
        gt=0,
        description="Shortest time between two polls of a feed; longer where the publisher asks for it.",
    )
    longest_hours: float = Field(
        default=24, gt=0, description="Longest time between two polls, whatever a feed asks for or how often it fails."
    )
    first_hours: float = Field(
        default=24, ge=0, description="At a feed's first poll only entries so fresh raise alerts, in hours."
    )
    connections: int = Field(default=20, gt=0, description="Feeds that are fetched at the same time.")
    per_host: int = Field(default=2, gt=0, description="Connections to one host at the same time.")
    timeout_seconds: float = Field(default=30, gt=0, description="Longest fetch, redirects included.")
    parse_seconds: float = Field(default=10, gt=0, description="Longest reading of one document.")
    max_redirects: int = Field(default=5, ge=0, description="Redirects that are followed in one fetch.")
    max_entries: int = Field(default=2_000, gt=0, description="Entries of one document that are read.")
    robots: bool = Field(default=True, description="Keep the crawl delay that a host's robots.txt asks for.")
    allow_private: bool = Field(
        default=False,
        description="Fetch from private, local and reserved addresses too. Only where you trust all feeds.",
    )


class Live(BaseModel):
    """How ``run`` works: its rounds, and what the ledger keeps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    poll_seconds: float = Field(default=0.2, gt=0, le=3600, description="Pause between looks for new articles.")
    round_articles: int = Field(default=5_000, gt=0, description="Articles read in one round at most.")
    outbox_limit: int = Field(
        default=20_000, gt=0, description="Alerts that wait for a sink before reading stops until it catches up."
    )
    seen_days: float = Field(default=90, gt=0, description="How long entries once read are remembered, in days.")
    history_days: float = Field(
        default=90, gt=0, description="How long an article's last alert is remembered for corrections, in days."
    )
    dead_letter_days: float = Field(default=30, gt=0, description="How long dead letters are kept, in days.")
    coverage_days: float = Field(default=30, gt=0, description="How long coverage records are kept, in days.")


class WebhookSettings(SecretSettings):
    """How alerts are posted to webhooks."""

    key = "webhook"

    secret: Secret | None = Field(
        default=None, description="What requests are signed with, shared with the receiver; whsec_BASE64 or a text."
    )
    timeout_seconds: float = Field(default=10, gt=0, le=300, description="How long to wait for an answer, in seconds.")
    allow_private: bool = Field(
        default=False, description="Post to private, local and reserved addresses too, and by plain http."
    )


class _Environment(EnvSettingsSource):
    """Variables of the environment. A list is JSON, or its items parted by commas; what cannot be decoded is passed on
    as it is, so that it is refused by the name of its setting."""

    def decode_complex_value(self, field_name: str, field: FieldInfo | None, value: str) -> Any:
        if field and get_origin(field.annotation) is tuple and not value.lstrip().startswith("["):
            return [item.strip() for item in value.split(",")]
        try:
            return super().decode_complex_value(field_name, field, value)  # type: ignore[arg-type]
        except ValueError:
            return value


class Settings(BaseSettings):
    """policywire's settings."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    ledger: Path = Field(default=Path("policywire.sqlite"), description="The embedded store of ``run``.")
    alerting: AlertPolicy = Field(default_factory=AlertPolicy, description="When a signal becomes an alert.")
    limits: ReadLimits = Field(default_factory=ReadLimits, description="What an input may be at most.")
    feeds: FeedPolicy = Field(default_factory=FeedPolicy, description="How feeds are polled.")
    live: Live = Field(default_factory=Live, description="How ``run`` works.")
    webhook: WebhookSettings = Field(default_factory=WebhookSettings, description="How alerts are posted to webhooks.")
    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="How to reach a Kafka cluster.")
    telemetry: TelemetrySettings = Field(
        default_factory=TelemetrySettings, description="What is told to operators, and how."
    )
    workers: int = Field(
        default_factory=lambda: min(4, os.cpu_count() or 1),
        ge=1,
        le=64,
        description="Processes that read articles side by side where there are many; 1: none beside the main one. "
        "Default: one a core, at most 4.",
    )
    registry: Path | None = Field(default=None, description="A file with companies and aliases of your own.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the base class's signature
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        return init_settings, _Environment(settings_cls), file


def config_file() -> Path:
    """Where the settings file is, or would be."""
    return Path(os.environ.get("POLICYWIRE_CONFIG", CONFIG_FILE))


_NO_SETTINGS = {"CONFIG", "TRACE", "CRASH_AT", "PRISM", "KAFKA_IMAGE", "SHARED"}


def unknown_variables() -> list[str]:
    """Variables of the environment that begin with POLICYWIRE_ and set nothing: most likely misspelt. (Within a group,
    such as POLICYWIRE_KAFKA__, a misspelt one is refused.)"""
    known = {name.upper() for name in Settings.model_fields} | _NO_SETTINGS
    found = [name for name in os.environ if name.startswith("POLICYWIRE_") and not name.startswith("POLICYWIRE_TEST_")]
    return sorted(name for name in found if name.removeprefix("POLICYWIRE_").partition("__")[0].upper() not in known)


def given(**flags: Any) -> dict[str, Any] | None:
    """Those of a group's flags that were given, as ``load_settings`` takes them; None if there are none."""
    return {name: value for name, value in flags.items() if value is not None} or None


_WORDS = {
    "extra_forbidden": "there is no such setting",
    "tuple_type": 'write a list, such as ["US"]; in the environment also US,CN',
    "model_type": "this is a group of settings: set those in it, or write a table of them; in the environment as JSON",
}


def load_settings(**flags: Any) -> Settings:
    """The settings in force. ``flags`` override everything; a flag that is None was not given.

    Raises UsageError naming the key and what is wrong with it.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    path = config_file()
    if "POLICYWIRE_CONFIG" in os.environ and not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise UsageError(f"{path} {what}: correct --config, or POLICYWIRE_CONFIG where that is set, to name a file")
    try:
        return Settings(**given)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 (byte {error.start}): convert it, for example with iconv") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        message = _WORDS.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"setting {key}: {message} (from a flag, POLICYWIRE_{key.upper().replace('.', '__')} or {path})"
        ) from error
