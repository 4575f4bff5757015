"""Parses feed documents in a child process with a deadline and a memory limit.

feedparser takes time quadratic in the length of some broken documents (measured: 22 s for 5 MB), and a thread cannot be
stopped. So whatever is not small is parsed by one long-lived child, which is killed when it takes too long; the next
document starts another. The child ends by itself when its parent is gone.
"""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

import orjson
from pydantic import TypeAdapter

from pipeline.dead_letters import dead_letter
from pipeline.settings import ReadLimits
from pipeline.sources.feeds.document import MAX_ENTRIES, STEP, FeedDocument, read_feed
from schemas import DeadLetter, Position

SMALL = 16 * 1024
"""Documents of so many bytes are parsed at once: the worst of them take a few hundredths of a second."""
MEMORY = 1 << 30
"""Bytes of address space that the child may take."""
_ANSWER: TypeAdapter[FeedDocument | DeadLetter] = TypeAdapter(FeedDocument | DeadLetter)


@dataclass(frozen=True)
class _Request:
    position: Position
    content_type: str
    base: str
    limits: ReadLimits
    max_entries: int
    size: int


_REQUEST = TypeAdapter(_Request)


class _Child:
    """The process, and one conversation with it at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def ask(self, request: _Request, payload: bytes, seconds: float) -> FeedDocument | DeadLetter | None:
        """What the child makes of ``payload``; None where it took longer than ``seconds`` or died of it."""
        with self._turn:
            process = self._running()
            late = threading.Timer(seconds, process.kill)
            late.start()
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(_REQUEST.dump_json(request) + b"\n" + payload)
                process.stdin.flush()
                line = process.stdout.readline()
                answer = _ANSWER.validate_json(line) if line.endswith(b"\n") else None
            except (OSError, ValueError):
                answer = None
            finally:
                late.cancel()
            if answer is None:
                self._end()
            return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.sources.feeds.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # an interrupt at the terminal is not for the child
            )
            # The time that a fresh interpreter takes to import is no document's.
            assert self._process.stdout is not None
            self._process.stdout.readline()
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with suppress(OSError):  # what was written in vain
                        stream.close()
            self._process = None


_child = _Child()


def read_feed_in_time(
    payload: bytes,
    position: Position,
    *,
    content_type: str = "",
    base: str = "",
    limits: ReadLimits | None = None,
    max_entries: int = MAX_ENTRIES,
    seconds: float = 10.0,
) -> FeedDocument | DeadLetter:
    """``read_feed``, with a dead letter where it takes longer than ``seconds`` or more than a gigabyte of memory. Never
    raises for any payload."""
    limits = limits or ReadLimits()
    if len(payload) <= SMALL or len(payload) > limits.max_document_bytes:
        return read_feed(
            payload, position, content_type=content_type, base=base, limits=limits, max_entries=max_entries
        )
    request = _Request(position, content_type[:200], base, limits, max_entries, len(payload))
    answer = _child.ask(request, payload, seconds)
    if answer is not None:
        return answer
    message = f"reading it took longer than {seconds:g} s, or too much memory, and was given up"
    return dead_letter("refused", STEP, message, position, payload)


def _serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    answers.write(b"ready\n")
    answers.flush()
    while line := requests.readline():
        request = _REQUEST.validate_python(orjson.loads(line))
        payload = requests.read(request.size)
        answer = read_feed(
            payload,
            request.position,
            content_type=request.content_type,
            base=request.base,
            limits=request.limits,
            max_entries=request.max_entries,
        )
        answers.write(_ANSWER.dump_json(answer) + b"\n")
        answers.flush()


def _main() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    answers = os.fdopen(os.dup(1), "wb")
    # A stray print must not garble an answer.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with suppress(BrokenPipeError):
        _serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    _main()
