"""Companies named in an article, their part in the signal, and what their shares did."""

from pydantic import Field

from schemas.article import Span
from schemas.base import Model
from schemas.terms import Direction, Move, Role, Session


class MarketReaction(Model):
    """A share-price move that the article reports."""

    percent: float | None = Field(default=None, description="Signed move in percent; None where only its sign is told.")
    move: Move = Field(description="Which way.")
    session: Session = Field(default="unknown", description="Trading session, where told.")
    span: Span = Field(description="The words that report it.")


class CompanyMention(Model):
    """One company of an article. A brand, app, unit or subsidiary is linked to its company."""

    mention: str = Field(description="The words as they stand first.")
    name: str = Field(description="Usual English name of the company; the mention itself where it is not linked.")
    company_id: str | None = Field(default=None, description="Key in the registry; None: named but in no registry.")
    ticker: str = Field(default="", description="Main listing as EXCHANGE:SYMBOL; empty where unlisted or unknown.")
    role: Role = Field(default="background", description="Its part in the article's main signal.")
    direction: Direction | None = Field(
        default=None, description="What the signal means for this company, where it differs from the signal's own."
    )
    relevance: float = Field(default=0.0, ge=0, le=1, description="How central it is to the article.")
    confidence: float = Field(default=1.0, ge=0, le=1, description="How sure the link is.")
    spans: tuple[Span, ...] = Field(description="Every mention, the first one first.")
    reactions: tuple[MarketReaction, ...] = Field(default=(), description="Its share moves in this article.")
