"""User messages reach the WebSockets of their user and no other."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import orjson
import pytest
import redis
from websockets.sync.client import ClientConnection

from app.portfolio.inventory.progress import ProgressStore, State
from app.security import policy
from app.security.access import Access
from tests.live.support import Live, assert_silent, hear, say, until
from tests.security.conftest import Person, cookie_of

Keys = Callable[[int, str], dict[str, str]]
People = Callable[[], Person]


def state(user_id: int, **other: Any) -> State:
    return State(user_id, "ab12", "running", "40 of 120 items read", 40, 120, **other)


def alive(client: ClientConnection) -> None:
    """Everything sent before has been dealt with: nothing else was for this client."""
    say(client, "ping")
    assert hear(client) == {"type": "pong"}


def test_steps_of_an_import_reach_the_user_s_own_sockets_alone(
    live: Live, person: People, key: Keys, redis_client: redis.Redis
) -> None:
    ada, bob = person(), person()
    with ExitStack() as open_:
        page, tab = (open_.enter_context(live.connect(additional_headers=cookie_of(ada))) for _ in range(2))
        script = open_.enter_context(live.connect(additional_headers=key(ada.user_id, "read")))
        other = open_.enter_context(live.connect(additional_headers=cookie_of(bob)))
        other_script = open_.enter_context(live.connect(additional_headers=key(bob.user_id, "full")))
        nobody = open_.enter_context(live.connect())
        for client in (page, tab, script, other, other_script, nobody):
            alive(client)
        step = state(ada.user_id)
        ProgressStore(redis_client, ada.user_id).publish(step)
        told = {name: value for name, value in asdict(step).items() if name != "user_id"}
        for client in (page, tab, script):
            assert hear(client) == {"type": "portfolio", "event": "import", **told}
        for client in (other, other_script, nobody):
            assert_silent(client)
            alive(client)
        ProgressStore(redis_client, bob.user_id).publish(state(bob.user_id))
        assert hear(other)["type"] == hear(other_script)["type"] == "portfolio"
        for client in (page, tab, script, nobody):
            assert_silent(client, 0.1)


def test_a_socket_that_left_is_forgotten(live: Live, person: People, redis_client: redis.Redis) -> None:
    ada = person()
    with live.connect(additional_headers=cookie_of(ada)) as client:
        alive(client)
    until(lambda: live.stats()["clients"] == 0)
    ProgressStore(redis_client, ada.user_id).publish(state(ada.user_id))
    with live.connect(additional_headers=cookie_of(ada)) as client:
        assert_silent(client, 0.2)


def test_policy_decides_about_user_messages(
    live: Live, person: People, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(policy.MESSAGES, "portfolio")
    ada = person()
    with live.connect(additional_headers=cookie_of(ada)) as client:
        alive(client)
        ProgressStore(redis_client, ada.user_id).publish(state(ada.user_id))
        assert_silent(client)
    monkeypatch.setitem(policy.MESSAGES, "portfolio", Access.PUBLIC)
    with live.connect() as client:
        alive(client)
        ProgressStore(redis_client, ada.user_id).publish(state(ada.user_id))
        assert_silent(client)


@pytest.mark.slow
@pytest.mark.parametrize(
    "message",
    [
        b"nonsense",
        b"[]",
        orjson.dumps({"type": "import"}),
        orjson.dumps({"type": "import", "user_id": None}),
        orjson.dumps({"type": "import", "user_id": True}),
        orjson.dumps({"type": "import", "user_id": "1"}),
        orjson.dumps({"user_id": 1}),
        orjson.dumps([{"type": "import", "user_id": 1}]),
    ],
)
def test_a_message_without_a_user_is_not_delivered(
    message: bytes, live: Live, person: People, redis_client: redis.Redis
) -> None:
    with live.connect(additional_headers=cookie_of(person())) as client, live.connect() as nobody:
        for one in (client, nobody):
            alive(one)
        redis_client.publish("portfolio", message)
        until(lambda: live.stats()["rejected"] == 1)
        assert_silent(client, 0.1)
        assert_silent(nobody, 0.1)
        assert live.stats()["redis"] == "connected"
