"""Which pages may open a WebSocket: browsers send cookies along from any page, so the Origin decides."""

import ipaddress
from urllib.parse import urlsplit

Origin = tuple[str, str, int]
"""Scheme, host, port."""
_PORTS = {"http": 80, "https": 443}


def parse_origin(url: str) -> Origin | None:
    """The origin of a URL or of an Origin header; None where it has none (`null`, other schemes, nonsense)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, _PORTS[parts.scheme] if port is None else port


def is_allowed(header: str | None, base_url: str) -> bool:
    """Whether the Origin is the base URL's; with a base URL on loopback, any other on loopback will do."""
    base, origin = parse_origin(base_url), parse_origin(header or "")
    if base is None or origin is None:
        return False
    return origin == base or (_is_loopback(base[1]) and _is_loopback(origin[1]))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
