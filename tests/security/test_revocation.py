"""Revocation: a WebSocket does not outlive its session or key; connections are limited by address and user."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from app.accounts.session_store import SessionStore
from app.accounts.sessions import EXTENSION as SESSIONS
from app.live.principal import Principal
from app.portfolio.inventory.progress import ProgressStore, State
from app.runtime import Runtime
from app.security.revocation import Credential, find_ended
from app.settings.proxies import Trust
from db.accounts import users
from db.core.pool import Database
from tests.live.support import Live, hear, say, until
from tests.security.conftest import Person, cookie_of

People = Callable[[], Person]
Keys = Callable[[int, str], dict[str, str]]
AUTH = "/api/v1/auth"


def alive(client: ClientConnection) -> bool:
    say(client, "ping")
    return hear(client) == {"type": "pong"}


def closed_with(client: ClientConnection) -> int:
    """The code with which the server closes, within a few seconds."""
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(8)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def send(who: Person, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    reply = who.client.open(path, method=method, json=body, headers={"X-CSRF-Token": who.token})
    assert reply.status_code < 300, reply.text
    return reply.json


def sign_out(who: Person) -> None:
    send(who, "POST", f"{AUTH}/logout")


def sign_out_everywhere(who: Person) -> None:
    send(who, "DELETE", f"{AUTH}/sessions")


def end_it_on_the_account_page(who: Person) -> None:
    (entry,) = send(who, "GET", f"{AUTH}/sessions")["sessions"]
    send(who, "DELETE", f"{AUTH}/sessions/{entry['id']}")


def delete_the_account(who: Person) -> None:
    send(who, "DELETE", f"{AUTH}/account", {"confirm": "delete my account"})


@pytest.mark.slow
@pytest.mark.parametrize(
    "end", [sign_out, sign_out_everywhere, end_it_on_the_account_page, delete_the_account], ids=lambda end: end.__name__
)
def test_a_socket_ends_with_its_session(end: Callable[[Person], None], live: Live, person: People) -> None:
    ada, bob = person(), person()
    with ExitStack() as stack:
        page, tab, other = (
            stack.enter_context(live.connect(additional_headers=cookie_of(who))) for who in (ada, ada, bob)
        )
        nobody = stack.enter_context(live.connect())
        assert all(alive(client) for client in (page, tab, other, nobody))
        end(ada)
        assert (closed_with(page), closed_with(tab)) == (4401, 4401)
        assert alive(other)
        assert alive(nobody)
        # With the same cookie one is a visitor now.
        again = stack.enter_context(live.connect(additional_headers=cookie_of(ada)))
        assert alive(again)
        assert not live.hub.connections.of_user(ada.user_id)


def test_a_session_that_the_account_disowned_ends_too(live: Live, person: People, runtime: Runtime) -> None:
    """Signing out everywhere while Redis' list is not complete: the account's own key decides."""
    ada = person()
    with live.connect(additional_headers=cookie_of(ada)) as client:
        assert alive(client)
        users.end_sessions(runtime.services.database, ada.user_id)
        assert closed_with(client) == 4401


def test_a_session_of_a_method_that_was_closed_ends_too(live: Live, person: People, server: Flask) -> None:
    ada, store = person(), server.extensions[SESSIONS]
    with live.connect(additional_headers=cookie_of(ada)) as client:
        assert alive(client)
        store.is_closed = lambda _method: True
        assert closed_with(client) == 4401


@pytest.mark.slow
def test_a_socket_ends_with_its_key(live: Live, person: People, key: Keys) -> None:
    ada = person()
    good, bad = key(ada.user_id, "read"), key(ada.user_id, "full")
    entries = send(ada, "GET", f"{AUTH}/keys")["keys"]
    with (
        live.connect(additional_headers=good) as kept,
        live.connect(additional_headers=bad) as revoked,
        live.connect(additional_headers=cookie_of(ada)) as page,
    ):
        assert all(alive(client) for client in (kept, revoked, page))
        send(ada, "DELETE", f"{AUTH}/keys/{max(entry['id'] for entry in entries)}")
        assert closed_with(revoked) == 4401
        assert alive(kept)
        assert alive(page)


def test_a_signed_out_websocket_gets_no_user_messages(live: Live, person: People, redis_client: redis.Redis) -> None:
    ada = person()
    with live.connect(additional_headers=cookie_of(ada)) as client:
        assert alive(client)
        sign_out(ada)
        until(lambda: not live.hub.connections.of_user(ada.user_id))
        ProgressStore(redis_client, ada.user_id).publish(State(ada.user_id, "ab", "done", "40 items"))
        assert closed_with(client) == 4401


@pytest.mark.slow
def test_outage_of_redis_or_the_database_closes_no_websocket(runtime: Runtime, server: Flask, tmp_path: Path) -> None:
    principals = [Principal("a", 1, Credential(session_id="s" * 43)), Principal("b", 1, Credential(key_hash=b"k" * 32))]
    runtime.start()
    database, store = runtime.services.database, server.extensions[SESSIONS]
    assert find_ended(database, store, principals) == set(principals)
    no_redis = SessionStore(redis.Redis.from_url(f"unix://{tmp_path}/none"), "tracera_session")
    assert find_ended(database, no_redis, principals) == {principals[1]}
    no_database = Database("postgresql:///x?host=/nonexistent", size=1)
    assert find_ended(no_database, no_redis, principals) == set()
    # What Redis alone can tell is told.
    assert find_ended(no_database, store, principals) == {principals[0]}
    no_database.close()


def refusal(live: Live, **options: Any) -> tuple[int, str | None]:
    with pytest.raises(InvalidStatus) as found, live.connect(**options):
        pass
    return found.value.response.status_code, found.value.response.headers.get("Retry-After")


def test_an_address_has_only_so_many_open_at_once(live: Live) -> None:
    live.hub.connections.limit = 3
    with ExitStack() as stack:
        opened = [stack.enter_context(live.connect()) for _ in range(3)]
        assert refusal(live) == (429, "10")
        assert all(alive(client) for client in opened)
        opened[1].close()
        until(lambda: live.stats()["clients"] == 2)
        assert alive(stack.enter_context(live.connect()))
        assert refusal(live) == (429, "10")
    until(lambda: live.stats()["clients"] == 0)
    assert not live.hub.connections._counts


def test_a_user_has_only_so_many_open_at_once(live: Live, person: People, server: Flask) -> None:
    # Each connection comes from another address, as a trusted proxy says.
    middleware = server.extensions["tracera.middleware"]
    object.__setattr__(middleware, "trust", Trust(hops=1))
    live.hub.connections.limit = 2
    ada, bob = person(), person()

    def connect(who: Person, last: int) -> ClientConnection:
        return live.connect(additional_headers=cookie_of(who) | {"X-Forwarded-For": f"192.0.2.{last}"})

    with connect(ada, 1), connect(ada, 2), connect(bob, 3):
        assert refusal(live, additional_headers=cookie_of(ada) | {"X-Forwarded-For": "192.0.2.4"}) == (429, "10")
        with connect(bob, 4) as other:
            assert alive(other)
