"""WebSocket handshakes with a session's cookie: from our own pages alone, as for unsafe HTTP requests."""

from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.security.origins import is_this_server
from tests.conftest import Site
from tests.server.wire import Visitor


@pytest.fixture
def cookie(live_site: Site) -> Iterator[str]:
    visitor = Visitor(live_site)
    assert visitor.post("/api/v1/auth/local", {})[0] == 200
    yield visitor.cookie
    visitor.close()


def handshake(site: Site, **headers: str) -> int:
    """The status of a handshake."""
    url = site.url.replace("http", "ws") + "/api/v1/ws"
    try:
        with connect(url, additional_headers={name.replace("_", "-"): text for name, text in headers.items()}):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize("fetched", [None, "cross-site", "same-site"])
def test_another_port_of_this_machine_does_not_borrow_the_owner_s_session(
    live_site: Site, cookie: str, fetched: str | None
) -> None:
    site = {"Sec_Fetch_Site": fetched} if fetched else {}
    assert handshake(live_site, Origin="http://localhost:3000", Cookie=cookie, **site) == 403
    assert handshake(live_site, Origin="http://127.0.0.1:3000", Cookie=cookie, **site) == 403


def test_own_pages_open_a_websocket_with_a_session(live_site: Site, cookie: str) -> None:
    assert handshake(live_site, Origin=live_site.url, Cookie=cookie) == 101
    assert handshake(live_site, Origin=live_site.url, Cookie=cookie, Sec_Fetch_Site="same-origin") == 101
    assert handshake(live_site, Origin=live_site.url.replace("localhost", "127.0.0.1"), Cookie=cookie) == 101
    assert handshake(live_site, Origin=live_site.url, Cookie=cookie, Sec_Fetch_Site="cross-site") == 403


def test_a_visitor_s_page_on_this_machine_may_still_hear_public_prices(live_site: Site) -> None:
    assert handshake(live_site, Origin="http://localhost:3000") == 101
    assert handshake(live_site, Origin="http://evil.example") == 403


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("https://tracera.example", "tracera.example", True),
        ("https://tracera.example:443", "anything", True),
        ("http://tracera.example", "tracera.example", False),
        ("https://evil.example", "evil.example", False),
        ("http://192.168.1.5:8050", "192.168.1.5:8050", True),
        ("http://192.168.1.5:8051", "192.168.1.5:8050", False),
        ("http://localhost:8050", "127.0.0.1:8050", True),
        ("http://localhost:8051", "127.0.0.1:8050", False),
        ("null", "localhost", False),
        ("", "", False),
    ],
)
def test_which_origin_is_this_server(origin: str, host: str, same: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_this_server(origin, base_url="https://tracera.example", host=host) is same
