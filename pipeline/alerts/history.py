"""What became of an article before: a second look at the same article makes a revision, never a doubled alert."""

from pipeline.alerts.decision import alert_id
from pipeline.alerts.story import story_key
from schemas import Alert
from schemas.base import Model


class History(Model):
    """The last alert that an article raised, without the article's text, and the story key of its first one: a
    correction stays in the story of what it corrects, whatever its labels say now."""

    alert: Alert
    key: str


def revise(candidate: Alert | None, history: History | None) -> tuple[Alert | None, History | None]:
    """What to emit for a further version of an article, and what to remember.

    ``candidate`` is the alert that the new version would raise (None: none); ``history`` what earlier versions led
    to (None: no alert so far). Same labels and companies: nothing is emitted, whatever else was edited. Other labels:
    the next revision, naming the alert that it supersedes. No signal any more: the last alert, withdrawn.
    """
    if history is None:
        return (candidate, _remember(candidate, story_key(candidate))) if candidate is not None else (None, None)
    last = history.alert
    if candidate is None:
        if last.withdrawn:
            return None, history
        emitted = last.model_copy(update={"withdrawn": True})
    elif not last.withdrawn and _labels(candidate) == _labels(last):
        return None, history
    else:
        emitted = candidate
    revision = last.revision + 1
    emitted = emitted.model_copy(
        update={
            "id": alert_id(last.article.id, emitted.signal, revision),
            "revision": revision,
            "supersedes": last.id,
        }
    )
    return emitted, _remember(emitted, history.key)


def _remember(alert: Alert, key: str) -> History:
    return History(alert=alert.model_copy(update={"article": alert.article.model_copy(update={"text": ""})}), key=key)


def _labels(alert: Alert) -> tuple[object, ...]:
    signal = alert.signal
    companies = frozenset((company.company_id or company.name, company.role) for company in alert.companies)
    return signal.direction, signal.instrument, signal.stage, signal.jurisdiction, companies
