"""An exchange's stream to a browser's socket, next to a bare loop of websockets, Redis and websockets in the same run.

    python -m tests.bench.bench_exchange [--rates 2000 10000] [--seconds 30] [--pairs 4]

The exchange and the listening client are processes of their own, on another core. A third each are tickers, books and running candles. Both ways
tell the newest price of each pair four times a second; a latency is from a ticker that was told until it was heard, so the wait for
the tick is not in it but for the time since the pair's last message. The goal beyond the tick at 2,000 a second is p50 under 3 ms and p99
under 25 ms, and no message lost. `us/msg` is the processor time of our one process a message; the bare loop stores no candles, checks nothing
and knows no scales. Candles as JSON are in bench_candles, indicators in bench_indicators.
"""

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any

import orjson
import psutil
import redis.asyncio
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, broadcast, serve

from db.embedded.servers import Embedded
from jobs.exchange.feed import PUBLISH_INTERVAL
from tests.bench.exchange_feed import Plan, listen, pin, serve_exchange, until
from tests.conftest import Site, start_site, stop_site


class BareLoop:
    """The plain way: every message decoded, the newest price of each pair published, what is heard of Redis broadcast."""

    def __init__(self, redis_url: str) -> None:
        self.newest: dict[str, dict[str, Any]] = {}
        self.clients: set[ServerConnection] = set()
        self.redis = redis.asyncio.Redis.from_url(redis_url)

    async def take(self, socket: ServerConnection) -> None:
        self.clients.add(socket)
        await socket.wait_closed()
        self.clients.discard(socket)

    async def read(self, address: str) -> None:
        async with connect(address, compression=None, max_queue=None) as socket:
            async for message in socket:
                data = orjson.loads(message)["data"]
                if data.get("e") == "24hrMiniTicker":
                    name, price = data["s"], round(100 * float(data["c"]))
                    self.newest[name] = {"type": "price", "symbol": name, "price": price}

    async def publish(self) -> None:
        while True:
            await asyncio.sleep(PUBLISH_INTERVAL)
            if self.newest:
                await self.redis.publish("bare", orjson.dumps(list(self.newest.values())))
                self.newest.clear()

    async def fan_out(self) -> None:
        async with self.redis.pubsub() as channel:
            await channel.subscribe("bare")
            async for message in channel.listen():
                if message["type"] == "message":
                    broadcast(self.clients, message["data"].decode())


def bare_loop(stream_url: str, redis_url: str, pairs: int, pipe: Connection) -> None:
    """The bare loop's process; says its address."""
    pin(0)
    names = "/".join(
        f"c{at:03d}usdt@{kind}" for at in range(pairs) for kind in ("miniTicker", "bookTicker", "kline_1m")
    )

    async def run() -> None:
        loop = BareLoop(redis_url)
        async with serve(loop.take, "127.0.0.1", 0, compression=None) as server:
            pipe.send(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}")
            await asyncio.gather(loop.read(f"{stream_url}/stream?streams={names}"), loop.publish(), loop.fan_out())

    asyncio.run(run())


@contextmanager
def child(context: SpawnContext, target: Any, *arguments: Any) -> Iterator[tuple[Connection, psutil.Process]]:
    """A process with a pipe to it, until the block ends."""
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(*arguments, theirs), daemon=True)
    process.start()
    try:
        yield ours, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join(10)


def spoken(
    exchange: Connection, plan: Plan, listener: Connection, process: psutil.Process
) -> tuple[dict[int, float], list[tuple[int, float]], float]:
    """Let the exchange speak; returns when each ticker was sent, what was heard, and the process's CPU seconds."""
    listener.send("heard?")
    listener.recv()
    begun = sum(process.cpu_times()[:2])
    exchange.send(plan)
    sent = exchange.recv()
    cpu = sum(process.cpu_times()[:2]) - begun
    time.sleep(2)
    listener.send("heard?")
    return sent, listener.recv(), cpu


