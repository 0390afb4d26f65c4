"""IP addresses: parses one, and tells those of this computer."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_address(name: str) -> Address | None:
    """An IP address, an IPv4 one even where it is written as IPv6; None for anything else."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address is this very computer."""
    if host == "localhost":
        return True
    address = parse_address(host or "")
    return address is not None and address.is_loopback
