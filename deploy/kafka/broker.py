"""A real Kafka broker for development and tests: one node, KRaft, as a process of this machine. No Docker needed.

The jars come from Maven once and are kept under ``.cache/kafka``. Ports are free ones, data lives in a temporary
folder, and the process is ended by its id.
"""

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from deploy import maven

HERE = Path(__file__).parent
HOST = "127.0.0.1"
READY_SECONDS = 90
_HEAP = "-Xmx384m"
_NODE = "1"
_CLUSTER = "cG9saWN5d2lyZS1kZXZlbA"  # 16 bytes in base64, as Kafka wants a cluster's id


class BrokerError(RuntimeError):
    """The broker cannot be set up or does not come up."""


class Broker(Protocol):
    """What tests need of a broker, whichever way it runs. Data and addresses outlive ``stop``, ``kill`` and
    ``start``, so that an outage can be played through."""

    bootstrap: str

    def start(self) -> None:
        """Starts it and returns when it answers."""

    def stop(self) -> None:
        """Ends it cleanly."""

    def kill(self) -> None:
        """Ends it at once, as a crash would."""

    def close(self) -> None:
        """Ends it and throws its data away."""


def jars() -> Path:
    """The folder with the broker's jars. Raises BrokerError where they cannot be had."""
    try:
        return maven.jars(HERE / "pom.xml")
    except maven.JarsError as error:
        raise BrokerError(str(error)) from error


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def server_properties(listeners: dict[str, str], advertised: dict[str, str], folder: str, more: dict[str, str]) -> str:
    """The broker's settings. ``listeners`` and ``advertised`` map a security protocol (or CONTROLLER) to HOST:PORT."""
    protocols = {name: "PLAINTEXT" if name == "CONTROLLER" else name for name in listeners}
    settings = {
        "process.roles": "broker,controller",
        "node.id": _NODE,
        "controller.quorum.voters": f"{_NODE}@{listeners['CONTROLLER']}",
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join(f"{name}://{address}" for name, address in listeners.items()),
        "advertised.listeners": ",".join(f"{name}://{address}" for name, address in advertised.items()),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": folder,
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # A misspelt topic is an error that a person should see, as on most brokers in production.
        "auto.create.topics.enable": "false",
        **more,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def wait_until_ready(bootstrap: str, alive: Callable[[], bool]) -> bool:
    """Whether the broker at ``bootstrap`` answers before READY_SECONDS are over; False as soon as it is not alive."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and alive():
        with contextlib.suppress(KafkaError, OSError):
            with socket.create_connection(_split(bootstrap), timeout=1):
                pass
            admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=3000, request_timeout_ms=3000)
            try:
                admin.list_topics()
                return True
            finally:
                admin.close()
        time.sleep(0.1)
    return False


def create_topics(bootstrap: str, topics: dict[str, int], settings: dict[str, str] | None = None) -> None:
    """Creates topics by name with so many partitions each. Raises KafkaError where one is there already."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.create_topics(
            [
                NewTopic(name, num_partitions=partitions, replication_factor=1, topic_configs=settings or {})
                for name, partitions in topics.items()
            ]
        )
    finally:
        admin.close()


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


class ProcessBroker:
    """A broker as a Java process. Started by ``start``; a context manager that ends with ``close``.

    Attributes:
        bootstrap: HOST:PORT of the PLAINTEXT listener.
        addresses: HOST:PORT by security protocol.
    """

    def __init__(
        self, protocols: tuple[str, ...] = ("PLAINTEXT",), more: dict[str, str] | None = None, port: int = 0
    ) -> None:
        """``protocols`` are the security protocols to listen on, PLAINTEXT first; ``more`` are broker settings beside
        the usual ones; ``port`` is PLAINTEXT's, 0 any free one. Raises BrokerError where the jars cannot be had or the
        port is taken."""
        if port:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError as error:
                    raise BrokerError(f"port {port} is taken ({error.strerror}); give another: --port") from error
        self._libs = jars()
        self._folder = Path(tempfile.mkdtemp(prefix="policywire-kafka-"))
        self.addresses = {protocol: f"{HOST}:{free_port()}" for protocol in protocols}
        if port:
            self.addresses["PLAINTEXT"] = f"{HOST}:{port}"
        self.bootstrap = self.addresses["PLAINTEXT"]
        self._process: subprocess.Popen[bytes] | None = None
        listeners = {**self.addresses, "CONTROLLER": f"{HOST}:{free_port()}"}
        self._properties = self._folder / "server.properties"
        self._properties.write_text(
            server_properties(listeners, self.addresses, str(self._folder / "data"), more or {})
        )
        self._java("kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(self._properties))
        atexit.register(self.close)

    @property
    def pid(self) -> int | None:
        """The Java process, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Starts the broker and returns when it answers. Raises BrokerError with the end of its log."""
        log = self._folder / "server.log"
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                self._command("kafka.Kafka", str(self._properties)),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # Ctrl-C in a terminal is for us; we end the broker
            )
        process = self._process
        if not wait_until_ready(self.bootstrap, lambda: process.poll() is None):
            self.kill()
            raise BrokerError(f"the broker did not come up:\n{log.read_text(errors='replace')[-3000:]}")

    def stop(self) -> None:
        """Ends the broker cleanly; its data stay."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the broker at once, as a crash would; its data stay."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Ends the broker and removes its data."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.close)

    def __enter__(self) -> "ProcessBroker":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        os.kill(process.pid, how)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)

    def _command(self, main: str, *arguments: str) -> list[str]:
        # The serial collector and the first compiler tier: quick to start, small, and fast enough for a test.
        flags = [_HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=WARN"]
        return ["java", *flags, "-cp", f"{self._libs}/*", main, *arguments]

    def _java(self, main: str, *arguments: str) -> None:
        run = subprocess.run(self._command(main, *arguments), capture_output=True, text=True, check=False)
        if run.returncode:
            raise BrokerError(f"{main} failed:\n{(run.stdout + run.stderr)[-2000:]}")
