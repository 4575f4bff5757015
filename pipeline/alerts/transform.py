"""Decides on a bounded or an unbounded collection: the shell around ``revise`` and ``place``.

Both steps are keyed, by article and then by story. On bounded input each key's members are gathered and taken in
event time, so that the outcome does not depend on the order in which a runner hands them over. On unbounded input
they are taken as they come, from Beam state.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.metrics import Metrics
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.utils.timestamp import Duration, Timestamp

from pipeline.alerts.history import History, revise
from pipeline.alerts.story import StoryState, place
from schemas import Alert, Article

NAMESPACE = "policywire.alerts"
HISTORIES = "histories"
STORIES = "stories"
_UNDATED = float("-inf")

# What passes between the steps: time in seconds, article id, what comes first of versions with one time (their turn in
# the input, then their revision), and the alert as JSON, or b"" for an article that raises none. Bytes pass a shuffle
# three times as fast as models.
Candidate = tuple[float, str, int, bytes]


class Memory(Protocol):
    """What earlier rounds know. Handed to workers, so it must pickle."""

    def history(self, article_id: str) -> History | None:
        """What became of the article before."""

    def story(self, key: str) -> StoryState | None:
        """The story now told under ``key``."""


@dataclass(frozen=True)
class NoMemory:
    """For a replay: nothing is known but the archive."""

    def history(self, article_id: str) -> History | None:  # noqa: ARG002
        """None."""
        return None

    def story(self, key: str) -> StoryState | None:  # noqa: ARG002
        """None."""
        return None


def candidate(article: Article, payload: bytes) -> tuple[str, Candidate]:
    """An article's outcome, keyed for the first step: ``payload`` is its alert as JSON, or b"". Its time is the
    version's: when the article was last changed."""
    return article.id, (_seconds(article.updated or article.published), article.id, article.turn, payload)


def _seconds(time: datetime | None) -> float:
    return time.timestamp() if time is not None else _UNDATED


@dataclass
class DecideBounded(beam.PTransform):
    """(article id, candidate) -> alerts with revision, story and repeat; bounded input only.

    Besides alerts (main output, Alert) it yields what a later round must know: ``histories`` and ``stories``, each
    (key, JSON bytes).

    Attributes:
        story_hours: how long the same news counts as one story.
        keep_repeats: emit repeats, or drop them with a count.
        memory: what earlier rounds know.
        stamp: set ``alerted`` to the clock's time; off in a replay, whose output depends on its input alone.
    """

    story_hours: float
    keep_repeats: bool = True
    memory: Memory = field(default_factory=NoMemory)
    stamp: bool = False

    def expand(self, candidates: Any) -> dict[str, Any]:
        """Two gatherings: by article, by story."""
        revised = (
            candidates
            | "Gather versions" >> beam.GroupByKey()
            | "Revise" >> beam.ParDo(_Revise(self.memory)).with_outputs(HISTORIES, main="alerts")
        )
        placed = (
            revised.alerts
            | "Gather stories" >> beam.GroupByKey()
            | "Place"
            >> beam.ParDo(_Place(self.memory, self.story_hours, self.keep_repeats, self.stamp)).with_outputs(
                STORIES, main="alerts"
            )
        )
        return {"alerts": placed.alerts, HISTORIES: revised[HISTORIES], STORIES: placed[STORIES]}


class _Revise(beam.DoFn):
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def process(self, element: tuple[str, Iterable[Candidate]]) -> Iterator[Any]:
        article_id, versions = element
        history = self._memory.history(article_id)
        known = history
        for *_, payload in sorted(versions):
            alert, history = revise(Alert.model_validate_json(payload) if payload else None, history)
            if alert is not None and history is not None:
                packed = alert.model_dump_json().encode()
                yield history.key, (_seconds(alert.event_time), article_id, alert.revision, packed)
        if history is not None and history is not known:
            yield beam.pvalue.TaggedOutput(HISTORIES, (article_id, history.model_dump_json().encode()))


class _Place(beam.DoFn):
    def __init__(self, memory: Memory, hours: float, keep_repeats: bool, stamp: bool) -> None:
        self._memory, self._hours, self._keep_repeats, self._stamp = memory, hours, keep_repeats, stamp

    def process(self, element: tuple[str, Iterable[Candidate]]) -> Iterator[Any]:
        key, members = element
        state = self._memory.story(key)
        for *_, payload in sorted(members):
            alert, state = place(Alert.model_validate_json(payload), state, self._hours)
            yield from _emit(alert, self._keep_repeats, self._stamp)
        if state is not None:
            yield beam.pvalue.TaggedOutput(STORIES, (key, state.model_dump_json().encode()))


