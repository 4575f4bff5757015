"""When an article is an alert."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, TypeAlias

from pipeline.alerts.severity import severity
from pipeline.articles.language import ENGLISH
from pipeline.reading import Reading
from pipeline.settings import AlertPolicy
from schemas import Alert, Article, CompanyMention, Signal

MAX_HEADLINE = 300

Reason: TypeAlias = Literal["language", "no_signal", "confidence", "direction", "jurisdiction", "instrument", "company"]


@dataclass(frozen=True, slots=True)
class Held:
    """Why an article raised no alert: the check that held it back."""

    reason: Reason


def make_alert(article: Article, reading: Reading | None, policy: AlertPolicy, version: str) -> Alert | Held:
    """The first-revision alert of ``article``, or what held it back.

    ``article`` is normalised; ``reading`` is None where the article was passed by unread (another language);
    ``version`` names the weights that read it. The story is left to ``story.place``.
    """
    if reading is None or article.language not in ("", ENGLISH):
        return Held("language")
    if not reading.signals.signals:
        return Held("no_signal")
    signal = reading.signals.signals[0]
    if held := _held_by_policy(signal, reading.companies, policy):
        return held
    return Alert(
        id=alert_id(article.id, signal, 1),
        story="",
        severity=severity(signal, reading.companies),
        headline=headline(article),
        article=article if policy.full_text else article.model_copy(update={"text": ""}),
        signal=signal,
        further_signals=reading.signals.signals[1:],
        companies=tuple(sorted(reading.companies, key=lambda company: -company.relevance)),
        event_time=article.published,
        model_version=version,
    )


def alert_id(article_id: str, signal: Signal, revision: int) -> str:
    """The id of an alert: a function of the article's identity, the signal's labels and the revision, so that the
    same alert made twice (after a crash, in a replay) is recognised."""
    labels = (article_id, signal.direction, signal.instrument, signal.stage, signal.jurisdiction, str(revision))
    return blake2b("\0".join(labels).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def headline(article: Article) -> str:
    """The title, else the first line of the text up to its first sentence's end, cut to 300 characters."""
    if article.title:
        return article.title[:MAX_HEADLINE]
    line = article.text.partition("\n")[0]
    return line if len(line) <= MAX_HEADLINE else line[: MAX_HEADLINE - 1].rsplit(" ", 1)[0] + "…"


def _held_by_policy(signal: Signal, companies: tuple[CompanyMention, ...], policy: AlertPolicy) -> Held | None:
    if signal.confidence < policy.min_confidence:
        return Held("confidence")
    if policy.directions and signal.direction not in policy.directions:
        return Held("direction")
    if policy.jurisdictions and signal.jurisdiction not in policy.jurisdictions:
        return Held("jurisdiction")
    if policy.instruments and signal.instrument not in policy.instruments:
        return Held("instrument")
    if policy.companies and not any(is_on_watchlist(company, policy.companies) for company in companies):
        return Held("company")
    return None


def is_on_watchlist(company: CompanyMention, watchlist: tuple[str, ...]) -> bool:
    """Whether a watchlist of tickers ("NYSE:BABA"), symbols ("BABA") or names ("Alibaba") holds ``company``."""
    names = {company.name.casefold(), company.mention.casefold()}
    if company.ticker:
        names |= {company.ticker.casefold(), company.ticker.rpartition(":")[2].casefold()}
    return any(entry.casefold() in names for entry in watchlist)
