"""Fault run: a served instance on the stand-in exchange under every fault in turn; at the end it has what the exchange has.

`make fault-run` takes ten minutes with 200 pairs; `python -m tests.exchange.fault_run --seconds 60 --symbols 5 --seed 3` is a
short one. Exit code 1 where a minute is missing or differs, and where the exchange's rules were broken.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from db.candles import repairs
from db.core.pool import Database
from tests.conftest import Site, start_site, stop_site
from tests.exchange.faults import Answer
from tests.exchange.generator import invented, trade_on
from tests.exchange.market import Market
from tests.exchange.server import Exchange, running

MINUTE = 60_000
HISTORY = 90
KINDS = 3
"""Streams of a pair."""
START_UP = 120.0
LONGEST_DOWN = 20
"""Turns that a killed instance stays away at most: of ten seconds each in a run of ten minutes."""
UNDER_WAY = 4
"""Requests that a feed has under way at most: a repair, two histories, the list of pairs."""
SETTLED = 100.0
"""Seconds after the last fault within which everything has to be there."""


class FaultRun:
    """One run: `faults` counts what was done to the instance."""

    def __init__(self, exchange: Exchange, folder: Path, seed: int) -> None:
        self.exchange, self.market = exchange, exchange.market
        self.symbols = list(exchange.market.listings)
        self.faults: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._folder = folder
        self._options: dict[str, Any] = {
            "TRACERA_PROVIDERS": "binance",
            "TRACERA_BINANCE_URL": exchange.url,
            "TRACERA_BINANCE_STREAM_URL": exchange.stream_url,
            "TRACERA_BINANCE_SYMBOLS": "*",
        }
        self.site = self._start()

    def _start(self) -> Site:
        """Serve, and wait until every pair is streamed."""
        site = start_site(self._folder / "data", **self._options)
        deadline = time.monotonic() + START_UP
        while not self._streams_all():
            if time.monotonic() > deadline or site.process.poll() is not None:
                raise RuntimeError(f"the instance streams nothing; see {site.log}:\n{site.log.read_text()[-4000:]}")
            time.sleep(0.2)
        return site

    def _streams_all(self) -> bool:
        held = {name for client in list(self.exchange.streams.clients) for name in list(client.streams)}
        return len(held) == KINDS * len(self.symbols)

    def run(self, seconds: float, kills: int) -> None:
        """One fault after the other, and the process killed `kills` times in between."""
        kinds: list[Callable[[float], None]] = [
            self.cut,
            self.silence,
            self.end,
            self.shutdown,
            self.ban,
            self.duplicate,
            self.reorder,
            self.lose_finals,
            self.refuse,
        ]
        began, turn = time.monotonic(), max(2.0, seconds / 60)
        deaths = [seconds * (place + 1) / (kills + 1) for place in range(kills)]
        waiting: list[Callable[[float], None]] = []
        while (passed := time.monotonic() - began) < seconds:
            if deaths and passed >= deaths[0]:
                deaths.pop(0)
                self.kill(turn)
                continue
            if not waiting:
                waiting = self._chance.sample(kinds, len(kinds))
            fault = waiting.pop()
            self.faults[fault.__name__] += 1
            fault(turn)
            time.sleep(turn * self._chance.uniform(0.2, 1))

    def cut(self, _turn: float) -> None:
        self.exchange.call(self.exchange.streams.cut)

    def silence(self, _turn: float) -> None:
        """A third of the pairs say nothing until they are subscribed to anew."""
        chosen = self._chance.sample(self.symbols, max(1, len(self.symbols) // 3))
        silent = {f"{name.lower()}@{kind}" for name in chosen for kind in ("kline_1m", "miniTicker", "bookTicker")}
        self.exchange.call(lambda: self.exchange.faults.silent.update(silent))

    def end(self, _turn: float) -> None:
        self._await(self.exchange.streams.close(1008, "24 hours are over"))

    def shutdown(self, turn: float) -> None:
        """Announced, and then meant; who connected anew meanwhile stays."""
        told = list(self.exchange.streams.clients)
        self.exchange.call(self.exchange.shut_down)
        time.sleep(turn * self._chance.uniform(0.1, 0.5))
        for client in told:
            self._await(client.connection.close(1001, "going down"))

    def ban(self, turn: float) -> None:
        """418 for a while, just when there is something to ask."""
        self.exchange.call(lambda: self.exchange.ban(turn * self._chance.uniform(0.3, 1)))
        self.cut(turn)

    def duplicate(self, turn: float) -> None:
        with self._set("duplicate", value=True):
            time.sleep(turn)

    def reorder(self, turn: float) -> None:
        with self._set("reorder", value=True):
            time.sleep(turn)

    def lose_finals(self, turn: float) -> None:
        with self._set("drop", value=lambda _stream, data: data.get("k", {}).get("x") is True):
            time.sleep(turn)

    def refuse(self, turn: float) -> None:
        with self._set("refuse", value=Answer(503, {"msg": "busy"})):
            self.cut(turn)
            time.sleep(turn / 2)

    def kill(self, turn: float) -> None:
        """The whole process at once, as a power cut would; its servers of their own end with it."""
        self.faults["kill"] += 1
        self.site.process.kill()
        self.site.process.wait()
        time.sleep(turn * self._chance.uniform(0.5, LONGEST_DOWN))
        self.site = self._start()

    @contextmanager
    def _set(self, name: str, *, value: Any) -> Iterator[None]:
        before = getattr(self.exchange.faults, name)
        self.exchange.call(lambda: setattr(self.exchange.faults, name, value))
        try:
            yield
        finally:
            self.exchange.call(lambda: setattr(self.exchange.faults, name, before))

    def _await(self, work: Any) -> None:
        assert self.exchange.loop
        asyncio.run_coroutine_threadsafe(work, self.exchange.loop).result(10)

    # What came of it

    def differences(self, interval: str = "1m") -> list[str]:
        """What the instance has otherwise than the exchange, over all pairs, up to the last minute that is over."""
        until = int(time.time() * 1000) // MINUTE * MINUTE
        deadline = time.monotonic() + SETTLED
        found = ["nothing compared"]
        while found and time.monotonic() < deadline:
            time.sleep(2)
            found = [text for symbol in self.symbols for text in self._compare(symbol, interval, until)]
        return found

    def _compare(self, symbol: str, interval: str, until: int) -> list[str]:
        length = {"1m": MINUTE, "5m": 5 * MINUTE}[interval]
        truth = self.exchange.call(lambda: self.market.rows(symbol, interval, None, until - 1, 5_000))
        # A longer candle that began before the first minute, or is not over, is not the same.
        whole = [row for row in truth if row[0] >= min(self.market.bars[symbol]) and row[0] + length <= until]
        expected = {row[0]: tuple(Decimal(value) for value in row[1:6]) for row in whole}
        body = self.site.get(f"/api/v1/candles?symbol={symbol}&interval={interval}&limit=5000&to={until}", 20)[1]
        stored = _in_units(orjson.loads(body or b"{}"))
        times = [row[0] for row in stored]
        problems = [] if len(times) == len(set(times)) else [f"{symbol}: a time twice"]
        have = dict(stored)
        problems += [f"{symbol} {at}: missing" for at in expected if at not in have]
        problems += [
            f"{symbol} {at}: {have[at]} is not {row}" for at, row in expected.items() if at in have and have[at] != row
        ]
        return problems

    def keeps_bans(self) -> bool:
        """Whether the exchange was left alone once it had said so: only what was under way by then may have come after."""
        return self.exchange.rest.broken_bans <= UNDER_WAY * (self.faults["ban"] + self.faults["kill"])

    def repairs(self) -> list[str]:
        """The repairs that are listed, those of one cause and time together."""
        database = Database(self.site.endpoints().database_url, size=1)
        try:
            rows = repairs.newest(database, 1_000_000)
        finally:
            database.close()
        groups: dict[tuple[str, str, str], list[int]] = {}
        for row in reversed(rows):
            key = (f"{row['since']:%H:%M}", f"{row['until']:%H:%M}", row["cause"])
            groups.setdefault(key, []).append(row["candles"])
        return [
            f"{since} to {until}  {len(counts):4} pairs  {sum(counts):6} candles  {cause}"
            for (since, until, cause), counts in groups.items()
        ]


def _in_units(found: dict[str, Any]) -> list[tuple[int, tuple[Decimal, ...]]]:
    price, volume = Decimal(found.get("price_scale", 1)), Decimal(found.get("volume_scale", 1))
    return [
        (at, (*(Decimal(value) / price for value in prices), Decimal(size) / volume))
        for at, *prices, size in found.get("data", [])
    ]


@contextmanager
def started(market: Market, folder: Path, *, rate: float, seed: int) -> Iterator[FaultRun]:
    """An instance on a market that trades, until the block ends."""
    with running(market) as exchange:
        assert exchange.loop
        trading = asyncio.run_coroutine_threadsafe(trade_on(market, rate=rate, seed=seed), exchange.loop)
        run = FaultRun(exchange, folder, seed)
        try:
            yield run
        finally:
            stop_site(run.site)
            exchange.loop.call_soon_threadsafe(trading.cancel)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--symbols", type=int, default=200, help="how many pairs (%(default)s)")
    parser.add_argument("--seconds", type=float, default=600, help="how long faults come (%(default)s)")
    parser.add_argument("--rate", type=float, default=200, help="trades a second (%(default)s)")
    parser.add_argument("--kills", type=int, default=3, help="how often the process is killed (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which course it takes (%(default)s)")
    options = parser.parse_args()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # the stand-in writes to sockets that it has just cut
    market = invented(options.symbols, minutes=HISTORY, seed=options.seed, live=True)
    with (
        tempfile.TemporaryDirectory(prefix="fault-run-") as folder,
        started(market, Path(folder), rate=options.rate, seed=options.seed) as run,
    ):
        run.run(options.seconds, options.kills)
        differences = [*run.differences(), *run.differences("5m")]
        minutes = sum(len(bars) - 1 for bars in market.bars.values())
        streams = run.exchange.streams
        print("\n".join(["repairs listed:", *run.repairs()]))
        print("faults:", ", ".join(f"{count} {name}" for name, count in sorted(run.faults.items())))
        print(f"connections: {streams.connected}, handshakes {len(streams.attempts)}; rules broken: {streams.breaches}")
        print(f"requests: {len(run.exchange.rest.requests)}, told of a ban: {run.exchange.rest.broken_bans}")
        print(f"{len(run.symbols)} pairs, {minutes} minutes; missing or different: {len(differences)}")
        print("\n".join(differences[:20]))
        if differences:
            print((Path(folder) / "data.log").read_text()[-8000:])
        return 1 if differences or streams.breaches or not run.keeps_bans() else 0


if __name__ == "__main__":
    sys.exit(main())
