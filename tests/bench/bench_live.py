"""Live prices to thousands: processor, latency and memory, beside Node's ws and NATS in the same run.

    python -m tests.bench.bench_live [--clients 1000 5000] [--deliveries 1000000] [--seconds 10] [--idle 10000] [--idle-seconds 30]

`make bench-live` installs the peers first; those that are not installed are left out. The server has a core of its own, the
load, Redis and the publisher share another. Rates are per second of the server's processor, in rounds: a price of each item is
published, and when all clients have theirs the next round begins, so that nothing is conflated away. A latency is that from
before the price is handed to Redis until the client has read it.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Final

from redis import Redis

from app.live.publish import price_message
from db.core.price_log import publish_prices
from tests.bench.live.programs import Hub, Load, Nats, Prices, Server, Ws, compiled, servers
from tests.conftest import Site, simulated_site
from tests.live.support import Valkey

ITEMS, EACH, FEWER = 2_000, 20, 200
FIRST: Final = 1_000_000_001
"""The first item; no simulated market has it."""
TICK: Final = 0.05
PER_SECOND: Final = 10
SCREENER: Final = "/api/v1/screener?window=30d&sort=-turnover&start=0&limit=100"
Sets = Sequence[Sequence[int]]


def one_item(clients: int) -> Sets:
    return [[FIRST]] * clients


def random_items(clients: int, items: int) -> Sets:
    chance = random.Random(1)
    return [chance.sample(range(FIRST, FIRST + items), EACH) for _ in range(clients)]


def prices_of(sets: Sets) -> Callable[[], Prices]:
    """A new price of each item, which is the time in microseconds, so that a client knows how old it is."""
    items = sorted({item for one in sets for item in one})

    def now() -> Prices:
        at, told = datetime.now(UTC), time.time_ns() // 1_000_000
        moments = {"received": told, "stored": told}
        return [price_message(item, time.monotonic_ns() // 1000, 12, "demo", at) | moments for item in items]

    return now


class Bench:
    """What all cases share."""

    def __init__(self, valkey: Valkey, load: Path, options: argparse.Namespace) -> None:
        self.valkey, self.load, self.options = valkey, load, options

    @contextmanager
    def running(self, kind: type[Server], sets: Sets, tick: float = TICK) -> Iterator[tuple[Server, Load]]:
        with (
            kind(self.valkey.client, self.valkey.url, tick) as server,
            Load(self.load, server.port, kind.mode, sets) as load,
        ):
            yield server, load

    # Cases

    def processor(self) -> None:
        """Deliveries a second of processor."""
        for clients in self.options.clients:
            cases: dict[str, tuple[Sets, float]] = {
                "one item": (one_item(clients), 0.0),
                f"{EACH} of {ITEMS:,} items": (random_items(clients, ITEMS), TICK),
            }
            for name, (sets, tick) in cases.items():
                rates: dict[type[Server], float] = {}
                for kind in servers():
                    rates[kind] = self.rate(f"{clients:>6,} clients, {name:<17}", kind, sets, tick)
                say_ratios(rates)

    def rate(self, name: str, kind: type[Server], sets: Sets, tick: float) -> float:
        each = sum(map(len, sets))
        news, rounds = prices_of(sets), max(5, self.options.deliveries // each)
        with self.running(kind, sets, tick) as (server, load):
            time.sleep(1)  # until the last snapshots are under way no more
            load.round(server, news(), each)
            time.sleep(1)
            load.say("mark")
            cpu, begun = server.cpu(), time.monotonic()
            for _ in range(rounds):
                load.round(server, news(), each)
            cpu, wall, found = server.cpu() - cpu, time.monotonic() - begun, load.report()
        assert found["prices"] == rounds * each
        rate = found["prices"] / cpu
        print(
            f"{name} {kind.__name__:<9} {found['prices']:>10,} deliveries  {cpu:6.2f} s  {rate:>9,.0f}/s of processor"
            f"  {found['bytes'] / found['prices']:5.0f} bytes  load {found['cpu']:5.2f} s of {wall:5.1f}",
            flush=True,
        )
        return rate

    def latency(self) -> None:
        """From the publication to the client."""
        clients = self.options.clients[0]
        cases = {"one item": one_item(clients), f"{EACH} of {FEWER} items": random_items(clients, FEWER)}
        for name, sets in cases.items():
            for kind in servers():
                with self.running(kind, sets) as (server, load):
                    found = steady(server.publish, load, prices_of(sets), self.options.seconds)
                say_latency(f"{clients:,} clients, {name}", kind.__name__, found)

    def latency_beside_screeners(self, folder: Path) -> None:
        """The same of a whole instance, while others ask for screens."""
        clients = self.options.clients[0]
        with simulated_site(folder) as site:
            redis = Redis.from_url(site.endpoints().redis_url)
            for name, sets in {
                "one item": one_item(clients),
                f"{EACH} of {FEWER} items": random_items(clients, FEWER),
            }.items():
                for mode in ("json", "v2"):
                    port = int(site.url.rpartition(":")[2])
                    with Load(self.load, port, mode, sets) as load, asking(site) as asked:
                        found = steady(partial(publish_prices, redis), load, prices_of(sets), self.options.seconds)
                    say_latency(f"{clients:,} clients, {name}, {next(asked)} screens", f"instance {mode}", found)

    def memory(self) -> None:
        """What an idle client costs, and what those do that never read."""
        sets = one_item(self.options.idle)
        for kind in servers():
            with kind(self.valkey.client, self.valkey.url, TICK) as server:
                with Load(self.load, server.port, kind.mode, one_item(100)) as load:
                    load.round(server, prices_of(sets)(), 100)
                before = server.memory()
                with Load(self.load, server.port, kind.mode, sets) as load:
                    idle = steady(server.publish, load, prices_of(sets), self.options.idle_seconds, 1)
                    each = (server.memory() - before) / len(sets)
                    quick = steady(server.publish, load, prices_of(sets), self.options.seconds)
                    load.say(f"mute {len(sets) // 10}")
                    beside = steady(server.publish, load, prices_of(sets), self.options.seconds)
                    grown = server.memory() - before - each * len(sets)
            print(
                f"{len(sets):,} clients {kind.__name__:<9} {each / 1000:6.1f} kB each  lost {idle['lost']}"
                f"  p99 at {PER_SECOND}/s {quick['p99'] / 1000:.1f} ms, with {len(sets) // 10:,} that do not read"
                f" {beside['p99'] / 1000:.1f} ms and {grown / 1e6:+.1f} MB",
                flush=True,
            )


def steady(
    publish: Callable[[Prices], None], load: Load, news: Callable[[], Prices], seconds: float, rate: float = PER_SECOND
) -> dict[str, float]:
    """Publish so many times a second; what the clients say of it."""
    load.say("mark")
    begun = time.monotonic()
    for number in range(1, int(seconds * rate) + 1):
        publish(news())
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
    time.sleep(1)
    return load.report()


@contextmanager
def asking(site: Site) -> Iterator[Iterator[int]]:
    """Somebody who asks for screens all the time; how many were answered."""
    ended, answered = Event(), count()

    def ask() -> None:
        while not ended.is_set():
            status, _body = site.get(SCREENER)[:2]
            assert status == 200, status
            next(answered)

    thread = Thread(target=ask)
    thread.start()
    try:
        yield answered
    finally:
        ended.set()
        thread.join()


def say_latency(name: str, server: str, found: dict[str, float]) -> None:
    print(
        f"{name:<44} {server:<13} {found['prices']:>10,} deliveries  p50 {found['p50'] / 1000:6.1f} ms"
        f"  p99 {found['p99'] / 1000:6.1f} ms  load {found['cpu']:.1f} s",
        flush=True,
    )


def say_ratios(rates: dict[type[Server], float]) -> None:
    for kind, rate in rates.items():
        if issubclass(kind, Hub):
            ratios = [f"{rate / rates[peer]:.2f} of {peer.__name__}" for peer in (Ws, Nats) if peer in rates]
            print(f"  {kind.__name__}: {', '.join(ratios) or 'no peer is installed'}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clients", type=int, nargs="+", default=[1_000, 5_000])
    parser.add_argument(
        "--deliveries", type=int, default=1_000_000, help="of each measurement of processor (%(default)s)"
    )
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement of latency (%(default)s)")
    parser.add_argument("--idle", type=int, default=10_000, help="clients whose memory is measured (%(default)s)")
    parser.add_argument("--idle-seconds", type=float, default=30, help="for which they are held (%(default)s)")
    parser.add_argument("--only", choices=["processor", "latency", "screeners", "memory"], nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-live-") as name:
        folder = Path(name)
        valkey = Valkey(folder)
        valkey.start()
        try:
            bench = Bench(valkey, compiled(folder), options)
            cases = {
                "processor": bench.processor,
                "latency": bench.latency,
                "screeners": lambda: bench.latency_beside_screeners(folder),
                "memory": bench.memory,
            }
            for case, run in cases.items():
                if case in (options.only or cases):
                    run()
        finally:
            valkey.kill()


if __name__ == "__main__":
    main()
