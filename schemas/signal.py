"""What was read in an article: a policy signal."""

from pydantic import Field

from schemas.article import Span
from schemas.base import Model
from schemas.terms import AuthorityKind, Direction, Instrument, Stage


class Authority(Model):
    """The public body or official that acts."""

    name: str = Field(description="As the registry of authorities calls it, else as the article does.")
    kind: AuthorityKind | None = Field(default=None, description="What kind of body it is.")
    jurisdiction: str = Field(default="", description="ISO 3166-1 alpha-2, EU or INT; empty where not to be told.")
    span: Span | None = Field(default=None, description="The words that name it.")


class Signal(Model):
    """An act, decision, proposal or stated intent of a public authority towards economic activity."""

    direction: Direction = Field(description="Burden on those bound: up (tightening), down (easing) or neutral.")
    instrument: Instrument = Field(description="By what means the authority acts.")
    stage: Stage = Field(description="How far the act has come.")
    jurisdiction: str = Field(
        default="", description="Of the acting authority: ISO 3166-1 alpha-2, EU or INT; empty where not to be told."
    )
    authority: Authority | None = Field(default=None, description="Who acts; None where the article does not say.")
    sectors: tuple[str, ...] = Field(default=(), description="Sectors bound, in policywire's sector names.")
    confidence: float = Field(
        ge=0,
        le=1,
        description="Calibrated probability of a signal, times how sure the direction is: the share of a side, or for "
        "neutral all that does not speak for one side more than for the other.",
    )
    evidence: tuple[Span, ...] = Field(default=(), description="The words that the labels rest on.")
    background: tuple[Span, ...] = Field(
        default=(), description="Past acts that the article recalls; they do not decide the labels."
    )
