"""Client address: the connection's own, or the one that trusted proxies forward."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

from app.settings.addresses import parse_address
from app.settings.proxies import Trust

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

IPV6_PREFIX = 64
"""Bits of an IPv6 address that name one customer, who may change the rest with every request."""


def client_address(trust: Trust, peer: str | None, forwarded_for: Iterable[str]) -> str:
    """The client's address, for a connection that does not go through WSGI.

    `forwarded_for` holds the values of all `X-Forwarded-For` headers in order.
    """
    joined = ",".join(forwarded_for)
    hops = trust.trusted_hops(peer or "", joined)
    values = parse_list_header(joined)
    return values[-hops] if hops and len(values) >= hops else (peer or "unknown")


@lru_cache(maxsize=4096)
def network_of(name: str) -> str:
    """The network that rate limits count: an IPv4 address itself, an IPv6 one's /64 network."""
    address = parse_address(name)
    if address is None:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False).network_address)


class TrustedProxies:
    """WSGI middleware: werkzeug's ProxyFix for exactly the proxies that are trusted, and none by default."""

    def __init__(self, app: "WSGIApplication", trust: Trust) -> None:
        self._app = app
        self._trust = trust

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        hops = self._trust.trusted_hops(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR"))
        if not hops:
            return self._app(environ, start_response)
        # Each proxy appends to the first header; the others only the nearest one is sure to have set.
        return ProxyFix(self._app, x_for=hops, x_proto=1, x_host=1)(environ, start_response)
