"""Small articles, signals and alerts for tests."""

from datetime import UTC, datetime
from typing import Any

from pipeline.alerts.decision import alert_id
from schemas import Alert, Article, Authority, CompanyMention, Signal, Span

NOON = datetime(2023, 7, 12, 12, tzinfo=UTC)


def article(**changes: Any) -> Article:
    fields: dict[str, Any] = {"id": "a1", "title": "Regulator fines Acme Bank", "published": NOON, "language": "en"}
    return Article(**(fields | changes))


def signal(**changes: Any) -> Signal:
    fields: dict[str, Any] = {
        "direction": "tightening",
        "instrument": "enforcement",
        "stage": "decided",
        "jurisdiction": "GB",
        "authority": Authority(name="Financial Conduct Authority", kind="regulator", jurisdiction="GB"),
        "confidence": 0.9,
        "evidence": (Span(field="title", start=0, end=25, quote="Regulator fines Acme Bank"),),
    }
    return Signal(**(fields | changes))


def company(name: str = "Acme Bank", role: Any = "target", **changes: Any) -> CompanyMention:
    fields: dict[str, Any] = {
        "mention": name,
        "name": name,
        "company_id": name.lower().replace(" ", "-"),
        "ticker": "LSE:ACME",
        "role": role,
        "relevance": 0.9,
        "spans": (Span(field="title", start=16, end=25, quote="Acme Bank"),),
    }
    return CompanyMention(**(fields | changes))


def alert(**changes: Any) -> Alert:
    source = changes.pop("article", article())
    main = changes.pop("signal", signal())
    fields: dict[str, Any] = {
        "id": alert_id(source.id, main, 1),
        "story": "",
        "severity": "high",
        "headline": source.title,
        "article": source,
        "signal": main,
        "companies": (company(),),
        "event_time": source.published,
        "model_version": "test",
    }
    return Alert(**(fields | changes))
