"""Reads articles in several processes: reading is nearly all of the work, and Python uses one core a process.

Each worker is this module run as a program, with the vocabularies loaded once. It reads a batch from stdin and writes
its outcomes to stdout, and ends when stdin does: with its parent, however that ends.
"""

import contextlib
import os
import pickle
import select
import struct
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from pipeline import garbage
from pipeline.alerts.decision import Held, make_alert
from pipeline.articles.language import ENGLISH
from pipeline.dead_letters import dead_letter
from pipeline.reading import reader
from pipeline.settings import AlertPolicy
from schemas import Article, DeadLetter, Position

BATCH = 64
"""Articles that a worker is handed at once: some tens of milliseconds of work."""
_SIZE = struct.Struct("!I")


class Outcome(NamedTuple):
    """What became of an article: its alert as JSON (b"" for none), what held one back ("" for nothing), or the dead
    letter that says why it could not be read."""

    alert: bytes
    held: str
    letter: DeadLetter | None = None


def read_article(article: Article, policy: AlertPolicy, registry: Path | None) -> Outcome:
    """Reads one normalised article. Never raises."""
    try:
        reading_ = reader(registry)
        english = article.language in ("", ENGLISH)
        reading = reading_.read(article.title, article.text, companies_of_all=False) if english else None
        made = make_alert(article, reading, policy, reading_.version)
    except Exception as error:  # one bad article must not stop the stream
        return Outcome(b"", "", _gave_up(article, error))
    return Outcome(b"", made.reason) if isinstance(made, Held) else Outcome(made.model_dump_json().encode(), "")


def settled(article: Article, registry: Path | None) -> Outcome | None:
    """What ``read_article`` would say, where the language or the first look settle it; None where it must be read.
    Five articles of six are settled in less time than it takes to hand them to a worker. Never raises."""
    if article.language not in ("", ENGLISH):
        return Outcome(b"", "language")
    try:
        return Outcome(b"", "no_signal") if reader(registry).dismisses(article.title, article.text) else None
    except Exception:  # then it is for ``read_article`` to say what is wrong
        return None


def _gave_up(article: Article, error: Exception) -> DeadLetter:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return dead_letter(
        "internal",
        "Read",
        f"could not read the article: {error} (in {where.name}); please report it with this dead letter",
        article.position or Position(origin=article.id, kind="text"),
        article.model_dump_json().encode(),
        error,
    )


class ReadingPool:
    """Workers that read side by side. A worker that ends before its time (killed for want of memory, say) costs
    speed, not articles: its batch is read in this process."""

    def __init__(self, workers: int, policy: AlertPolicy, registry: Path | None) -> None:
        """Starts ``workers`` processes; they load the vocabularies while the first batches are on their way."""
        self._policy, self._registry = policy, registry
        self._idle = [_Worker(policy, registry) for _ in range(workers)]
        self._busy: dict[int, tuple[_Worker, Sequence[Article], Any]] = {}

    def read(self, articles: Sequence[Article], tag: Any) -> Iterator[tuple[Any, Sequence[Outcome]]]:
        """Hands ``articles`` to a worker, and yields what others have finished meanwhile: (tag, outcomes in order).
        Waits for a worker where all are busy."""
        while not self._idle:
            if not self._busy:  # all workers have died
                yield tag, [read_article(article, self._policy, self._registry) for article in articles]
                return
            yield from self._finished()
        worker = self._idle.pop()
        if worker.send(articles):
            self._busy[worker.output] = (worker, articles, tag)
        else:
            yield from self.read(articles, tag)

    def rest(self) -> Iterator[tuple[Any, Sequence[Outcome]]]:
        """Waits for everything that is under way."""
        while self._busy:
            yield from self._finished()

    def drop(self) -> None:
        """Forgets what is under way, after a run that failed."""
        for _ in self.rest():
            pass

    def close(self) -> None:
        """Ends the workers."""
        for worker in [*self._idle, *(busy[0] for busy in self._busy.values())]:
            worker.close()
        self._idle, self._busy = [], {}

    def _finished(self) -> Iterator[tuple[Any, Sequence[Outcome]]]:
        ready, _, _ = select.select(list(self._busy), [], [])
        for output in ready:
            worker, articles, tag = self._busy.pop(output)
            outcomes = worker.receive()
            if outcomes is None:
                worker.close()
                outcomes = [read_article(article, self._policy, self._registry) for article in articles]
            else:
                self._idle.append(worker)
            yield tag, outcomes


@lru_cache(maxsize=1)
def reading_pool(workers: int, policy: AlertPolicy, registry: Path | None) -> ReadingPool:
    """This process's pool, started at the first call."""
    return ReadingPool(workers, policy, registry)


class _Worker:
    def __init__(self, policy: AlertPolicy, registry: Path | None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.reading_pool"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path)},
            start_new_session=True,  # Ctrl-C in a terminal is for us; a worker ends with its stdin
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self.output = self._output.fileno()
        self.pid = self._process.pid
        self._write((policy, registry))

    def _write(self, message: Any) -> bool:
        try:
            _send(self._input, message)
        except OSError:
            return False
        return True

    def send(self, articles: Sequence[Article]) -> bool:
        return self._write(articles) or self.close()

    def receive(self) -> Sequence[Outcome] | None:
        """The outcomes of what was sent; None where the worker has ended."""
        try:
            outcomes: Sequence[Outcome] = _receive(self._output)
        except (EOFError, OSError):
            return None
        return outcomes

    def close(self) -> bool:
        """Ends it. Always False, so that a failed ``send`` can return it."""
        for stream in (self._input, self._output):
            with contextlib.suppress(OSError):
                stream.close()
        self._process.wait(10)
        return False


def _send(stream: IO[bytes], message: Any) -> None:
    packed = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(_SIZE.pack(len(packed)) + packed)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    head = stream.read(_SIZE.size)
    if len(head) < _SIZE.size:
        raise EOFError
    (size,) = _SIZE.unpack(head)
    packed = stream.read(size)
    if len(packed) < size:
        raise EOFError
    return pickle.loads(packed)  # from our own child, or our own parent


def _work() -> None:
    garbage.seldom()
    try:
        policy, registry = _receive(sys.stdin.buffer)
        reader(registry)
        while True:
            articles = _receive(sys.stdin.buffer)
            _send(sys.stdout.buffer, [read_article(article, policy, registry) for article in articles])
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        os._exit(0)


if __name__ == "__main__":
    # Under its own name, so that what it pickles is found by its parent.
    from pipeline.reading_pool import _work as work

    work()
