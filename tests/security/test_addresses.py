"""Client address: trusted proxies, networks of rate limits, loopback."""

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from app.security.client_address import TrustedProxies, client_address, network_of
from app.server.gateway import create_uvicorn
from app.settings import Settings
from app.settings.addresses import is_loopback
from app.settings.proxies import Trust

PROXY, CLIENT, FORGED = "10.0.0.5", "203.0.113.9", "198.51.100.1"


def seen(trust: str, peer: str, forwarded: str | None, **headers: str) -> dict[str, Any]:
    """The WSGI environ behind the middleware."""
    found: dict[str, Any] = {}
    environ: dict[str, Any] = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_HOST": "inside"} | headers
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded

    def app(given: dict[str, Any], _start: object) -> list[bytes]:
        found.update(given)
        return []

    TrustedProxies(app, Trust.parse(trust))(environ, lambda *_: lambda _data: None)
    return found


@pytest.mark.parametrize(
    ("trust", "peer", "forwarded", "address"),
    [
        ("", PROXY, CLIENT, PROXY),
        ("", "127.0.0.1", FORGED, "127.0.0.1"),
        ("1", PROXY, CLIENT, CLIENT),
        ("1", PROXY, f"{FORGED}, {CLIENT}", CLIENT),
        ("1", PROXY, None, PROXY),
        ("2", PROXY, f"{FORGED}, {CLIENT}, 10.0.0.6", CLIENT),
        ("2", PROXY, CLIENT, PROXY),
        ("10.0.0.0/8", PROXY, CLIENT, CLIENT),
        ("10.0.0.0/8", PROXY, f"{FORGED}, {CLIENT}", CLIENT),
        ("10.0.0.0/8", PROXY, f"{FORGED}, {CLIENT}, 10.0.0.6", CLIENT),
        ("10.0.0.0/8", CLIENT, FORGED, CLIENT),
        ("10.0.0.0/8, 2001:db8::/32", "2001:db8::1", CLIENT, CLIENT),
        ("10.0.0.0/8", "::ffff:10.0.0.5", CLIENT, CLIENT),
        # A chain of proxies alone: the first of them asked.
        ("10.0.0.0/8", PROXY, "10.0.0.7, 10.0.0.6", "10.0.0.7"),
        ("10.0.0.0/8", PROXY, f"nonsense, {CLIENT}", CLIENT),
    ],
)
def test_only_trusted_proxies_are_believed(trust: str, peer: str, forwarded: str | None, address: str) -> None:
    assert seen(trust, peer, forwarded)["REMOTE_ADDR"] == address
    # A WebSocket handshake sees the same.
    assert client_address(Trust.parse(trust), peer, [] if forwarded is None else [forwarded]) == address


def test_scheme_and_host_come_from_the_nearest_trusted_proxy() -> None:
    told = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "tracera.example"}
    believed = seen("10.0.0.0/8", PROXY, CLIENT, **told)
    assert (believed["wsgi.url_scheme"], believed["HTTP_HOST"]) == ("https", "tracera.example")
    forged = seen("", PROXY, CLIENT, **told)
    assert (forged["wsgi.url_scheme"], forged["HTTP_HOST"]) == ("http", "inside")


def test_uvicorn_trusts_no_proxy_headers_by_itself() -> None:
    server = create_uvicorn(SimpleNamespace())  # type: ignore[arg-type]
    assert server.config.proxy_headers is False


@pytest.mark.parametrize("text", ["11", "-1", "10.0.0.0/33", "proxy.example", "10.0.0.1/8"])
def test_a_mistake_in_the_setting_ends_the_start(text: str) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, trusted_proxies=text)


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("nonsense", "unknown"),
        ("", "unknown"),
    ],
)
def test_rate_limits_count_ipv4_addresses_and_ipv6_networks(address: str, site: str) -> None:
    assert network_of(address) == site


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("localhost", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        (None, False),
        ("localhost.evil.example", False),
    ],
)
def test_loopback(name: str | None, *, local: bool) -> None:
    assert is_loopback(name) is local
