"""WebSocket authentication: principals, limits of connects, and messages by policy."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from flask import Flask
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from app.runtime import Runtime
from app.security import policy
from app.security.access import Access
from app.settings.rate_limits import Limit
from db.accounts import watchlist
from db.items import items
from db.items.items import NewItem
from tests.live.support import Live, hear, say
from tests.security.conftest import Person, cookie_of

Keys = Callable[[int, str], dict[str, str]]


@pytest.fixture
def watching(person: Callable[[], Person], runtime: Runtime) -> Person:
    """Somebody who watches two items; there is a third."""
    made, database = person(), runtime.services.database
    with database.connection() as connection:
        items.create(connection, [NewItem("steam:730", name, name, name) for name in ("A", "B", "C")])
    for row in database.rows("SELECT id FROM items WHERE market_hash_name IN ('A', 'C')"):
        watchlist.add(database, made.user_id, row["id"], 10)
    return made


def told(client: ClientConnection) -> int:
    """How many items a client is subscribed to unasked."""
    message = hear(client)
    assert message["type"] == "auto_subscribe"
    return len(message["item_ids"])


def refused(live: Live, **options: Any) -> tuple[int, str, str | None]:
    with pytest.raises(InvalidStatus) as found, live.connect(**options):
        pass
    reply = found.value.response
    return reply.status_code, reply.body.decode(), reply.headers.get("Retry-After")


def test_a_visitor_gets_prices_and_no_watchlist(live: Live) -> None:
    with live.connect() as client:
        say(client, "ping")
        assert hear(client) == {"type": "pong"}


def test_a_session_gets_its_watchlist(live: Live, watching: Person, person: Callable[[], Person]) -> None:
    with live.connect(additional_headers={"Cookie": f"tracera_session={watching.session_id}; other=1"}) as client:
        assert told(client) == 2
    with live.connect(additional_headers=cookie_of(person())) as client:
        say(client, "ping")
        assert hear(client) == {"type": "pong"}


def test_a_key_gets_its_watchlist(live: Live, watching: Person, key: Keys) -> None:
    with live.connect(additional_headers=key(watching.user_id, "read")) as client:
        assert told(client) == 2


def test_a_session_from_another_site_s_page_is_refused(live: Live, person: Callable[[], Person]) -> None:
    cookie = cookie_of(person())
    assert refused(live, origin="http://evil.example", additional_headers=cookie)[0] == 403


@pytest.mark.parametrize("word", ["Bearer trc_" + "a" * 43, "Bearer", "Basic eDp5"])
def test_an_unknown_key_is_refused(live: Live, word: str) -> None:
    assert refused(live, additional_headers={"Authorization": word})[0] == 401


@pytest.mark.parametrize(
    "cookie", ["tracera_session=" + "a" * 43, "tracera_session=v.forged", 'tracera_session="', "=;;="]
)
def test_an_unknown_session_is_a_visitor(live: Live, cookie: str) -> None:
    with live.connect(additional_headers={"Cookie": cookie}) as client:
        say(client, "ping")
        assert hear(client) == {"type": "pong"}


def test_a_message_without_a_policy_row_is_refused(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(policy.MESSAGES, "subscribe")
    monkeypatch.setitem(policy.MESSAGES, "unsubscribe", Access.SIGNED_IN)
    with live.connect() as client:
        for action in ("subscribe", "unsubscribe"):
            say(client, action, 1)
            assert hear(client) == {"type": "error", "error": f"{action} is not for you; sign in"}
    assert live.stats()["subscriptions"] == 0


def test_a_socket_without_a_row_is_refused(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(policy.WEBSOCKETS, "/api/v1/ws")
    assert refused(live)[0] == 403


@pytest.mark.slow
def test_connects_are_limited_by_address(live: Live, server: Flask, redis_client: redis.Redis) -> None:
    limiter = server.extensions["tracera.middleware"].limiter
    limiter.limits = limiter.limits | {"websocket": Limit(2, 2)}
    for _ in range(2):
        with live.connect():
            pass
    # A forged address does not help: nobody is trusted to say whose it is.
    status, body, wait = refused(live, additional_headers={"X-Forwarded-For": "192.0.2.1"})
    assert (status, body) == (429, f'{{"error":"too many connects; try again in {wait} s"}}')
    time.sleep(int(wait or 0))
    with live.connect():
        pass
    assert redis_client.exists("ratelimit:{websocket}:ip:127.0.0.1")


def test_signed_in_is_asked_where_the_table_says_so(
    live: Live, watching: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = policy.WEBSOCKETS["/api/v1/ws"]
    monkeypatch.setitem(policy.WEBSOCKETS, "/api/v1/ws", row._replace(access=Access.SIGNED_IN))
    assert refused(live)[0] == 401
    with live.connect(additional_headers=cookie_of(watching)) as client:
        assert told(client) == 2
