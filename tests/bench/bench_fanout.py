"""How many prices a second one core delivers to browsers, next to uvicorn's own `send` in the same run.

    python -m tests.bench.bench_fanout [--clients 200] [--items 100] [--rounds 200]

The server is a process of its own and so are its clients. Every round brings a new price of each item and ends when all
clients have taken theirs, so nothing is conflated away and each delivery is counted where it arrives. `single` has one
item; `distinct` gives every client another set of items, so that no two share a joined buffer. Rates are per second of
the server's CPU time.
"""

import argparse
import asyncio
import logging
import multiprocessing
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, cast

import orjson
import uvicorn
import uvloop
from flask import Flask
from websockets.client import ClientProtocol
from websockets.typing import Origin
from websockets.uri import parse_uri

from app.live.settings import LiveSettings
from app.live.updates import parse_updates
from app.server.bounds import HttpBounds
from app.server.connections import Connections
from app.server.gateway import create_app, create_uvicorn
from tests.live.support import price

BASE = "http://127.0.0.1"
Round = Callable[[list[dict[str, Any]]], Awaitable[None]]


@dataclass(frozen=True)
class Plan:
    """One measurement. `sets` are the clients' items."""

    name: str
    sets: list[list[int]]
    rounds: int

    @property
    def deliveries(self) -> int:
        return self.rounds * sum(map(len, self.sets))

    def prices(self, second: int) -> list[dict[str, Any]]:
        return [price(item, 100_000 + second, second=second) for item in sorted(set().union(*self.sets))]


async def until(condition: Callable[[], bool], pause: float = 0.01) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - nobody announces what is waited for
            await asyncio.sleep(pause)


class HubServer:
    """The gateway as it is; prices come in as JSON, as they would from Redis."""

    def __init__(self) -> None:
        nowhere = LiveSettings(
            base_url=BASE,
            redis_url="unix:///nonexistent/redis.sock",
            tick=0.0,
            max_clients=10**6,
            max_items=10**6,
            item_burst=10**6,
            subscribing=10**6,  # without Redis each waits for it a while
            address_item_burst=10**9,
        )
        unbounded = Connections(HttpBounds(per_address=0, connections=0))
        self._app = create_app(Flask("bench"), nowhere, connections=unbounded)
        self.server = create_uvicorn(self._app, port=0)

    def ready(self, plan: Plan) -> bool:
        return bool(self._app.hub.stats()["subscriptions"] == sum(map(len, plan.sets)))

    async def round(self, messages: list[dict[str, Any]]) -> None:
        self._app.hub.publish(parse_updates(orjson.dumps(messages))[0])
        await asyncio.sleep(0.001)
        await until(lambda: not any(client.connection.buffered() for client in self._app.hub.connections), 0.001)


