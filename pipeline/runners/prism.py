"""Prism, Beam's local streaming runner, as a process of our own that ends with us."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from apache_beam.version import __version__ as beam_version

from pipeline.errors import PolicywireError, UsageError

_START_SECONDS = 30


def find_prism() -> Path:
    """The prism binary: POLICYWIRE_PRISM, else the one on the path, else where `go install` puts it.

    Raises UsageError saying how to get it.
    """
    found = os.environ.get("POLICYWIRE_PRISM") or shutil.which("prism")
    path = Path(found) if found else Path.home() / "go" / "bin" / "prism"
    if not path.is_file():
        raise UsageError(
            f"no prism at {path}: go install github.com/apache/beam/sdks/v2/go/cmd/prism@v{beam_version}, "
            "or set POLICYWIRE_PRISM to the binary"
        )
    return path


class Prism:
    """A running prism; a context manager.

    Beam's own PrismRunner starts one in the terminal's process group, so that Ctrl-C ends it before our pipeline is
    flushed, and leaves it behind when we are killed. This one is in a group of its own, and dies when we do (where the
    system has setpriv, as Linux does).

    Attributes:
        endpoint: HOST:PORT of its job service.
    """

    def __init__(self, binary: Path) -> None:
        """Starts nothing yet."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.endpoint = f"localhost:{port}"
        setpriv = shutil.which("setpriv")
        with_us = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
        self._command = [*with_us, str(binary), f"--job_port={port}", "--serve_http=false", "--log_level=error"]
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.create_connection(("localhost", self._port), timeout=1):
                    return self
            except OSError:
                time.sleep(0.05)
        self._end()
        raise PolicywireError(f"prism did not start: {' '.join(self._command)}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
