"""What comes in: news articles, where they were read, and the spans of text that later claims rest on."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, AwareDatetime, BeforeValidator, Field, PrivateAttr

from schemas.base import Model


def _read_time(value: Any) -> Any:
    """ISO 8601 or RFC 5322; a time without a zone is UTC, a date alone its midnight in UTC."""
    if not isinstance(value, str):
        if isinstance(value, bool | int | float):
            raise ValueError("a time is a text in ISO 8601 or RFC 5322, not a number")
        return value
    try:
        time = datetime.fromisoformat(value.strip())
    except ValueError:
        try:
            time = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError):
            raise ValueError(f"{value[:40]!r} is no date in ISO 8601 or RFC 5322") from None
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC)
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{value[:40]!r} lies outside the years 1 to 9999") from None


Time = Annotated[AwareDatetime, BeforeValidator(_read_time, json_schema_input_type=AwareDatetime)]


class Span(Model):
    """A stretch of an article's title or text. ``quote`` is exactly ``getattr(article, field)[start:end]``."""

    field: Literal["title", "text"] = Field(description="The article's field that the span lies in.")
    start: int = Field(ge=0, description="First character, counted from 0 in Unicode code points.")
    end: int = Field(ge=0, description="One past the last character.")
    quote: str = Field(description="The words themselves.")


class Position(Model):
    """Where an article or a dead letter was read, so that a person can find it again."""

    origin: str = Field(description="File path, feed URL, or Kafka topic.")
    kind: Literal["file", "feed", "kafka", "text"] = Field(description="What kind of source the origin is.")
    line: int | None = Field(default=None, ge=1, description="Line of a file, counted from 1.")
    entry: str | None = Field(default=None, description="Entry of a feed: its guid, link or number.")
    partition: int | None = Field(default=None, ge=0, description="Kafka partition.")
    offset: int | None = Field(default=None, ge=0, description="Kafka offset.")

    def __str__(self) -> str:
        if self.kind == "kafka":
            return f"{self.origin}[{self.partition}]@{self.offset}"
        if self.line is not None:
            return f"{self.origin}:{self.line}"
        return f"{self.origin}#{self.entry}" if self.entry else self.origin


class Article(Model):
    """One news item as a feed shows it, and as the articles topic carries it.

    On the wire only ``title`` or ``text`` is needed; ``date`` and ``link`` are accepted for ``published`` and
    ``url``. After normalisation ``id`` is set, text is plain (no HTML), and times are in UTC.
    """

    id: str = Field(default="", max_length=512, description="Stable identity; computed where the source gives none.")
    title: str = Field(default="", description="Headline; may be empty.")
    text: str = Field(default="", description="Summary or body; may be empty.")
    url: str = Field(
        default="",
        validation_alias=AliasChoices("url", "link"),
        description="Link to the article; canonical after normalisation.",
    )
    source: str = Field(default="", description="Publisher, as a host name where known.")
    published: Time | None = Field(
        default=None,
        validation_alias=AliasChoices("published", "date"),
        description="When the source says it was published. None: undated; the clock of today is never borrowed.",
    )
    updated: Time | None = Field(default=None, description="When the source says it was last changed.")
    arrived: Time | None = Field(default=None, description="When policywire read it; None in a replay.")
    language: str = Field(default="", description="ISO 639-1 code; detected where the source gives none.")
    position: Position | None = Field(default=None, description="Where it was read.")
    _turn: int = PrivateAttr(default=0)

    @property
    def turn(self) -> int:
        """Its place in the input, by which versions with one time are told apart; 0: unknown. Never written out."""
        return self._turn

    def in_turn(self, turn: int) -> "Article":
        """The same, at that place in the input."""
        placed = self.model_copy()
        placed._turn = turn
        return placed
