"""The models that flow through policywire, and nothing of the pipeline itself."""

from schemas.alert import Alert, DeadLetter
from schemas.article import Article, Position, Span
from schemas.company import CompanyMention, MarketReaction
from schemas.signal import Authority, Signal

SCHEMA_VERSION = "1.0.0"

__all__ = [
    "SCHEMA_VERSION",
    "Alert",
    "Article",
    "Authority",
    "CompanyMention",
    "DeadLetter",
    "MarketReaction",
    "Position",
    "Signal",
    "Span",
]
