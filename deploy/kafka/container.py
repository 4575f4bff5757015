"""The same broker in a container, for where a Docker engine answers."""

import contextlib
import os
from typing import Any

from deploy.kafka.broker import BrokerError, free_port, server_properties, wait_until_ready

IMAGE = os.environ.get("POLICYWIRE_KAFKA_IMAGE", "apache/kafka:4.3.1")
"""Any image with Java on its path and Kafka's jars under /opt/kafka/libs; deploy/kafka/image.sh builds one without a
registry."""

_CLUSTER = "cG9saWN5d2lyZS1kZXZlbA"
_RUN = """
[ -d /tmp/data ] || java -XX:TieredStopAtLevel=1 -cp '/opt/kafka/libs/*' kafka.tools.StorageTool format -t {cluster} -c /tmp/server.properties
exec java -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '/opt/kafka/libs/*' kafka.Kafka /tmp/server.properties
"""


def docker_answers() -> bool:
    """Whether a Docker engine is there, and testcontainers to talk to it."""
    try:
        import docker
    except ImportError:
        return False
    with contextlib.suppress(Exception):  # whatever is wrong with the engine, it does not answer
        client = docker.from_env(timeout=5)
        try:
            return bool(client.ping())
        finally:
            client.close()
    return False


class ContainerBroker:
    """A ``Broker`` as a container, with its port published on this machine."""

    def __init__(self, image: str = IMAGE, port: int = 0) -> None:
        """``image`` must be there or be pullable; ``port`` 0 is any free one. Nothing is started yet."""
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # its image cannot always be pulled
        from testcontainers.core.container import DockerContainer

        port = port or free_port()
        self.bootstrap = f"localhost:{port}"
        properties = server_properties(
            # The same port inside and outside: the broker, too, reaches itself by the address that it gives to others.
            {"PLAINTEXT": f"0.0.0.0:{port}", "CONTROLLER": "localhost:19093"},
            {"PLAINTEXT": self.bootstrap},
            "/tmp/data",
            {},
        )
        script = f"cat > /tmp/server.properties <<'END'\n{properties}END\n{_RUN.format(cluster=_CLUSTER)}"
        self._container = (
            DockerContainer(image)
            .with_bind_ports(port, port)
            .with_command([script])
            .with_kwargs(entrypoint=["/bin/sh", "-c"])
        )
        self._running: Any = None

    def start(self) -> None:
        """Starts the container, the first time or again, and returns when the broker answers."""
        if self._running is None:
            self._container.start()
            self._running = self._container.get_wrapped_container()
        else:
            self._running.start()
        if not wait_until_ready(self.bootstrap, self._alive):
            log = self._running.logs(tail=40).decode(errors="replace")
            raise BrokerError(f"the broker did not come up in its container:\n{log}")

    def stop(self) -> None:
        """Ends the broker cleanly; its data stay in the container."""
        self._running.stop(timeout=30)

    def kill(self) -> None:
        """Ends the broker at once; its data stay in the container."""
        if self._alive():
            self._running.kill()

    def close(self) -> None:
        """Removes the container."""
        if self._running is not None:
            self._container.stop()
            self._running = None

    def _alive(self) -> bool:
        if self._running is None:
            return False
        self._running.reload()
        return bool(self._running.status in ("created", "running"))
