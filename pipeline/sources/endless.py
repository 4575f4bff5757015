"""What sources without an end have in common on a streaming runner: how they are stopped, how their watermark moves, and
how they carry what they know over a checkpoint."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from apache_beam.io.iobase import RestrictionProgress, RestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.utils.timestamp import Timestamp

STOP = threading.Event()
"""Set: sources in this process claim the end of what they read, so that a pipeline whose workers live in the process
(Prism) flushes and ends. Other runners have a way of their own: drain (Dataflow), savepoint (Flink)."""

END: Final = None
"""Claimed of a Search, it is over."""

ESTIMATOR = ManualWatermarkEstimator.default_provider()


def advance(watermark: Any) -> Timestamp:
    """Moves the watermark to the present, so that it moves when nothing is read, too; returns it, in whole
    milliseconds, since runners know no finer ones."""
    now = _clock()
    known = watermark.current_watermark()
    if known is not None and known >= now:
        return known  # the clock was set back
    watermark.set_watermark(now)
    return now


class Pace:
    """The watermark of an unbounded step with many elements that are read side by side in this process: nothing beyond
    the earliest whose output may not have arrived yet.

    By Beam's book each element has a watermark of its own, and a step's is the least of them. Prism takes the last one
    that it was told for the whole step (seen with 2.77: under load, positions were committed whose articles were still
    under way). So each element tells the least of all. An element that is read again has had its output taken; one
    that was not for a minute has ended, or moved elsewhere.
    """

    _GONE_SECONDS = 60.0

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._began: dict[str, Timestamp] = {}
        self._ended: dict[str, float] = {}
        self._least = Timestamp(0)

    @contextmanager
    def reading(self, name: str, watermark: Any) -> Iterator[Timestamp]:
        """While the element ``name`` is read: sets its watermark, and gives the time at which what is read now is to be
        given out, in whole milliseconds, never before a watermark that was told."""
        with self._guard:
            known = watermark.current_watermark() or Timestamp(0)
            now = max(_clock(), known, self._least)
            self._began[name] = now
            self._ended.pop(name, None)
            for other, ended in list(self._ended.items()):
                if time.monotonic() - ended > self._GONE_SECONDS:
                    del self._began[other], self._ended[other]
            self._least = max(self._least, min(self._began.values()))
            told = max(known, min(now, self._least))
        if told > known:
            watermark.set_watermark(told)
        try:
            yield now
        finally:
            with self._guard:
                self._ended[name] = time.monotonic()


def _clock() -> Timestamp:
    return Timestamp(micros=int(time.time() * 1000) * 1000)


def no_finalizer() -> None:
    """To be registered: Prism logs an error for a bundle without a finalizer."""


class _Tracker(RestrictionTracker):
    """Its restriction is what is known; a claim puts it in place of what was known before, and what is put off begins
    with it. So it is kept with the output that it led to, or neither is."""

    def __init__(self, known: Any) -> None:
        self._known = known
        self._over = False

    def current_restriction(self) -> Any:
        return self._known

    def try_claim(self, position: Any) -> bool:
        if self._over:
            return False
        if position is END:
            self._over = True
        else:
            self._known = position
        return True

    def try_split(self, fraction_of_remainder: float) -> Any:
        if self._over or fraction_of_remainder != 0:
            return None
        self._over = True
        return self._known, self._known

    def check_done(self) -> None:
        if not self._over:
            raise ValueError("a search was neither put off nor ended")

    def current_progress(self) -> RestrictionProgress:
        return RestrictionProgress(completed=float(self._over), remaining=float(not self._over))

    def is_bounded(self) -> bool:
        return False


class Search(RestrictionProvider):
    """Of any element: what is known of it. For a DoFn that is unbounded per element and looks for something, claims
    what it knows then, gives out what it has found, and puts the rest off."""

    def __init__(self, initial: Any) -> None:
        """``initial`` is known at the beginning; it pickles."""
        self._initial = initial

    def initial_restriction(self, element: object) -> Any:  # noqa: ARG002
        """What is known at the beginning."""
        return self._initial

    def create_tracker(self, restriction: Any) -> RestrictionTracker:
        """A tracker that begins there."""
        return _Tracker(restriction)

    def restriction_size(self, element: object, restriction: Any) -> float:  # noqa: ARG002
        """The same for all."""
        return 1.0

    def truncate(self, element: object, restriction: Any) -> None:  # noqa: ARG002
        """When a runner drains, the search ends."""
        return
