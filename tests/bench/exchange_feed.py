"""Ends of the exchange benchmark, each a process of its own: an exchange that says much, and a client that listens."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import orjson
from websockets.asyncio.client import connect
from websockets.asyncio.server import broadcast
from websockets.typing import Origin

from tests.exchange.generator import invented
from tests.exchange.server import Exchange

FIRST = 10_000
"""The first price, in minor units; each ticker has the next one, so that a price says which message it was."""
STEP = 0.002


@dataclass(frozen=True, slots=True)
class Plan:
    """So many messages a second, for so long, about so many pairs."""

    rate: int
    seconds: float
    pairs: int

    @property
    def count(self) -> int:
        """All its messages."""
        return int(self.rate * self.seconds)


def pin(core: int) -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core % (os.cpu_count() or 1)})


def serve_exchange(pairs: int, pipe: Connection) -> None:
    """Be an exchange: say the addresses, and for each plan that comes when each ticker was sent, by price."""
    pin(1)

    async def run() -> None:
        market = invented(pairs, minutes=60, live=True)
        async with Exchange(market) as exchange:
            pipe.send((exchange.url, exchange.stream_url))
            first = FIRST
            while True:
                sent = await speak(exchange, await asyncio.to_thread(pipe.recv), first)
                first += len(sent)
                pipe.send(sent)

    asyncio.run(run())


async def speak(exchange: Exchange, plan: Plan, first: int) -> dict[int, float]:
    """Tickers, books and running candles in turn; the moment of each ticker by its price in minor units."""
    symbols = list(exchange.market.listings)
    sent: dict[int, float] = {}
    moments = dict.fromkeys(symbols, 0)
    begun, done, count = time.perf_counter(), 0, plan.count
    while done < count:
        due = min(count, int((time.perf_counter() - begun) * plan.rate))
        for number in range(done, due):
            symbol = symbols[number // 3 % len(symbols)]
            price = first + len(sent)
            kind = number % 3
            if kind == 0:
                sent[price] = time.perf_counter()
            # No two of a pair in one millisecond: only what is newer is news.
            moments[symbol] = max(int(time.time() * 1000), moments[symbol] + (kind == 0))
            tell(exchange, kind, symbol, price, moments[symbol])
        done = due
        await asyncio.sleep(STEP)
    return sent


def tell(exchange: Exchange, kind: int, symbol: str, price: int, now: int) -> None:
    """One message of a combined stream to every socket that asked for it."""
    text = f"{price // 100}.{price % 100:02d}000000"
    opened = now // 60_000 * 60_000
    name, shared = symbol.lower(), f'"E":{now},"s":"{symbol}"'
    if kind == 0:
        stream = f"{name}@miniTicker"
        data = f'{{"e":"24hrMiniTicker",{shared},"c":"{text}","o":"{text}","h":"{text}","l":"{text}","v":"9","q":"9"}}'
    elif kind == 1:
        stream = f"{name}@bookTicker"
        data = f'{{"u":{price},"s":"{symbol}","b":"{text}","B":"1","a":"{text}","A":"1"}}'
    else:
        stream = f"{name}@kline_1m"
        bar = f'"t":{opened},"T":{opened + 59_999},"s":"{symbol}","i":"1m","f":1,"L":9,"o":"{text}","c":"{text}","h":"{text}"'
        data = f'{{"e":"kline",{shared},"k":{{{bar},"l":"{text}","v":"9","n":9,"x":false,"q":"9","V":"4","Q":"4","B":"0"}}}}'
    readers = [client.connection for client in exchange.streams.clients if stream in client.streams]
    broadcast(readers, f'{{"stream":"{stream}","data":{data}}}')


def listen(address: str, origin: str, greeting: dict[str, Any], pipe: Connection) -> None:
    """Be a client: subscribe, and when asked say what was heard so far, as (price, moment)."""
    pin(1)

    async def run() -> None:
        heard: list[tuple[int, float]] = []
        async with connect(address, origin=Origin(origin), compression=None, max_queue=None) as socket:
            await socket.send(orjson.dumps(greeting).decode())

            async def read() -> None:
                async for message in socket:
                    moment, told = time.perf_counter(), orjson.loads(message)
                    heard.extend((one["price"], moment) for one in prices(told))

            reading = asyncio.create_task(read())
            pipe.send("listening")
            while await asyncio.to_thread(pipe.recv):
                pipe.send(heard[:])
                heard.clear()
            reading.cancel()

    asyncio.run(run())


def prices(told: Any) -> list[dict[str, Any]]:
    """The price messages among one or many."""
    return [one for one in (told if isinstance(told, list) else [told]) if one.get("type") == "price"]


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"after {seconds:g} s: {what}")
        time.sleep(0.05)
