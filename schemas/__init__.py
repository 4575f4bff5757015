"""The models that flow through policywire, and nothing of the pipeline itself."""

from schemas.alert import Alert, DeadLetter
from schemas.article import Article, Position, Span
from schemas.base import SCHEMA_VERSION
from schemas.company import CompanyMention, MarketReaction
from schemas.event import AlertEvent
from schemas.signal import Authority, Signal

__all__ = [
    "SCHEMA_VERSION",
    "Alert",
    "AlertEvent",
    "Article",
    "Authority",
    "CompanyMention",
    "DeadLetter",
    "MarketReaction",
    "Position",
    "Signal",
    "Span",
]
