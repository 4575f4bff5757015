"""Which addresses may be fetched from or sent to. A feed, a redirect or a webhook named by somebody else must not lead
into the network that policywire runs in.

The check is made on the address that is connected to, when it is connected to: a name is resolved once, the addresses
it gives are checked, and one of those is dialled by number. So there is no moment between check and use in which the
name could come to mean something else.

    httpx.AsyncClient(transport=guarded_transport(), trust_env=False, follow_redirects=False)
    httpx.Client(transport=guarded_sync_transport(), trust_env=False, follow_redirects=False)
"""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from pipeline.errors import InputError

Address = IPv4Address | IPv6Address

# Beyond what the standard library calls private: its list differs between Python's versions, and addresses that carry
# another one inside (mapped, NAT64, 6to4, Teredo) count as global there.
_REFUSED = tuple(
    ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48",
        "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
        "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
_SCHEMES = ("http", "https")
_MAX_URL = 4096


class AddressRefusedError(InputError):
    """The address must not be connected to. The message names it, for a person."""


def is_public(address: Address | str) -> bool:
    """Whether ``address`` is one of the public internet. Text that is no address in the usual notation is not."""
    try:
        address = ip_address(address) if isinstance(address, str) else address
    except ValueError:
        return False
    return address.is_global and not any(address in net for net in _REFUSED if net.version == address.version)


def check_url(url: str) -> None:
    """Raises AddressRefusedError unless ``url`` is one that may be asked for: http or https, with a host, without a
    user name or password (they would end up in logs and lists). Where its name leads is checked when connecting."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefusedError(f"{url[:200]}: no valid URL: {error}") from None
    shown = url[:200]
    if len(url) > _MAX_URL or any(c <= " " or c == "\x7f" for c in url):
        raise AddressRefusedError(f"{shown!r}: too long for a URL, or with spaces or control characters in it")
    if parts.scheme.lower() not in _SCHEMES:
        raise AddressRefusedError(f"{shown}: only http and https can be fetched")
    if not parts.hostname or port == 0:
        raise AddressRefusedError(f"{shown}: no host, or no valid port")
    if parts.username is not None or parts.password is not None:
        raise AddressRefusedError(f"{parts.hostname}: a user name or password in a URL would be seen in logs")


def choose(host: str, found: Iterable[str], allow_private: bool) -> list[str]:
    """Of the addresses ``found`` for ``host`` those that may be dialled, in order.

    Raises AddressRefusedError where there is none.
    """
    addresses = list(dict.fromkeys(found))
    chosen = [a for a in addresses if allow_private or is_public(a.partition("%")[0])]
    if not chosen:
        what = f"leads to {addresses[0]}, which is" if addresses[0] != host else "is"
        raise AddressRefusedError(
            f"{host} {what} private, local or reserved; set feeds.allow_private (sinks: the sink's) if you trust it"
        )
    return chosen


def _numbers(found: list[Any]) -> list[str]:
    return [str(entry[4][0]) for entry in found]


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves, checks, and dials what it checked."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"no answer for the name {host}") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} is not known") from error
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for number in choose(host, _numbers(found), self._allow_private)[:4]:
            try:
                return await self._inner.connect_tcp(number, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = failure or error
        assert failure is not None  # choose gave at least one
        raise failure

    async def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> Any:  # noqa: ARG002
        raise httpcore.ConnectError("no Unix sockets here")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _GuardedSyncBackend(httpcore.NetworkBackend):
    """The same for blocking clients."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} is not known") from error
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for number in choose(host, _numbers(found), self._allow_private)[:4]:
            try:
                return self._inner.connect_tcp(number, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = failure or error
        assert failure is not None  # choose gave at least one
        raise failure


class _AsyncTransport(httpx.AsyncHTTPTransport):
    def __init__(self, allow_private: bool, connections: int) -> None:
        context = httpx.create_ssl_context()  # SSL_CERT_FILE counts
        super().__init__(verify=context, trust_env=False)
        # httpx has no parameter for the network backend; the tests of this module fail should this no longer do.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=5.0,
            network_backend=_GuardedBackend(allow_private),
        )


class _SyncTransport(httpx.HTTPTransport):
    def __init__(self, allow_private: bool, connections: int) -> None:
        context = httpx.create_ssl_context()  # SSL_CERT_FILE counts
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=5.0,
            network_backend=_GuardedSyncBackend(allow_private),
        )


def guarded_transport(allow_private: bool = False, connections: int = 100) -> httpx.AsyncBaseTransport:
    """A transport that connects to public addresses only, or to any with ``allow_private``. No proxies.

    Requests raise AddressRefusedError, or httpx's errors.
    """
    return _AsyncTransport(allow_private, connections)


def guarded_sync_transport(allow_private: bool = False, connections: int = 100) -> httpx.BaseTransport:
    """``guarded_transport`` for blocking clients."""
    return _SyncTransport(allow_private, connections)
