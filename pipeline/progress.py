"""How far a reading has come, for a progress bar in the same process."""

from dataclasses import dataclass


@dataclass
class Progress:
    """Counts that sources raise and the command line shows. Never part of a result: on another runner, whose workers
    are other processes, they stay at nought. ``done`` counts bytes of files, messages of topics."""

    done: int = 0
    articles: int = 0
    dead_letters: int = 0


PROGRESS = Progress()