class FloorServer:
    """The plain way: uvicorn's stock WebSocket class, and `send` for each client and message, encoded once."""

    def __init__(self) -> None:
        self._clients: dict[Any, set[int]] = {}
        config = uvicorn.Config(
            self._serve,
            port=0,
            interface="asgi3",
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            log_config=None,
            lifespan="off",
        )
        self.server = uvicorn.Server(config)

    async def _serve(self, _scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self._clients[send] = set(orjson.loads(message["text"])["item_ids"])
        self._clients.pop(send, None)

    def ready(self, plan: Plan) -> bool:
        return len(self._clients) == len(plan.sets)

    async def round(self, messages: list[dict[str, Any]]) -> None:
        for message in orjson.loads(orjson.dumps(messages)):
            text = orjson.dumps(message).decode()
            for send, items in self._clients.items():
                if message["item_id"] in items:
                    await send({"type": "websocket.send", "text": text})
        await asyncio.sleep(0)


def serve(kind: type[HubServer] | type[FloorServer], plan: Plan, pipe: Connection) -> None:
    """The server process: tell the port, wait for the clients, measure, tell the CPU seconds."""
    logging.getLogger("app.live").setLevel(logging.ERROR)  # that there is no Redis is meant
    bench = kind()

    async def measure() -> None:
        running = asyncio.create_task(bench.server.serve())
        await until(lambda: bench.server.started)
        pipe.send(bench.server.servers[0].sockets[0].getsockname()[1])
        await until(lambda: bench.ready(plan))
        rounds = [plan.prices(second) for second in range(plan.rounds)]
        await asyncio.sleep(1)
        cpu, wall = time.process_time(), time.perf_counter()
        for messages in rounds:
            await bench.round(messages)
        pipe.send((time.process_time() - cpu, time.perf_counter() - wall))
        await asyncio.to_thread(pipe.recv)
        bench.server.should_exit = True
        await running

    uvloop.run(measure())


class Client(asyncio.Protocol):
    """Counts prices in what it is sent, without taking frames apart: the clients must not be what is measured."""

    def __init__(self, port: int, items: list[int]) -> None:
        self._protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/api/v1/ws"), origin=Origin(BASE))
        self._items = items
        self._open = False
        self._tail = b""
        self.prices = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's by inheritance.
        self._transport = transport = cast("asyncio.Transport", transport)
        self._protocol.send_request(self._protocol.connect())
        transport.writelines(self._protocol.data_to_send())

    def data_received(self, data: bytes) -> None:
        if not self._open:
            self._protocol.receive_data(data)
            assert self._protocol.handshake_exc is None
            self._open = True
            self._protocol.send_text(orjson.dumps({"action": "subscribe", "item_ids": self._items}))
            self._transport.writelines(self._protocol.data_to_send())
            return
        mark = b'"type":"price"'
        data = self._tail + data
        self.prices += data.count(mark)
        # A mark may be cut in two; one that is whole must not be counted again.
        self._tail = data[-len(mark) + 1 :]

    def close(self) -> None:
        self._transport.abort()


async def attend(plan: Plan, pipe: Connection) -> tuple[float, float]:
    """Connect the clients, wait for the server's figures, and see that everything arrived."""
    port = await asyncio.to_thread(pipe.recv)
    loop = asyncio.get_running_loop()
    clients = []
    for items in plan.sets:
        _, client = await loop.create_connection(lambda items=items: Client(port, items), "127.0.0.1", port)  # type: ignore[misc]
        clients.append(client)
    cpu, wall = await asyncio.to_thread(pipe.recv)
    await until(lambda: sum(client.prices for client in clients) >= plan.deliveries)
    assert sum(client.prices for client in clients) == plan.deliveries
    for client in clients:
        client.close()
    pipe.send("done")
    return cpu, wall


def run(kind: type[HubServer] | type[FloorServer], plan: Plan) -> float:
    """Deliveries per second of server CPU."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(kind, plan, theirs), daemon=True)
    process.start()
    cpu, wall = uvloop.run(attend(plan, ours))
    process.join(20)
    rate = plan.deliveries / cpu
    print(
        f"{plan.name:<9} {kind.__name__:<12} {plan.deliveries:>10,} deliveries  {cpu:6.2f} s CPU  {wall:6.2f} s wall"
        f"  {rate:>10,.0f}/s per core"
    )
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    items = list(range(1, options.items + 1))
    chance = random.Random(1)
    plans = {
        # One price a round: a write carries one message, and nothing is gained by joining.
        "single": ([[1]] * options.clients, options.rounds * 10),
        "identical": ([items] * options.clients, options.rounds),
        "distinct": (
            [chance.sample(range(1, 2 * options.items + 1), options.items) for _ in range(options.clients)],
            options.rounds,
        ),
    }
    for name, (sets, rounds) in plans.items():
        floor = run(FloorServer, Plan(name, sets, max(1, rounds // 4)))
        ours = run(HubServer, Plan(name, sets, rounds))
        print(f"{name:<9} {ours / floor:.1f} times the floor")


if __name__ == "__main__":
    main()
