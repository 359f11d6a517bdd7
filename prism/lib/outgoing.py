"""Every HTTP call that Prism makes to others: each connection goes to an address that was looked at.

An address that was good when it was stored may lead elsewhere when it is called (DNS rebinding). So the rule
of prism.lib.addresses is applied to what a name was resolved to, right before the connection to it is opened,
and never to the name again. Redirects are not followed: they would lead to an address nobody chose.

For calls from a thread; prism.lib.outgoing_async is for those on an event loop.

Where the environment names a proxy (HTTPS_PROXY and the like), the proxy connects and its rules hold.
"""

import socket
import ssl
from collections.abc import Iterable
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from prism.lib.addresses import AddressRefused, Reach
from prism.lib.places import elsewhere


def client(base_url: str, reach: Reach, **options: Any) -> httpx2.Client:
    """A client for calls to `base_url`; `options` are those of httpx2.Client."""
    transport = None if is_proxied(base_url) else _Transport(reach)
    return httpx2.Client(transport=transport, follow_redirects=False, **options)


def request(method: str, url: str, reach: Reach, **options: Any) -> httpx2.Response:
    """One call; raises httpx2.HTTPError, also for an address that may not be called."""
    with client(url, reach) as one:
        return one.request(method, url, **options)


def is_proxied(url: str) -> bool:
    """Whether the environment names a proxy for this address."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all; the call will say so
        return False
    proxies = getproxies()
    return bool(parts.scheme in proxies or "all" in proxies) and not proxy_bypass(parts.hostname or "")


@cache
def tls() -> ssl.SSLContext:
    """The authorities this machine trusts; reading them takes longer than many a call."""
    return httpx2.create_ssl_context()


class _Transport(httpx2.HTTPTransport):
    def __init__(self, reach: Reach) -> None:
        super().__init__(verify=tls())
        self._pool = httpcore2.ConnectionPool(ssl_context=tls(), network_backend=_Backend(reach))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        with elsewhere():
            return super().handle_request(request)


class _Backend(httpcore2.SyncBackend):
    def __init__(self, reach: Reach) -> None:
        self.reach = reach

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Resolve once, and connect to the first address that is allowed and answers."""
        error: Exception | None = None
        for address in _resolved(host, port):
            try:
                self.reach.check(address)
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (AddressRefused, httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                error = failed
        raise httpcore2.ConnectError(str(error)) from error


def _resolved(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
