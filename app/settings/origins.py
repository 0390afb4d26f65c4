"""Origins: scheme, host and port of URLs and Origin headers."""

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
