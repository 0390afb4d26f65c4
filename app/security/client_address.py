"""The client's address: the connection's own, or what proxies say, if they are trusted."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
IPV6_SITE = 64
"""Bits of an IPv6 address that name one customer; the rest is theirs to change with every request."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Which proxies' words count: so many in a row before us (`hops`), or those of these networks."""

    hops: int = 0
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Trust":
        """From `1` or `10.0.0.0/8, 127.0.0.1`; empty trusts nobody.

        Raises:
            ValueError: neither a small number nor a list of networks.
        """
        text = text.strip()
        if not text:
            return cls()
        if text.isascii() and text.isdigit():
            if int(text) > 10:  # noqa: PLR2004  # nobody has so many: it is a typing error
                raise ValueError("more than 10 proxies in a row")
            return cls(hops=int(text))
        return cls(networks=tuple(ipaddress.ip_network(part.strip()) for part in text.split(",")))

    def trusted_hops(self, peer: str, forwarded_for: str | None) -> int:
        """How many proxies stand between us and the client, the last of them being `peer`."""
        if not self.networks:
            return self.hops
        names = [*parse_list_header(forwarded_for or ""), peer]
        hops = 0
        while hops < len(names) - 1 and self.covers(names[-1 - hops]):
            hops += 1
        return hops

    def covers(self, name: str) -> bool:
        """Whether an address is in one of the trusted networks."""
        address = parse_address(name)
        return address is not None and any(
            address.version == network.version and address in network for network in self.networks
        )


def parse_address(name: str) -> Address | None:
    """An IP address, an IPv4 one even where it is written as IPv6; None for anything else."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def client_address(trust: Trust, peer: str | None, forwarded_for: Iterable[str]) -> str:
    """The client's address, for a connection that does not go through WSGI.

    `forwarded_for` holds the values of all `X-Forwarded-For` headers in order.
    """
    joined = ",".join(forwarded_for)
    hops = trust.trusted_hops(peer or "", joined)
    values = parse_list_header(joined)
    return values[-hops] if hops and len(values) >= hops else (peer or "unknown")


@lru_cache(maxsize=4096)
def site_of(name: str) -> str:
    """What an address counts as: an IPv4 address itself, an IPv6 one its /64 network."""
    address = parse_address(name)
    if address is None:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, IPV6_SITE), strict=False).network_address)


def is_loopback(name: str | None) -> bool:
    """Whether a host name or address is this very machine."""
    if name == "localhost":
        return True
    address = parse_address(name or "")
    return address is not None and address.is_loopback


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
