"""Invented trading, the same for the same seed."""

import asyncio
import itertools
import random
import time
from decimal import Decimal

from tests.exchange.market import Listing, Market

_STEP = 0.02


def invented(symbols: int, *, minutes: int = 0, seed: int = 1, live: bool = False) -> Market:
    """A market of so many pairs: C000USDT, C001USDT, …, with so many minutes of history."""
    names = [f"C{number:03d}" for number in range(symbols)]
    market = Market(*(Listing(f"{name}USDT", name) for name in names), live=live)
    for name in names:
        market.fill(f"{name}USDT", minutes, price="100", seed=seed)
    return market


def trade_some(market: Market, count: int, *, seed: int = 1) -> None:
    """So many trades at once, over all pairs."""
    chance = random.Random(seed)
    for symbol, price, quantity in itertools.islice(_trades(market, chance), count):
        market.trade(symbol, price, quantity)


async def trade_on(market: Market, *, rate: float, seed: int = 1, seconds: float | None = None) -> int:
    """`rate` trades a second, three messages each; minutes end as a live market's clock says. How many there were."""
    trades = _trades(market, random.Random(seed))
    began = time.monotonic()
    done = 0
    while seconds is None or time.monotonic() - began < seconds:
        due = int((time.monotonic() - began) * rate)
        for symbol, price, quantity in itertools.islice(trades, due - done):
            market.trade(symbol, price, quantity)
        done = due
        if market.live:
            market.close_minutes()
        await asyncio.sleep(_STEP)
    return done


def _trades(market: Market, chance: random.Random) -> "itertools.chain[tuple[str, Decimal, Decimal]]":
    symbols = list(market.listings)
    prices = dict.fromkeys(symbols, Decimal(100))

    def one() -> tuple[str, Decimal, Decimal]:
        symbol = chance.choice(symbols)
        tick = Decimal(market.listings[symbol].tick)
        prices[symbol] = max(2 * tick, prices[symbol] + tick * chance.randint(-10, 10))
        return symbol, prices[symbol], Decimal(chance.randint(1, 999)) / 1000

    return itertools.chain(one() for _ in itertools.count())
