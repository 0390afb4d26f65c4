"""Origins: whether a request comes from our own pages, by Origin and Sec-Fetch-Site."""

from collections.abc import Collection

from app.settings.addresses import is_loopback, parse_address
from app.settings.origins import parse_origin

OWN_SITES = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site for our own pages and for the user (address bar, bookmark)."""


def is_allowed(header: str | None, base_url: str) -> bool:
    """Whether the Origin is the base URL's; with a base URL on loopback, any other on loopback will do."""
    base, origin = parse_origin(base_url), parse_origin(header or "")
    if base is None or origin is None:
        return False
    return origin == base or (is_loopback(base[1]) and is_loopback(origin[1]))


def is_own_origin(origin: str, *, base_url: str, host: str, scheme: str) -> bool:
    """Whether an Origin is this server: the base URL, any loopback if that is loopback, or the IP address it was reached at.

    A Host that is a name proves nothing, since any name can be made to lead here (DNS rebinding); an IP address cannot.
    """
    if is_allowed(origin, base_url):
        return True
    named, reached = parse_origin(origin), parse_origin(f"{scheme}://{host}")
    return named is not None and named == reached and parse_address(named[1]) is not None


def is_this_server(origin: str, *, base_url: str, host: str) -> bool:
    """Whether an Origin is the base URL, or the very address that a connection was opened to; another port is not.

    Loopback's names count as one. A Host that is any other name proves nothing (DNS rebinding).
    """
    named, base = parse_origin(origin), parse_origin(base_url)
    if named is None:
        return False
    reached = parse_origin(f"{named[0]}://{host}")
    if named == base or (named == reached and parse_address(named[1]) is not None):
        return True
    places = [place for place in (base, reached) if place is not None and place[2] == named[2]]
    return is_loopback(named[1]) and any(is_loopback(place[1]) for place in places)


def cross_site_error(
    origin: str | None,
    site: str | None,
    *,
    base_url: str,
    host: str,
    scheme: str,
    allowed_origins: Collection[str] = (),
) -> str | None:
    """Why an unsafe request is refused, or None. `allowed_origins` are origins that may send one with an API key.

    Programs that are no browsers send neither header; the token or the key decides alone then.
    """
    if origin is not None and origin in allowed_origins:
        return None
    if origin is not None and not is_own_origin(origin, base_url=base_url, host=host, scheme=scheme):
        return "the Origin is not this server's (TRACERA_BASE_URL names it)"
    if site is not None and site not in OWN_SITES:
        return "another site's page may not do this"
    return None
