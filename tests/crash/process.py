"""``policywire run`` as a process that tests start, stop and kill, always by its own id."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


class RunProcess:
    """A process of ``policywire run`` with ``folder`` as its working folder, where its log is appended to ``log``."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self._log = folder / "log"
        self._began = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli", "run", *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        """What it has logged so far."""
        with self._log.open("rb") as stream:
            stream.seek(self._began)
            return stream.read().decode()

    def said(self, words: str) -> bool:
        return words in self.log()

    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, seconds: float = 90) -> tuple[int, str]:
        """Exit code and stdout, when it has ended."""
        out, _ = self._process.communicate(timeout=seconds)
        return self._process.returncode, out.decode()

    def kill(self) -> None:
        """Ends it at once, as a power cut would. Safe to call twice."""
        if self.alive():
            self._process.kill()
        if self._process.stdout is not None and not self._process.stdout.closed:
            self._process.communicate()
