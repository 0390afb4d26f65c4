from dataclasses import replace
from urllib.request import urlopen

import pytest
from websockets.exceptions import InvalidStatus

from app.live.principal import Principal
from app.live.settings import LiveSettings
from app.security.origins import is_allowed
from app.security.refusal import Refusal
from tests.live.support import Live, running


def status(live: Live, query: str = "", **options: object) -> int:
    with pytest.raises(InvalidStatus) as refused, live.connect(query, **options):
        pass
    assert refused.value.response.body.startswith(b'{"error":')
    return refused.value.response.status_code


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1.evil.example", "file://"])
def test_foreign_pages_are_refused_before_the_handshake(live: Live, origin: str | None) -> None:
    assert status(live, origin=origin) == 403
    assert live.stats()["clients"] == 0


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://[::1]:8050", "http://127.0.0.1:8050"])
def test_loopback_is_let_in_where_the_base_url_is_loopback(live: Live, origin: str) -> None:
    with live.connect(origin=origin) as client:
        assert client.response is not None


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://tracera.example", True),
        ("https://tracera.example:443", True),
        ("https://TRACERA.example", True),
        ("http://tracera.example", False),
        ("https://tracera.example:8443", False),
        ("http://localhost:8050", False),
        ("https://tracera.example:port", False),
        ("", False),
    ],
)
def test_a_public_server_has_one_origin(origin: str, *, allowed: bool) -> None:
    assert is_allowed(origin, "https://tracera.example/") is allowed


def test_an_unknown_query_value_is_named(live: Live) -> None:
    assert status(live, "?source=a%20b") == 400


def test_authorize_may_refuse_a_handshake(settings: LiveSettings) -> None:
    async def authorize(scope: dict[str, object]) -> Principal:
        raise Refusal(401, "sign in first")

    with running(settings, authorize=authorize) as live:
        assert status(live) == 401


def test_connections_are_bounded(settings: LiveSettings) -> None:
    with running(replace(settings, max_clients=1)) as live, live.connect():
        assert status(live) == 503


def test_everything_else_is_flask(live: Live) -> None:
    with urlopen(f"http://127.0.0.1:{live.port}/hello", timeout=5) as response:
        assert response.read() == b"hello"
        assert "server" not in response.headers


def test_no_websocket_elsewhere(live: Live) -> None:
    assert status(live, "/else") == 404
