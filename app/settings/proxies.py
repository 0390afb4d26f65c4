"""Trusted proxies: parses the setting, and counts the hops that are trusted."""

import ipaddress
from dataclasses import dataclass

from werkzeug.http import parse_list_header

from app.settings.addresses import parse_address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Trust:
    """The proxies whose forwarding headers are used: a number of them in a row (`hops`), or those of these networks."""

    hops: int = 0
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Trust":
        """From `1` or `10.0.0.0/8, 127.0.0.1`; empty trusts none.

        Raises:
            ValueError: neither a small number nor a list of networks.
        """
        text = text.strip()
        if not text:
            return cls()
        if text.isascii() and text.isdigit():
            if int(text) > 10:  # noqa: PLR2004  # no chain is that long: it is a typing error
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
