"""The market of the stand-in exchange: listed symbols, trades, candles and its own clock."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.exchange.candles import DAY, LENGTHS, MINUTE, Bar, merged, quiet, text


@dataclass
class Listing:
    """One pair as exchangeInfo lists it."""

    symbol: str
    base: str
    quote: str = "USDT"
    tick: str = "0.01000000"
    step: str = "0.00001000"
    status: str = "TRADING"
    least: str = "5.00000000"

    def entry(self) -> dict[str, Any]:
        filters = [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": self.tick,
                "maxPrice": "1000000.00000000",
                "tickSize": self.tick,
            },
            {"filterType": "LOT_SIZE", "minQty": self.step, "maxQty": "9000.00000000", "stepSize": self.step},
            {"filterType": "NOTIONAL", "minNotional": self.least, "applyMinToMarket": True, "avgPriceMins": 5},
        ]
        return {
            "symbol": self.symbol,
            "status": self.status,
            "baseAsset": self.base,
            "baseAssetPrecision": 8,
            "quoteAsset": self.quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": ["LIMIT", "MARKET"],
            "icebergAllowed": True,
            "ocoAllowed": True,
            "quoteOrderQtyMarketAllowed": True,
            "allowTrailingStop": True,
            "cancelReplaceAllowed": True,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": filters,
            "permissions": ["SPOT"],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "NONE",
            "allowedSelfTradePreventionModes": ["NONE"],
        }


class Market:
    """Symbols and their minutes. `publish` is given every stream event: stream name and data.

    Its clock stands still at the start of a minute and is moved by `advance`, or runs when `live`.
    """

    def __init__(self, *listings: Listing, live: bool = False) -> None:
        self.listings = {listing.symbol: listing for listing in listings}
        self.bars: dict[str, dict[int, Bar]] = {symbol: {} for symbol in self.listings}
        self.publish: Callable[[str, dict[str, Any]], None] = lambda _stream, _data: None
        self.live = live
        self.says_trades = False
        """Whether each trade is published by itself too, as `aggTrade`."""
        self._now = int(time.time()) // 60 * MINUTE
        self._numbers: dict[str, int] = {}
        self._days: dict[str, tuple[int, Bar | None]] = {}
        self._update = 0

    @property
    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(time.time() * 1000) if self.live else self._now

    def advance(self, milliseconds: int) -> None:
        """Move the clock; minutes that end on the way are closed, each at its end."""
        target = self._now + milliseconds
        while (end := self._now // MINUTE * MINUTE + MINUTE) <= target:
            self._now = end
            self.close_minutes()
        self._now = target

    def next_minute(self) -> None:
        self.advance(MINUTE - self._now % MINUTE)

    def trade(self, symbol: str, price: str | Decimal, quantity: str | Decimal = "1") -> None:
        """One trade, with the events that come of it."""
        opened = self.now // MINUTE * MINUTE
        bars = self.bars[symbol]
        value, size = Decimal(price), Decimal(quantity)
        number = self._numbers[symbol] = self._numbers.get(symbol, 0) + 1
        self._update += 1
        bars[opened] = bars.get(opened, quiet(opened, value)).traded(value, size, number)
        name = symbol.lower()
        self.publish(f"{name}@kline_1m", bars[opened].event(symbol, self.now, final=False))
        self.publish(f"{name}@miniTicker", self.ticker(symbol))
        self.publish(f"{name}@bookTicker", self.book(symbol))
        if self.says_trades:
            said = {"e": "aggTrade", "E": self.now, "s": symbol, "a": number, "p": text(value), "q": text(size)}
            self.publish(f"{name}@aggTrade", said | {"f": number, "l": number, "T": self.now, "m": False, "M": True})

    def close_minutes(self) -> None:
        """Publish the end of each minute that is over, and begin the next ones where nothing was traded."""
        current = self.now // MINUTE * MINUTE
        for symbol, bars in self.bars.items():
            if not bars or self.listings[symbol].status != "TRADING":
                continue
            newest = max(bars)
            while newest < current:
                self.publish(f"{symbol.lower()}@kline_1m", bars[newest].event(symbol, self.now, final=True))
                following = quiet(newest + MINUTE, bars[newest].close)
                newest = following.opened
                bars[newest] = following

    def ticker(self, symbol: str) -> dict[str, Any]:
        """As the stream `miniTicker` has it."""
        day = self._day(symbol)
        return {
            "e": "24hrMiniTicker",
            "E": self.now + self._update,  # rises with each event, as when time passes
            "s": symbol,
            "c": text(day.close),
            "o": text(day.open),
            "h": text(day.high),
            "l": text(day.low),
            "v": text(day.volume),
            "q": text(day.quote),
        }

    def book(self, symbol: str) -> dict[str, Any]:
        """As the stream `bookTicker` has it: a tick below and above the last price."""
        price, tick = self._day(symbol).close, Decimal(self.listings[symbol].tick)
        sides = {"b": text(price - tick), "B": text(Decimal(1)), "a": text(price + tick), "A": text(Decimal(2))}
        return {"u": self._update, "s": symbol} | sides

    def ticker_24h(self, symbol: str) -> dict[str, Any]:
        """As `/api/v3/ticker/24hr` has it."""
        day, book = self._day(symbol), self.book(symbol)
        change = day.close - day.open
        return {
            "symbol": symbol,
            "priceChange": text(change),
            "priceChangePercent": f"{100 * change / day.open if day.open else 0:.3f}",
            "weightedAvgPrice": text(day.quote / day.volume if day.volume else Decimal(0)),
            "prevClosePrice": text(day.open),
            "lastQty": text(Decimal(1)),
            "bidPrice": book["b"],
            "bidQty": book["B"],
            "askPrice": book["a"],
            "askQty": book["A"],
            "lastPrice": text(day.close),
            "openPrice": text(day.open),
            "highPrice": text(day.high),
            "lowPrice": text(day.low),
            "volume": text(day.volume),
            "quoteVolume": text(day.quote),
            "openTime": self.now - DAY,
            "closeTime": self.now,
            "firstId": day.first,
            "lastId": day.last,
            "count": day.trades,
        }

    def rows(self, symbol: str, interval: str, start: int | None, end: int | None, limit: int) -> list[list[Any]]:
        """As `/api/v3/klines` has them: from `start` forward, or the newest ones without it; `end` inclusive."""
        length = LENGTHS[interval] * MINUTE
        shift = 4 * DAY if interval == "1w" else 0
        groups: dict[int, list[Bar]] = {}
        for opened, bar in sorted(self.bars[symbol].items()):
            groups.setdefault((opened - shift) // length * length + shift, []).append(bar)
        last = end if end is not None else self.now
        kept = [opened for opened in groups if (start is None or opened >= start) and opened <= last]
        chosen = kept[-limit:] if start is None else kept[:limit]
        return [merged(groups[opened], opened).row(length) for opened in chosen]

    def fill(self, symbol: str, minutes: int, *, price: str = "100", seed: int = 1) -> None:
        """Invent the minutes before now."""
        chance = random.Random(f"{symbol} {seed}")
        tick = Decimal(self.listings[symbol].tick)
        current = self.now // MINUTE * MINUTE
        value = Decimal(price)
        for opened in range(current - minutes * MINUTE, current, MINUTE):
            bar = quiet(opened, value)
            for _ in range(chance.randrange(4)):
                value = max(tick, value + tick * chance.randint(-20, 20))
                number = self._numbers[symbol] = self._numbers.get(symbol, 0) + 1
                bar = bar.traded(value, Decimal(chance.randint(1, 900)) / 1000, number)
            self.bars[symbol][opened] = bar

    def _day(self, symbol: str) -> Bar:
        """The last 24 hours as one candle; what is over of them is put together once a minute."""
        bars = self.bars[symbol]
        current = self.now // MINUTE * MINUTE
        since = current - DAY
        if self._days.get(symbol, (0, None))[0] != current:
            kept = [bar for opened, bar in sorted(bars.items()) if since <= opened < current]
            self._days[symbol] = (current, merged(kept, since) if kept else None)
        parts = [bar for bar in (self._days[symbol][1], bars.get(current)) if bar is not None]
        return merged(parts, since) if parts else quiet(since, Decimal(0))
