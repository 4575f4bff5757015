"""What is told to operators, and how."""

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LogFormat: TypeAlias = Literal["auto", "human", "json"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]


_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*):([0-9]{1,5})")


def _check_address(address: str) -> str:
    found = _ADDRESS.fullmatch(address)
    if not found or int(found[1]) > 65535:
        raise ValueError(f"{address[:100]!r} is no HOST:PORT, such as 127.0.0.1:9464 or, for every address, :9464")
    return address


class TelemetrySettings(BaseModel):
    """Metrics, health, logs and traces of ``run``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: Annotated[str, AfterValidator(_check_address)] | None = Field(
        default=None,
        description="HOST:PORT on which /metrics, /healthz and /readyz answer; none: nowhere. :9464 is every address.",
    )
    stalled_seconds: float = Field(
        default=120, gt=0, description="/healthz fails when nothing was looked for or done for so long."
    )
    log_format: LogFormat = Field(
        default="auto", description="human, json, or auto: a status line on a terminal and json elsewhere."
    )
    log_level: LogLevel = Field(default="info", description="The least level that is logged.")
    traces: bool = Field(
        default=False,
        description="Send a trace of every round by OTLP over HTTP (extra `otel`; OTEL_EXPORTER_OTLP_* say where to).",
    )
