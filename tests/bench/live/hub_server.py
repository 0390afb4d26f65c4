"""The gateway and its live path alone, on a Redis: `python -m tests.bench.live.hub_server REDIS_URL TICK` prints its port."""

import asyncio
import sys
from threading import Thread

import uvloop
from flask import Flask

from app.live.settings import LiveSettings
from app.server.bounds import HttpBounds
from app.server.connections import Connections
from app.server.gateway import create_app, create_uvicorn


async def serve(redis_url: str, tick: float) -> None:
    """Serve until standard input ends; nothing is bounded that would bound so many clients of one address."""
    settings = LiveSettings(
        base_url="http://127.0.0.1",
        redis_url=redis_url,
        tick=tick,
        max_clients=10**6,
        address_item_burst=10**9,
    )
    unbounded = Connections(HttpBounds(per_address=0, connections=0))
    app = create_app(Flask("bench"), settings, connections=unbounded)
    server = create_uvicorn(app, port=0)
    running = asyncio.create_task(server.serve())
    while app.hub.feed.state != "connected":  # noqa: ASYNC110 - nobody announces it
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)

    def end() -> None:
        sys.stdin.read()
        server.should_exit = True

    Thread(target=end, daemon=True).start()
    await running


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], float(sys.argv[2])))
