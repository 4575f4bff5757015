"""How much a signal weighs, for sorting and for alarms."""

from schemas import CompanyMention, Signal
from schemas.terms import Severity

_STAGE = {"signalled": 0, "proposed": 1, "decided": 2}
_BINDING = {"enforcement", "trade", "licensing", "rulemaking", "fiscal", "monetary"}


def severity(signal: Signal, companies: tuple[CompanyMention, ...]) -> Severity:
    """low, medium or high: a point each for a decided act (half for a proposed one), a binding instrument, a
    direction other than neutral, and a listed company that the act is aimed at; high from 3, medium from 2."""
    points = _STAGE[signal.stage] / 2
    points += signal.instrument in _BINDING
    points += signal.direction != "neutral"
    points += any(company.role in ("target", "beneficiary") and company.ticker for company in companies)
    return "high" if points >= 3 else "medium" if points >= 2 else "low"
