"""What goes out: alerts, and dead letters for what could not be read or delivered."""

from pydantic import AwareDatetime, Field

from schemas.article import Article, Position
from schemas.base import Model
from schemas.company import CompanyMention
from schemas.signal import Signal
from schemas.terms import Cause, Severity


class Alert(Model):
    """A policy signal that is worth a subscriber's attention. Never changed in place: a correction is a new alert
    with a higher revision that names the one it supersedes."""

    id: str = Field(description="A function of the article's identity, the signal and the revision.")
    revision: int = Field(default=1, ge=1, description="1 for the first alert of this article and signal.")
    supersedes: str | None = Field(default=None, description="Id of the alert that this one corrects or withdraws.")
    withdrawn: bool = Field(default=False, description="True: the superseded alert no longer holds.")
    story: str = Field(description="Id of the story; articles that tell the same news share it.")
    repeat: bool = Field(default=False, description="True: an earlier alert of the same story has been emitted.")
    severity: Severity = Field(description="How much the signal weighs.")
    headline: str = Field(description="The article's title, else its first sentence; at most 300 characters.")
    article: Article = Field(description="The article, without its full text where the settings say so.")
    signal: Signal = Field(description="The main signal.")
    further_signals: tuple[Signal, ...] = Field(default=(), description="Other signals of the same article.")
    companies: tuple[CompanyMention, ...] = Field(default=(), description="Companies named, most relevant first.")
    event_time: AwareDatetime | None = Field(description="When the article was published; None: undated.")
    alerted: AwareDatetime | None = Field(
        default=None, description="When the alert was made; None in a replay, whose output is a function of its input."
    )
    model_version: str = Field(description="Version of the weights and vocabularies that read the article.")


class DeadLetter(Model):
    """An input that could not be processed, kept whole so that it can be retried after a fix."""

    id: str = Field(description="A function of cause, position and payload.")
    cause: Cause = Field(description="What kind of failure.")
    step: str = Field(description="The step that gave up, as the graph names it.")
    message: str = Field(description="What is wrong, for a person, and what to do about it.")
    error: str = Field(default="", description="Class of the exception, where one was raised.")
    trace: str = Field(default="", description="Shortened trace, where one helps.")
    position: Position = Field(description="Where the input was read.")
    payload: str = Field(default="", description="The bytes, Base64, up to 64 KiB of them.")
    payload_size: int = Field(default=0, ge=0, description="Size of the whole input in bytes.")
    seen: AwareDatetime | None = Field(default=None, description="When it was met; None in a replay.")
    version: str = Field(description="Version of policywire that met it.")
