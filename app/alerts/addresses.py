"""Addresses that alerts may be sent to: https, and hosts that are in no private network, asked anew before each connection.

The connection is made to the address that was checked, not to the name: what the name leads to a moment later is of no account.
"""

import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread
from typing import Final

import httpx

LONGEST: Final = 1_000
"""Characters of an address."""
PATIENCE: Final = 4.0
"""Seconds that a name may take."""
PORTS: Final = {"https": 443, "http": 80}
_NAT64: Final = IPv6Network("64:ff9b::/96")
_OTHERS: Final = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"), ip_network("64:ff9b:1::/48"))
"""A cloud's metadata at a public address, and what only newer versions of Python know as no part of the public network."""
Resolve = Callable[[str, int], list[str]]
"""All addresses of a host and port; OSError where there are none."""


class RefusedAddressError(ValueError):
    """Nothing may be sent there; the words are for the owner."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was checked, and the network addresses of its host."""

    url: httpx.URL
    addresses: tuple[str, ...]


def resolve(host: str, port: int) -> list[str]:
    """As the system does, in some seconds; what looks like a number in some notation is one.

    Raises:
        OSError: the name is not known, or nobody says in time.
    """
    found: list[str] = []

    def look() -> None:
        with suppress(OSError, UnicodeError):
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(info[4][0]) for info in infos))

    # The system's own patience is longer than a request's, and cannot be cut short.
    asked = Thread(target=look, name="resolve", daemon=True)
    asked.start()
    asked.join(PATIENCE)
    if not found:
        raise OSError(f"the name {host} is not known")
    return list(found)


def checked(text: str, allowed: Collection[str], ask: Resolve = resolve) -> Target:
    """A target that may be connected to now; `allowed` hosts (`HOST` or `HOST:PORT`) may be private and without TLS.

    Raises:
        RefusedAddressError: it may not.
        OSError: the name is not known now.
    """
    url = parsed(text, allowed)
    addresses = tuple(ask(url.host, port_of(url)))
    if not addresses:
        raise OSError(f"{url.host} has no address")
    if not _is_allowed(url, allowed) and not all(map(is_public, addresses)):
        raise RefusedAddressError(f"{url.host} is in a private network: alerts are sent to public addresses only")
    return Target(url, addresses)


def parsed(text: str, allowed: Collection[str]) -> httpx.URL:
    """An address that may be set, as far as its text tells.

    Raises:
        RefusedAddressError: it may not.
    """
    if len(text) > LONGEST or not text.isprintable() or " " in text:
        raise RefusedAddressError(f"an address of at most {LONGEST} printable characters, please")
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        raise RefusedAddressError("this is no address") from None
    if url.scheme not in PORTS or not url.host:
        raise RefusedAddressError("an address that begins with https://, please")
    if not 0 < port_of(url) <= 65_535:  # noqa: PLR2004  # 16 bits
        raise RefusedAddressError("a port is a number up to 65535")
    if url.userinfo or url.fragment:
        raise RefusedAddressError("an address without a user, a password and a fragment, please")
    if url.scheme != "https" and not _is_allowed(url, allowed):
        raise RefusedAddressError("https only: what is sent without TLS may be read on its way")
    return url


def port_of(url: httpx.URL) -> int:
    """The port that is connected to."""
    return url.port or PORTS[url.scheme]


def is_public(text: str) -> bool:
    """Whether an address is one of the public network, also the one that it stands for: 6to4, Teredo, NAT64; mapped ones never are."""
    try:
        address = ip_address(text)
    except ValueError:  # with a zone: of a link
        return False
    return all(map(_is_global, [address, *_within(address)]))


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    odd = mapped or address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    local = isinstance(address, IPv6Address) and address.is_site_local
    if isinstance(address, IPv6Address) and address in _NAT64:
        return True  # decided by the address within
    return address.is_global and not odd and not local and not any(address in network for network in _OTHERS)


def _within(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    found = [address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


def _is_allowed(url: httpx.URL, allowed: Collection[str]) -> bool:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return host in allowed or f"{host}:{port_of(url)}" in allowed