def line(name: str, plan: Plan, sent: dict[int, float], heard: list[tuple[int, float]], cpu: float) -> str:
    """What one run showed."""
    end = max(sent.values()) - PUBLISH_INTERVAL  # the last ones of all wait for the tick that comes after them
    waits = sorted(moment - sent[price] for price, moment in heard if price in sent and sent[price] < end)
    p50, p99 = (1000 * waits[int(share * (len(waits) - 1))] for share in (0.5, 0.99))
    unheard = len(set(sorted(sent)[-plan.pairs :]) - {price for price, _ in heard})
    return (
        f"{plan.rate:>7,}/s {name:<8}{len(waits):>7,} heard{p50:>8.2f} ms p50{p99:>9.2f} ms p99{1e6 * cpu / plan.count:>8.1f} us/msg"
        f"{100 * cpu / plan.seconds:>7.1f} % of a core   last prices unheard: {unheard}"
    )


def measure_bare(
    context: SpawnContext, exchange: Connection, stream_url: str, plans: Sequence[Plan], folder: Path
) -> None:
    embedded = Embedded(folder / "bare").start()
    try:
        redis_url = embedded.endpoints().redis_url
        with child(context, bare_loop, stream_url, redis_url, plans[0].pairs) as (loop, process):
            address = loop.recv()
            with child(context, listen, address, "http://localhost", {}) as (listener, _):
                listener.recv()
                for plan in plans:
                    print(line("bare", plan, *spoken(exchange, plan, listener, process)), flush=True)
    finally:
        embedded.stop()


def measure_ours(
    context: SpawnContext, exchange: Connection, url: str, stream_url: str, plans: Sequence[Plan], folder: Path
) -> None:
    symbols = ",".join(f"C{at:03d}USDT" for at in range(plans[0].pairs))
    site = start_site(
        folder / "ours", TRACERA_PROVIDERS="binance", TRACERA_BINANCE_URL=url, TRACERA_BINANCE_STREAM_URL=stream_url,
        TRACERA_BINANCE_SYMBOLS=symbols,
    )  # fmt: skip
    try:
        until(lambda: streams(site) == 3 * plans[0].pairs, 120, f"not every stream is there; see {site.log}")
        ids = [one["item_id"] for one in orjson.loads(site.get("/api/v1/symbols")[1])]
        time.sleep(10)  # what is fetched at first is in
        greeting = {"action": "subscribe", "item_ids": ids}
        address = site.url.replace("http", "ws") + "/api/v1/ws"
        with child(context, listen, address, site.url, greeting) as (listener, _):
            listener.recv()
            for plan in plans:
                before = messages(site)
                found = line("tracera", plan, *spoken(exchange, plan, listener, psutil.Process(site.process.pid)))
                print(f"{found}, messages lost: {before + plan.count - messages(site):,}", flush=True)
    finally:
        stop_site(site)


def messages(site: Site) -> int:
    """How many messages of the exchange were understood."""
    return int(feed_of(site).get("messages", 0))


def streams(site: Site) -> int:
    """How many streams are subscribed to."""
    return int(feed_of(site).get("streams", 0)) if feed_of(site).get("ws_state") == "open" else 0


def feed_of(site: Site) -> dict[str, Any]:
    """What the feed says of itself; nothing before it does."""
    found = orjson.loads(site.get("/stats")[1] or b"{}").get("exchanges")
    return dict(found[0]) if found else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rates", type=int, nargs="+", default=[2_000, 10_000])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pairs", type=int, default=4)
    options = parser.parse_args()
    plans = [Plan(rate, options.seconds, options.pairs) for rate in options.rates]
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name, child(context, serve_exchange, options.pairs) as (exchange, _):
        url, stream_url = exchange.recv()
        measure_bare(context, exchange, stream_url, plans, Path(name))
        measure_ours(context, exchange, url, stream_url, plans, Path(name))


if __name__ == "__main__":
    main()
