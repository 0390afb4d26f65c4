"""A stand-in for a spot exchange: the REST and stream language of Binance on one loopback port.

In a test's own event loop: `async with Exchange(Market(Listing("BTCUSDT", "BTC"))) as exchange`. Beside a program, in a thread:
`with running(market) as exchange` and `exchange.call(function)`. By hand:
`python -m tests.exchange.server --symbols 50 --rate 500`, then use the address that it prints.
"""

import argparse
import asyncio
import http
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from tests.exchange.faults import Answer, Faults
from tests.exchange.generator import invented, trade_on
from tests.exchange.market import Market
from tests.exchange.rest import Rest
from tests.exchange.streams import Streams

_T = TypeVar("_T")
_START_UP = 10.0


class Exchange:
    """The server while its context is open; `url` and `stream_url` are its addresses."""

    def __init__(self, market: Market, *, port: int = 0) -> None:
        self.market = market
        self.faults = Faults()
        self.rest = Rest(market, self.faults)
        self.streams = Streams(self.faults)
        self.url = self.stream_url = ""
        self.loop: asyncio.AbstractEventLoop | None = None
        self._port = port
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        self.loop = asyncio.get_running_loop()
        self._server = await serve(
            self.streams.serve,
            "127.0.0.1",
            self._port,
            process_request=self._process_request,
            compression=None,
            ping_interval=20,
            ping_timeout=60,
            close_timeout=1,
        )
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        self.url, self.stream_url = f"http://127.0.0.1:{self._port}", f"ws://127.0.0.1:{self._port}"
        self.market.publish = self.streams.publish
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def ban(self, seconds: float) -> None:
        """Ban the client's address: 418 for so long."""
        self.rest.banned_until = time.monotonic() + seconds

    def shut_down(self) -> None:
        """Announce that the servers go down."""
        self.streams.announce_shutdown(self.market.now)

    def call(self, function: Callable[[], _T]) -> _T:
        """Run `function` in the server's loop, from another thread."""
        if self.loop is None:
            raise RuntimeError("the exchange is not running")

        async def run() -> _T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(_START_UP)

    async def _process_request(self, _connection: ServerConnection, request: Request) -> Response | None:
        if request.path.startswith(("/stream", "/ws")):
            if not self.streams.admits():
                return _response(Answer(429, {}, {"Retry-After": "300"}))
            await asyncio.sleep(self.faults.slow)
            return _response(self.faults.refuse) if self.faults.refuse is not None else None
        return _response(self.rest.answer(request.path))


@contextmanager
def running(market: Market, *, port: int = 0) -> Iterator[Exchange]:
    """The exchange in a thread of its own; with a live market, minutes end by themselves."""
    exchange = Exchange(market, port=port)
    started, stop = threading.Event(), asyncio.Event()

    async def main() -> None:
        async with exchange:
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    if not started.wait(_START_UP):
        raise RuntimeError("the exchange did not start")
    try:
        yield exchange
    finally:
        exchange.call(stop.set)
        thread.join(_START_UP)


def _response(answer: Answer) -> Response:
    raw = isinstance(answer.body, str)
    body = answer.body.encode() if raw else json.dumps(answer.body).encode()
    kind = "text/html" if raw else "application/json;charset=UTF-8"
    headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close", **answer.headers})
    try:
        reason = http.HTTPStatus(answer.status).phrase
    except ValueError:
        reason = "Unknown"
    return Response(answer.status, reason, headers, body)


def main() -> None:
    parser = argparse.ArgumentParser(description="Answers like a spot exchange, with invented trades.")
    parser.add_argument("--symbols", type=int, default=20, help="how many pairs (%(default)s)")
    parser.add_argument("--rate", type=float, default=100.0, help="trades a second, three messages each (%(default)s)")
    parser.add_argument("--minutes", type=int, default=1500, help="how many minutes of history (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    options = parser.parse_args()
    asyncio.run(_by_hand(options))


async def _by_hand(options: Any) -> None:
    market = invented(options.symbols, minutes=options.minutes, seed=options.seed, live=True)
    async with Exchange(market, port=options.port) as exchange:
        print(f"{options.symbols} pairs at {exchange.url} and {exchange.stream_url}", flush=True)
        await trade_on(market, rate=options.rate, seed=options.seed)


if __name__ == "__main__":
    main()
