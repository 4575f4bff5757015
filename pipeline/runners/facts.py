"""What a round tells of each alert and dead letter that it wrote: what metrics, logs and traces are made of, and no more
of the article than its id."""

from typing import NamedTuple

from schemas import Alert, DeadLetter


class AlertFacts(NamedTuple):
    """One alert that was written; times are seconds since 1970, None: unknown."""

    id: str
    article: str
    story: str
    direction: str
    jurisdiction: str
    severity: str
    revision: int
    published: float | None
    arrived: float | None

    @classmethod
    def of(cls, alert: Alert) -> "AlertFacts":
        """The facts of ``alert``."""
        article = alert.article
        return cls(
            alert.id,
            article.id,
            alert.story,
            alert.signal.direction,
            alert.signal.jurisdiction,
            alert.severity,
            alert.revision,
            article.published.timestamp() if article.published else None,
            article.arrived.timestamp() if article.arrived else None,
        )


class LetterFacts(NamedTuple):
    """One dead letter that was written."""

    id: str
    cause: str
    step: str
    position: str

    @classmethod
    def of(cls, letter: DeadLetter) -> "LetterFacts":
        """The facts of ``letter``."""
        return cls(letter.id, letter.cause, letter.step, str(letter.position))
