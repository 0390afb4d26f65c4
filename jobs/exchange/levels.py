"""Exchange levels: watches the levels of an exchange's pairs, and says what each new price changes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis

from app.candles import overlays
from app.candles.level_watch import LevelEvent, LevelWatch, described
from app.live.publish import levels_message
from app.providers.exchange import Kline, Ticker
from db.candles.intervals import moment
from db.candles.symbols import Pair
from db.core.pool import Database


@dataclass(slots=True)
class PairLevels:
    """Level watches by symbol; a pair has none before its candles are loaded, and of it nothing is said."""

    watches: dict[str, LevelWatch] = field(default_factory=dict)
    finals: list[Kline] = field(default_factory=list)
    """Final candles since the last `messages`: the last trades of a minute may be in them alone."""

    def load(self, database: Database, client: redis.Redis, pairs: Sequence[Pair]) -> None:
        """Begin anew from the candles that are stored, which know what was repaired since."""
        found = {pair.symbol: overlays.level_watch(database, client, pair) for pair in pairs}
        watches = {symbol: watch for symbol, watch in found.items() if watch is not None}
        for symbol, watch in watches.items():
            if symbol in self.watches:
                watch.near = self.watches[symbol].near
        self.watches = watches

    def messages(
        self, items: Mapping[str, int], source: str, klines: Sequence[Kline], tickers: Sequence[Ticker]
    ) -> list[dict[str, Any]]:
        """The contract's levels messages of what is new: at most one a symbol."""
        finals, self.finals = self.finals, []
        made: dict[str, dict[tuple[str, str], LevelEvent]] = {}
        newest: dict[str, tuple[int, int]] = {}
        bars = [(k.symbol, k.open_time, k.open, k.high, k.low, k.close) for k in (*finals, *klines)]
        ticks = [(one.symbol, one.time // 1000, *(one.price,) * 4) for one in tickers]
        for symbol, time, opened, high, low, price in (*bars, *ticks):
            watch = self.watches.get(symbol)
            if watch is not None:
                found = watch.advance(time, opened=opened, high=high, low=low, price=price)
                newest[symbol] = (time, price)
                if found:  # of a level that moved twice the last counts
                    made.setdefault(symbol, {}).update({(event.kind, event.level): event for event in found})
        return [
            levels_message(
                items[symbol],
                newest[symbol][1],
                self.watches[symbol].enigma(newest[symbol][1]),
                described(events.values()),
                source,
                moment(newest[symbol][0]),
            )
            for symbol, events in made.items()
        ]