def _emit(alert: Alert, keep_repeats: bool, stamp: bool) -> Iterator[Alert]:
    if alert.repeat and not keep_repeats:
        Metrics.counter(NAMESPACE, "held_repeat").inc()
        return
    Metrics.counter(NAMESPACE, "alerts").inc()
    yield alert.model_copy(update={"alerted": datetime.now(UTC)}) if stamp else alert


@dataclass
class DecideUnbounded(beam.PTransform):
    """(article id, candidate) -> alerts, one at a time, previous state in Beam state, which the runner's checkpoints
    carry. What was known of an article or a story is forgotten ``story_hours`` of event time after it was last heard
    of, so that state does not grow without end.

    Attributes:
        story_hours: how long the same news counts as one story, and an article's history is kept.
        keep_repeats: emit repeats, or drop them with a count.
        stamp: set ``alerted`` to the clock's time.
    """

    story_hours: float
    keep_repeats: bool = True
    stamp: bool = True

    def expand(self, candidates: Any) -> dict[str, Any]:
        """Two stateful steps: by article, by story."""
        alerts = (
            candidates
            # State is kept by key, and a runner finds it again only by a coder that is deterministic: so it is named.
            | "Keyed by article" >> beam.Map(_as_it_is).with_output_types(tuple[str, Candidate])
            | "Revise" >> beam.ParDo(_ReviseStateful(self.story_hours)).with_output_types(tuple[str, Candidate])
            | "Place" >> beam.ParDo(_PlaceStateful(self.story_hours, self.keep_repeats, self.stamp))
        )
        return {"alerts": alerts}


def _as_it_is(keyed: tuple[str, Candidate]) -> tuple[str, Candidate]:
    return keyed


_STATE = ReadModifyWriteStateSpec("known", BytesCoder())
# A spec belongs to one DoFn: Beam refuses a second callback on it.
_FORGET_HISTORY = TimerSpec("forget_history", TimeDomain.WATERMARK)
_FORGET_STORY = TimerSpec("forget_story", TimeDomain.WATERMARK)


class _ReviseStateful(beam.DoFn):
    def __init__(self, hours: float) -> None:
        self._kept = Duration(seconds=int(hours * 3600))

    def process(
        self,
        element: tuple[str, Candidate],
        timestamp: Timestamp = beam.DoFn.TimestampParam,
        known: Any = beam.DoFn.StateParam(_STATE),  # noqa: B008 -- Beam's way to declare state
        forget: Any = beam.DoFn.TimerParam(_FORGET_HISTORY),  # noqa: B008
    ) -> Iterator[tuple[str, Candidate]]:
        article_id, (time, _, _, payload) = element
        before = known.read()
        history = History.model_validate_json(before) if before else None
        alert, history = revise(Alert.model_validate_json(payload) if payload else None, history)
        if history is not None:
            known.write(history.model_dump_json().encode())
            forget.set(timestamp + self._kept)
        if alert is not None and history is not None:
            yield history.key, (time, article_id, alert.revision, alert.model_dump_json().encode())

    @on_timer(_FORGET_HISTORY)
    def forget(self, known: Any = beam.DoFn.StateParam(_STATE)) -> None:  # noqa: B008
        known.clear()


class _PlaceStateful(beam.DoFn):
    def __init__(self, hours: float, keep_repeats: bool, stamp: bool) -> None:
        self._hours, self._keep_repeats, self._stamp = hours, keep_repeats, stamp
        self._kept = Duration(seconds=int(hours * 3600))

    def process(
        self,
        element: tuple[str, Candidate],
        timestamp: Timestamp = beam.DoFn.TimestampParam,
        known: Any = beam.DoFn.StateParam(_STATE),  # noqa: B008
        forget: Any = beam.DoFn.TimerParam(_FORGET_STORY),  # noqa: B008
    ) -> Iterator[Alert]:
        _, (*_, payload) = element
        before = known.read()
        state = StoryState.model_validate_json(before) if before else None
        alert, state = place(Alert.model_validate_json(payload), state, self._hours)
        known.write(state.model_dump_json().encode())
        forget.set(timestamp + self._kept)
        yield from _emit(alert, self._keep_repeats, self._stamp)

    @on_timer(_FORGET_STORY)
    def forget(self, known: Any = beam.DoFn.StateParam(_STATE)) -> None:  # noqa: B008
        known.clear()
