"""Beam's job server with an embedded Flink, as a process of this machine: for development and tests. No cluster needed.

The jars come from Maven once and are kept under ``.cache/flink``. Checkpoints and staged files live in a temporary
folder, ports are free ones, and the process is ended by its id.
"""

import atexit
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from deploy.kafka.broker import free_port
from deploy.maven import jars

HERE = Path(__file__).parent
READY_SECONDS = 90
_OPENS = ("java.lang", "java.util", "java.nio", "java.time")


class JobServerError(RuntimeError):
    """The job server does not come up."""


class JobServer:
    """A context manager: Flink is up inside it, and gone behind it.

    Attributes:
        endpoint: HOST:PORT for Beam's option --job_endpoint.
        checkpoints: the folder in which a job's checkpoints are retained, for the life of this object.
    """

    def __init__(self, port: int = 0) -> None:
        """``port`` is that of the job service, 0 any free one. Raises JarsError where Java, Maven or the jars are missing."""
        self._port = port
        self._libs = jars(HERE / "pom.xml")
        self._folder = Path(tempfile.mkdtemp(prefix="policywire-flink-"))
        self.checkpoints = self._folder / "checkpoints"
        self.endpoint = ""
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def start(self, restore: Path | None = None) -> None:
        """Starts it and returns when it takes jobs. ``restore``: the checkpoint from which its job is to go on.

        Raises JobServerError with the end of its log.
        """
        self.checkpoints.mkdir(exist_ok=True)
        settings = {
            "state.checkpoints.dir": self.checkpoints.as_uri(),
            "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
            "taskmanager.memory.network.min": "32mb",
            "taskmanager.memory.network.max": "32mb",
            "taskmanager.memory.managed.size": "32mb",
        }
        if restore is not None:
            settings["execution.savepoint.path"] = restore.as_uri()
        (self._folder / "flink-conf.yaml").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
        port = self._port or free_port()
        self.endpoint = f"localhost:{port}"
        command = [
            "java", "-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENS),
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=info", "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-cp", f"{self._libs}/*", "org.apache.beam.runners.flink.FlinkJobServerDriver",
            "--job-host=localhost", f"--job-port={port}", "--artifact-port=0", "--expansion-port=0",
            f"--artifacts-dir={self._folder / 'artifacts'}", f"--flink-conf-dir={self._folder}",
            "--flink-master=[local]",
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.create_connection(("localhost", port), timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise JobServerError(f"the job server did not come up:\n{self.log.read_text(errors='replace')[-3000:]}")

    @property
    def log(self) -> Path:
        """What it has logged."""
        return self._folder / "log"

    def kill(self) -> None:
        """Ends it at once, as a crash would; its checkpoints stay."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(30)

    def latest(self) -> Path | None:
        """The latest whole checkpoint."""
        found = [path.parent for path in self.checkpoints.glob("*/chk-*/_metadata")]
        return max(found, key=lambda path: path.stat().st_mtime, default=None)

    def close(self) -> None:
        """Ends it and removes its folder."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.close)

    def __enter__(self) -> "JobServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
