"""Ends a command by SIGINT or SIGTERM, in good order, and a long-running one in time."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Self

from pipeline.cli.output import complain

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Untouched(BaseException):
    """Passes through the steps of a graph. Any other exception Beam logs with its trace and raises as an error of the
    step's."""

    _tagged_with_step = True


class _Interrupted(_Untouched, KeyboardInterrupt):
    pass


class _Terminated(_Untouched, SystemExit):
    pass


@contextlib.contextmanager
def clearing_away() -> Iterator[None]:
    """While this lasts, SIGINT is KeyboardInterrupt and SIGTERM is SystemExit, in the steps of a graph as elsewhere, so
    that temporary files are removed. A second signal ends the process at once."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        for each in heeded:
            signal.signal(each, signal.SIG_DFL)
        raise _Interrupted if number == signal.SIGINT else _Terminated(128 + number)

    for number in heeded:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])


class Stopping:
    """While this context lasts, a signal calls what ``stops`` was given; should the command not have ended after
    ``grace`` seconds, or at a second signal, the process ends at once. Exit code 0 either way: what is under way is
    done again by the next run. A signal before ``stops`` was called ends the process at once."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._stop: Callable[[], None] | None = None
        self._asked = False
        self._before: dict[signal.Signals, object] = {}
        self._timer: threading.Timer | None = None

    def stops(self, stop: Callable[[], None]) -> None:
        """``stop`` asks the command to end; it is called in a signal handler."""
        self._stop = stop

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._stop is None or self._asked:
            os._exit(0)
        self._asked = True
        self._stop()
        self._timer = threading.Timer(self._grace, self._give_up)
        self._timer.daemon = True
        self._timer.start()

    def _give_up(self) -> None:
        with contextlib.suppress(OSError):
            complain("the round under way took too long and was given up; the next run reads it again")
        os._exit(0)

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._asked and error is None:
            # All of ours is closed. Taking down the interpreter with Beam in it can take seconds, and changes nothing.
            with contextlib.suppress(OSError):
                sys.stdout.flush()
            os._exit(0)
        if self._timer is not None:
            self._timer.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
