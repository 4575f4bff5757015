"""Articles that tell the same news are one story."""

from datetime import timedelta
from hashlib import blake2b

from pydantic import AwareDatetime

from schemas import Alert
from schemas.base import Model
from schemas.terms import STAGES, Stage

_ACTED_ON = ("target", "beneficiary", "participant", "affected")


class StoryState(Model):
    """The story now told under a key."""

    story: str
    last: AwareDatetime | None
    stage: Stage


def story_key(alert: Alert) -> str:
    """What articles of the same story have in common: jurisdiction, direction, instrument and the subject, which is
    the most relevant company acted on, else the authority. With neither, an article is a story of its own: a doubled
    alert is the lesser evil beside two stories taken for one."""
    signal = alert.signal
    company = next((c for c in alert.companies if c.role in _ACTED_ON and c.company_id), None)
    if company is not None:
        subject = f"company:{company.company_id}"
    elif signal.authority is not None and signal.jurisdiction:
        subject = f"authority:{signal.authority.name}"
    else:
        subject = f"article:{alert.article.id}"
    return "|".join((signal.jurisdiction, signal.direction, signal.instrument, subject))


def place(alert: Alert, state: StoryState | None, hours: float) -> tuple[Alert, StoryState]:
    """``alert`` with its story and whether it repeats it, and the story's new state.

    A story ends when nothing is heard of it for ``hours``; what comes later begins a new one. An act that has come
    further than any alert of the story told (proposed, then decided) is news, not a repeat, and so is a correction
    or a withdrawal.
    """
    time = alert.event_time
    fresh = state is not None and (
        time is None or state.last is None or abs(time - state.last) <= timedelta(hours=hours)
    )
    if state is None or not fresh:
        story = blake2b(f"story\0{alert.id}".encode(), digest_size=8).hexdigest()
        return alert.model_copy(update={"story": story}), StoryState(story=story, last=time, stage=alert.signal.stage)
    further = STAGES.index(alert.signal.stage) > STAGES.index(state.stage)
    last = max((t for t in (time, state.last) if t is not None), default=None)
    placed = alert.model_copy(update={"story": state.story, "repeat": not further and alert.revision == 1})
    return placed, state.model_copy(update={"last": last, "stage": alert.signal.stage if further else state.stage})
