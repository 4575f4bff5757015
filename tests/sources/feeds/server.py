"""A web server that answers as it is told, byte by byte where need be. For tests of clients."""

import asyncio
import gzip
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Handler = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]


@dataclass
class Server:
    """Routes by path; what has none is 404. ``requests`` are all that came in."""

    port: int = 0
    routes: dict[str, Handler] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    open_now: int = 0
    open_most: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def hits(self) -> Counter[str]:
        return Counter(request.path for request in self.requests)

    def on(self, path: str, handler: Handler) -> str:
        self.routes[path] = handler
        return self.url(path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
            request = Request(head[0].split(" ")[1], headers)
            self.requests.append(request)
            await self.routes.get(request.path, say(404))(request, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open_now -= 1
            with suppress(OSError):
                writer.close()


def say(status: int, body: bytes = b"", **headers: str) -> Handler:
    """Answers with ``body`` whole; header names with underscores for hyphens."""

    async def handler(request: Request, writer: asyncio.StreamWriter) -> None:
        fields = {"content-length": str(len(body)), "connection": "close"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode("latin-1") + body)

    return handler


def raw(*pieces: bytes, pause: float = 0.0, hang: bool = False, forever: bytes = b"") -> Handler:
    """Writes ``pieces`` with pauses between, then ``forever`` again and again, or hangs until the client goes."""

    async def handler(request: Request, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        while forever and not writer.is_closing():
            writer.write(forever)
            await writer.drain()
            await asyncio.sleep(pause)
        while hang and not writer.is_closing():
            await asyncio.sleep(0.02)
            writer.transport.get_write_buffer_size()

    return handler


def conditional(body: bytes, etag: str = '"v1"') -> Handler:
    async def handler(request: Request, writer: asyncio.StreamWriter) -> None:
        same = request.headers.get("if-none-match") == etag
        await (say(304, etag=etag) if same else say(200, body, etag=etag, content_type="application/rss+xml"))(
            request, writer
        )

    return handler


@contextmanager
def serve() -> Iterator[Server]:
    server = Server()
    loop = asyncio.new_event_loop()
    begun = threading.Event()

    async def main() -> None:
        started = await asyncio.start_server(server._serve, "127.0.0.1", 0, limit=1 << 20)
        server.port = started.sockets[0].getsockname()[1]
        begun.set()

    listening = loop.create_task(main())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert begun.wait(5)
    try:
        yield server
    finally:

        async def end() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            loop.stop()

        asyncio.run_coroutine_threadsafe(end(), loop)
        thread.join(5)
        assert listening.done()
        loop.close()


def rss(*items: tuple[str, str, str], extra: str = "") -> bytes:
    """A feed of (guid, title, pubDate)."""
    inner = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><title>{title}</title><link>https://news.example/{guid}</link>"
        f"<pubDate>{date}</pubDate></item>"
        for guid, title, date in items
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>Example</title><link>https://news.example/</link>'
        f"{extra}{inner}</channel></rss>"
    ).encode()


def gzip_bomb(size: int) -> bytes:
    return gzip.compress(b"\0" * size, 9)
