"""What is remembered of a feed, and how a poll changes it. Pure functions; the ledger keeps the result."""

from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.settings import FeedPolicy
from pipeline.sources.feeds.answer import Answer
from pipeline.sources.feeds.schedule import Wishes, wait_after_failure, wait_after_success, wait_for_gone

Health: TypeAlias = Literal["new", "ok", "moved", "quiet", "undated", "empty", "failing", "dead", "gone"]
HEALTH: Final[dict[Health, str]] = {
    "new": "never polled yet",
    "ok": "polled and read",
    "moved": "well, but at another address for good; replace the old one",
    "quiet": "well, but without a new entry for a month",
    "undated": "its entries have no dates that can be read",
    "empty": "a feed without entries",
    "failing": "the last poll failed; it is tried again, ever more seldom",
    "dead": "nothing could be read for a week",
    "gone": "its host says that it is no more; looked at once a week",
}
"""The words for a feed's health, the worse the later, and what they mean."""

DAY = 86400.0
DEAD_AFTER = 7 * DAY
QUIET_AFTER = 30 * DAY
_FAILURES_BEFORE_OLD_ADDRESS = 5


class FeedState(BaseModel):
    """One feed. Times are seconds since 1970, 0: never."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # a newer version's ledger may know more

    url: str = Field(description="The address under which it was added, its name for ever.")
    listed: bool = Field(default=False, description="Added by hand: polled by every run that names no other feeds.")
    added: float = 0.0
    title: str = ""
    location: str = Field(default="", description="Where permanent redirects lead; empty: to url itself.")
    etag: str = ""
    last_modified: str = ""
    digest: str = Field(default="", description="Of the last document that was read.")
    polls: int = Field(default=0, description="Polls that were finished; grows by one each time.")
    next_poll: float = Field(default=0.0, description="Not to be asked before.")
    host_wait: float = Field(default=0.0, description="Its whole host is not to be asked before.")
    read: bool = Field(default=False, description="A document has been read: the first poll is over.")
    wishes: Wishes = Field(default_factory=Wishes, description="What its last document asked of its readers.")
    failures: int = Field(default=0, description="Polls in a row that failed.")
    status: int = Field(default=0, description="Last HTTP status; 0: no answer.")
    error: str = Field(default="", description="Why the last poll failed; empty: it did not.")
    last_poll: float = 0.0
    last_success: float = 0.0
    last_new: float = Field(default=0.0, description="When it last had an entry that was not known.")
    last_entry: float = Field(default=0.0, description="Date of its newest entry.")
    entries: int = Field(default=0, description="Entries in its last document.")
    undated: int = Field(default=0, description="Of those, entries without a readable date.")
    passed_by: int = Field(default=0, description="Entries too old to be read, at its first poll and since.")
    gone: bool = False

    @property
    def address(self) -> str:
        """Where to ask for it now."""
        return self.location or self.url


class Reading(BaseModel):
    """What came of one document: a note from the graph to the round's transaction."""

    model_config = ConfigDict(frozen=True)

    url: str
    title: str = ""
    wishes: Wishes = Wishes()
    error: str = Field(default="", description="Why the document is no feed, or no whole one; empty: it is one.")
    entries: int = 0
    undated: int = 0
    new: int = 0
    changed: int = 0
    passed_by: int = 0
    dead_letters: int = 0
    newest: float = 0.0
    seen: tuple[tuple[str, str], ...] = Field(default=(), description="Entry keys and digests to remember.")


def advance(state: FeedState, answer: Answer, reading: Reading | None, policy: FeedPolicy, now: float) -> FeedState:
    """``state`` after a poll at ``now`` that ended in ``answer``, of which, if it was a document, ``reading`` came.

    An answer whose document is the same as last time comes without a reading, like one that says unchanged.
    """
    polled = state.model_copy(update={"polls": state.polls + 1, "last_poll": now, "status": answer.status})
    if answer.kind in ("failed", "refused"):
        return _failed(polled, answer.message, answer, policy, now)
    if answer.kind == "gone":
        wait = wait_for_gone(state.url, polled.polls)
        return polled.model_copy(
            update={"gone": True, "error": answer.message, "failures": state.failures + 1, "next_poll": now + wait}
        )
    if reading is not None and reading.error:
        # Without its validators: the next poll is to get the document again, not to be told that it did not change.
        # One cut short whose whole entries were read is asked for as often as ever: it may never be better.
        if reading.entries:
            polled = polled.model_copy(update={"failures": 0})
        return _failed(polled, reading.error, answer, policy, now)
    wishes = state.wishes if reading is None else reading.wishes
    update: dict[str, object] = {
        "failures": 0,
        "error": "",
        "gone": False,
        "last_success": now,
        "location": answer.moved_to if answer.moved_to and answer.moved_to != state.url else state.location,
        "next_poll": wait_after_success(state.url, polled.polls, wishes, answer.fresh_seconds, policy, now),
    }
    if answer.kind == "document":
        update |= {"etag": answer.etag, "last_modified": answer.last_modified, "digest": answer.digest}
    if reading is not None:
        update |= {
            "read": True,
            "title": reading.title or state.title,
            "wishes": wishes,
            "entries": reading.entries,
            "undated": reading.undated,
            "passed_by": state.passed_by + reading.passed_by,
            "last_entry": max(reading.newest, state.last_entry),
            "last_new": now if reading.new or reading.changed else state.last_new,
        }
    return polled.model_copy(update=update)


def _failed(state: FeedState, message: str, answer: Answer, policy: FeedPolicy, now: float) -> FeedState:
    failures = state.failures + 1
    wait = wait_after_failure(state.url, failures, answer.retry_after, policy)
    # A new address that does not work may have been a mistake: back to the old one.
    lost = failures >= _FAILURES_BEFORE_OLD_ADDRESS and state.location
    return state.model_copy(
        update={
            "failures": failures,
            "error": message,
            "next_poll": now + wait,
            "host_wait": now + answer.retry_after if answer.retry_after else state.host_wait,
            **({"location": "", "etag": "", "last_modified": ""} if lost else {}),
        }
    )


def health(state: FeedState, now: float) -> Health:
    """The one word for how a feed is at ``now``; the worst that holds."""
    if state.gone:
        return "gone"
    if state.failures:
        return "dead" if now - (state.last_success or state.added) > DEAD_AFTER and state.failures > 2 else "failing"
    if not state.read:
        return "new"
    if not state.entries:
        return "empty"
    if state.undated > state.entries / 2:
        return "undated"
    if now - max(state.last_new, state.last_entry) > QUIET_AFTER:
        return "quiet"
    return "moved" if state.location else "ok"


def load_state(body: bytes | None) -> FeedState | None:
    """The state that the ledger kept; None where there is none, or none that this version can read."""
    try:
        return None if body is None else FeedState.model_validate_json(body)
    except ValidationError:
        return None
