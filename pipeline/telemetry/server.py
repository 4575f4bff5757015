"""A small HTTP server for /metrics, /healthz and /readyz. Reads only; no request changes anything."""

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar, Self

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from pipeline.errors import OutputError
from pipeline.telemetry.health import Health, Verdict


class TelemetryServer:
    """Answers in threads of its own until it is closed.

    Attributes:
        port: the port that it listens on.
    """

    def __init__(self, address: str, registry: CollectorRegistry, health: Health) -> None:
        """``address`` is HOST:PORT; no host is every address, port 0 any free one. Raises OutputError where it cannot be
        had."""
        host, _, port = address.rpartition(":")
        handler = type("_Bound", (_Handler,), {"registry": registry, "health": health})
        try:
            self._server = _server(host.strip("[]"))((host.strip("[]"), int(port)), handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(
                f"cannot listen on {address}: {reason}; give another address (--metrics, telemetry.metrics)"
            ) from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="telemetry", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _server(host: str) -> type[ThreadingHTTPServer]:
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return type("_Server", (ThreadingHTTPServer,), {"address_family": family, "daemon_threads": True})


class _Handler(BaseHTTPRequestHandler):
    registry: ClassVar[CollectorRegistry]
    health: ClassVar[Health]
    timeout = 10
    server_version = "policywire"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, kind = choose_encoder(self.headers.get("Accept", ""))
            self._answer(HTTPStatus.OK, encode(self.registry), kind)
        elif path == "/healthz":
            self._judge(self.health.alive())
        elif path == "/readyz":
            self._judge(self.health.ready())
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"there are /metrics, /healthz and /readyz\n")

    def _judge(self, verdict: Verdict) -> None:
        status = HTTPStatus.OK if verdict.well else HTTPStatus.SERVICE_UNAVAILABLE
        self._answer(status, ("\n".join(verdict.reasons or ("ok",)) + "\n").encode())

    def _answer(self, status: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a scrape every few seconds is no news."""
