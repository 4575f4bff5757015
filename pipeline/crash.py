"""Points at which a test can have the process killed, as a power cut would: POLICYWIRE_CRASH_AT=NAME or NAME:N for the
N-th passing. Without the variable they do nothing."""

import os
import signal
from collections import Counter
from typing import Literal, TypeAlias

Point: TypeAlias = Literal["planned", "done", "committed", "delivered", "acknowledged"]
"""Between plan and run; DONE and transaction; transaction and delivery; a sink's flush and its mark; behind the mark."""

_passed: Counter[str] = Counter()


def crash_point(name: Point) -> None:
    """Kills the process if a test asked for it."""
    wanted = os.environ.get("POLICYWIRE_CRASH_AT")
    if not wanted:
        return
    point, _, number = wanted.partition(":")
    if point == name:
        _passed[name] += 1
        if _passed[name] == int(number or 1):
            os.kill(os.getpid(), signal.SIGKILL)
