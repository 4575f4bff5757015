import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from pipeline.sources.feeds.addresses import (
    AddressRefusedError,
    check_url,
    choose,
    guarded_sync_transport,
    guarded_transport,
    is_public,
)

REFUSED = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "100.64.0.1", "100.127.255.255", "169.254.169.254", "192.0.0.170", "192.0.2.1", "198.18.0.1", "203.0.113.9",
    "224.0.0.1", "239.1.2.3", "255.255.255.255", "240.0.0.1", "::", "::1", "fc00::1", "fd12:3456::1", "fe80::1",
    "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "2002:7f00:1::1", "2001:0:1::1", "2001:db8::1", "100::1",
]  # fmt: skip
# What the C library takes for 127.0.0.1 or 169.254.169.254, and names that lead there.
FORMS = [
    "127.0.0.1", "localhost", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1",
    "0", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "127。0。0。1",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_private_and_reserved_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "0x7f000001", "0177.0.0.1", "127.1", "1.2.3.4.5", "fe80::1%eth0x"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@contextmanager
def listener() -> Iterator[tuple[int, list[str]]]:
    """A server on loopback that notes who connects."""
    met: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            met.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port, met
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch(url: str, allow_private: bool = False) -> int:
    async def get() -> int:
        async with httpx.AsyncClient(transport=guarded_transport(allow_private), trust_env=False) as client:
            return (await client.get(url, timeout=5)).status_code

    return asyncio.run(get())


def test_no_form_of_a_local_address_is_connected_to() -> None:
    with listener() as (port, met):
        for host in FORMS:
            with pytest.raises((AddressRefusedError, httpx.InvalidURL)):
                fetch(f"http://{host}:{port}/{host}")
            with (
                httpx.Client(transport=guarded_sync_transport(), trust_env=False) as client,
                pytest.raises((AddressRefusedError, httpx.InvalidURL)),
            ):
                client.get(f"http://{host}:{port}/{host}")
        assert met == []


def test_the_setting_allows_local_addresses() -> None:
    with listener() as (port, met):
        assert fetch(f"http://127.0.0.1:{port}/", allow_private=True) == 200
        with httpx.Client(transport=guarded_sync_transport(True), trust_env=False) as client:
            assert client.get(f"http://127.0.0.1:{port}/").status_code == 200
        assert len(met) == 2


def test_a_name_that_means_something_else_the_second_time_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the first answer is public, every later one is loopback. What was checked is what is dialled."""
    real = socket.getaddrinfo
    asked: list[str] = []
    dialled: list[str] = []

    def resolve(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != "rebind.example":
            dialled.append(str(host))
            return real(host, port, *rest, **more)
        asked.append(host)
        return real("192.0.0.9" if len(asked) == 1 else "127.0.0.1", port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr("pipeline.sources.feeds.addresses.is_public", lambda a: str(a) == "192.0.0.9")
    with listener() as (port, met):
        with pytest.raises(httpx.TransportError):
            fetch_soon(f"http://rebind.example:{port}/")
        assert len(asked) == 1  # resolved once, and the number was dialled
        with pytest.raises(AddressRefusedError):
            fetch_soon(f"http://rebind.example:{port}/")
        assert met == []


def fetch_soon(url: str) -> int:
    async def get() -> int:
        async with httpx.AsyncClient(transport=guarded_transport(), trust_env=False) as client:
            return (await client.get(url, timeout=0.5)).status_code

    return asyncio.run(get())


def test_of_mixed_answers_only_public_ones_are_dialled() -> None:
    assert choose("x.example", ["10.0.0.1", "8.8.8.8", "::1", "8.8.8.8"], False) == ["8.8.8.8"]
    assert choose("x.example", ["10.0.0.1"], True) == ["10.0.0.1"]
    with pytest.raises(AddressRefusedError, match=r"x\.example leads to 10\.0\.0\.1"):
        choose("x.example", ["10.0.0.1"], False)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.example/f", "file:///etc/passwd", "gopher://x.example/", "data:text/xml,<rss/>", "//x.example/f", "x.example",
        "http://", "http:///f", "http://x.example:0/", "http://x.example:99999/", "http://[::1", "http://x.example/a b",
        "http://x.example/\r\nHost: y", "http://user:secret@x.example/f", "http://x.example/" + "a" * 5000, "",
    ],
)  # fmt: skip
def test_urls_that_are_never_asked_for(url: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        check_url(url)
    assert "secret" not in str(refused.value)


def test_urls_that_may_be_asked_for() -> None:
    for url in ("http://x.example", "https://x.example:8443/feed?a=b", "HTTP://[2606:4700::1111]/f"):
        check_url(url)
