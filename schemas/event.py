"""The envelope in which alerts travel: CloudEvents 1.0.

Structured mode (this model) in files, on stdout and to webhooks; on Kafka the same attributes in either of the
Kafka protocol binding's modes. Source: CloudEvents specification 1.0.2.
"""

from typing import Final, Literal

from pydantic import AwareDatetime, Field

from schemas.alert import Alert
from schemas.base import SCHEMA_VERSION, Model

ALERT_TYPE: Final = "news.policy.signal.v1"
ALERT_SOURCE = "urn:policywire"


class AlertEvent(Model):
    """An alert as a CloudEvent in structured mode."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(description="The alert's id: the same alert sent twice has the same id, by which to drop it.")
    source: str = Field(default=ALERT_SOURCE, description="Who sends: a URI reference.")
    type: Literal["news.policy.signal.v1"] = ALERT_TYPE
    subject: str = Field(description="The story's id.")
    time: AwareDatetime | None = Field(default=None, description="When the article was published; absent if undated.")
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str = Field(description="Which schema, and which version of it, data follows.")
    data: Alert = Field(description="The alert.")

    @classmethod
    def of(cls, alert: Alert) -> "AlertEvent":
        """The envelope of ``alert``, a function of the alert alone."""
        return cls(
            id=alert.id,
            subject=alert.story,
            time=alert.event_time,
            dataschema=f"urn:policywire:schema:alert:{SCHEMA_VERSION}",
            data=alert,
        )
