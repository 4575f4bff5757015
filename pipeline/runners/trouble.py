"""What goes wrong in a live run and is overcome by trying again."""

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """Something that a person should know: where (a source's or sink's name), the message, and whether it is over."""

    where: str
    message: str
    over: bool = False


@dataclass
class Pause:
    """How long something that failed is left alone: half a second, doubled with each further failure up to ``most``."""

    most: float = 30.0
    until: float = 0.0
    length: float = 0.0

    def longer(self, least: float = 0.5) -> float:
        """Begins the next pause, of ``least`` seconds at least, and says how long it is."""
        self.length = max(least, min(max(0.5, self.length * 2), self.most))
        self.until = time.monotonic() + self.length
        return self.length

    def over(self) -> bool:
        """Whether it has passed. A pause that was never begun has."""
        return time.monotonic() >= self.until
