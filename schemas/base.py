"""What all models share."""

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = "1.0.1"
"""Of all models together; docs/schemas.md says what raises which part."""


class Model(BaseModel):
    """A frozen value. Unknown fields are refused, so that a misspelt field is an error and not a loss."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="iso8601")
