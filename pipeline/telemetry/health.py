"""Whether a live run is alive, and whether it reaches everything it needs."""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from pipeline.runners.rounds import RoundReport
from pipeline.runners.trouble import Trouble


@dataclass(frozen=True)
class Verdict:
    """``well``, and the reasons where it is not; each a line for a person."""

    well: bool
    reasons: tuple[str, ...] = ()


class Health:
    """Judges a run by its last turn (``turned``, in seconds of time.monotonic) and by the troubles of its sources and
    sinks, ``parts``; other troubles make nothing unready."""

    def __init__(self, turned: Callable[[], float], stalled_seconds: float, parts: Collection[str]) -> None:
        self._turned, self._stalled, self._parts = turned, stalled_seconds, frozenset(parts)
        self._troubles: dict[str, str] = {}
        self._guard = threading.Lock()

    def __call__(self, news: RoundReport | Trouble) -> None:
        """Takes note of troubles. Called from several threads."""
        if isinstance(news, Trouble) and news.where in self._parts:
            with self._guard:
                if news.over:
                    self._troubles.pop(news.where, None)
                else:
                    self._troubles[news.where] = news.message

    def alive(self) -> Verdict:
        """Whether the run gets on. Where it does not, a restart helps and loses nothing."""
        if not self._turned():
            return Verdict(True)
        idle = time.monotonic() - self._turned()
        if idle > self._stalled:
            return Verdict(False, (f"no turn for {idle:.0f} s",))
        return Verdict(True)

    def ready(self) -> Verdict:
        """Whether the run has begun, gets on, and reaches every source and sink."""
        if not self._turned():
            return Verdict(False, ("starting",))
        with self._guard:
            troubles = tuple(f"{where}: {message}" for where, message in sorted(self._troubles.items()))
        alive = self.alive()
        return Verdict(alive.well and not troubles, alive.reasons + troubles)
