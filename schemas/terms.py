"""The field's closed vocabularies: what each label may be.

The values are those of the labelling guidelines by which policywire is scored; ``docs/signals.md`` explains them
with examples. Adding a value is a minor schema version, removing one a major version.
"""

from typing import Final, Literal, TypeAlias, get_args

Direction: TypeAlias = Literal["tightening", "easing", "neutral"]
Instrument: TypeAlias = Literal[
    "enforcement", "investigation", "rulemaking", "licensing", "trade", "fiscal", "monetary", "guidance"
]
Stage: TypeAlias = Literal["signalled", "proposed", "decided"]
Role: TypeAlias = Literal["target", "beneficiary", "participant", "affected", "commentator", "background"]
AuthorityKind: TypeAlias = Literal[
    "government",
    "ministry",
    "regulator",
    "central_bank",
    "legislature",
    "court",
    "prosecutor",
    "supranational",
    "subnational",
]
Severity: TypeAlias = Literal["low", "medium", "high"]
Move: TypeAlias = Literal["up", "down", "flat"]
Session: TypeAlias = Literal["premarket", "regular", "after_hours", "unknown"]
Cause: TypeAlias = Literal[
    "unreadable",
    "bad_encoding",
    "bad_gzip",
    "bad_json",
    "bad_schema",
    "bad_feed",
    "bad_date",
    "too_large",
    "refused",
    "fetch_failed",
    "internal",
    "delivery_failed",
]

JURISDICTION: Final = "^(?:[A-Z]{2}|INT)$"
"""The form of a jurisdiction, as a pattern."""

DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)
INSTRUMENTS: Final[tuple[Instrument, ...]] = get_args(Instrument)
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
ROLES: Final[tuple[Role, ...]] = get_args(Role)
