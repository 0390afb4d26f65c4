"""Datafeed: pairs and CS2 items as TradingView's UDF protocol names and draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import redis

from app.candles import series
from app.candles.levels import period_start
from db.candles import read, symbols
from db.candles.columns import CandleColumns
from db.candles.intervals import moment
from db.candles.read import Span
from db.candles.symbols import Pair
from db.core.pool import Database, Row
from db.items import items
from db.items.markets import STEAM_MARKET
from db.quotes import candles as quote_candles

PAIR_RESOLUTIONS: Final = {
    "1": "1m",
    "5": "5m",
    "15": "15m",
    "60": "1h",
    "240": "4h",
    "1D": "1d",
    "1W": "1w",
    "1M": "1d",
}
"""Intervals by TradingView's names; months are put together from days."""
DAILY: Final = {"D": "1D", "W": "1W", "M": "1M"}
"""Other names of the same."""
ITEM_RESOLUTIONS: Final = {"60": "1h", "1D": "1d", "1W": "1w", "1M": "1d"}
PREFIX: Final = "CS2."
DAYS_A_MONTH: Final = 31
Bar = tuple[int, float, float, float, float, float | None]
"""Open time in seconds, open, high, low and close in units, volume; None where nobody tells it."""


class UnknownSymbolError(LookupError):
    """Nothing goes by this ticker."""

    def __init__(self) -> None:
        super().__init__("unknown_symbol")


@dataclass(frozen=True, slots=True)
class Listed:
    """A pair or an item under its ASCII ticker: `BTCUSDT`, or `CS2.` and the item's number."""

    ticker: str
    description: str
    exchange: str
    kind: str
    price_scale: int
    item_id: int
    source: str | None
    pair: Pair | None

    @property
    def resolutions(self) -> dict[str, str]:
        """Intervals by TradingView's names."""
        return PAIR_RESOLUTIONS if self.pair else ITEM_RESOLUTIONS

    def describe(self) -> dict[str, Any]:
        """UDF's symbol information."""
        intraday = [name for name in self.resolutions if name.isdigit()]
        return {
            "name": self.ticker,
            "ticker": self.ticker,
            "description": self.description,
            "type": self.kind,
            "session": "24x7",
            "exchange": self.exchange,
            "listed_exchange": self.exchange,
            "timezone": "Etc/UTC",
            "minmov": 1,
            "pricescale": self.price_scale,
            "has_intraday": True,
            "intraday_multipliers": intraday,
            "has_daily": True,
            "has_weekly_and_monthly": True,
            "supported_resolutions": list(self.resolutions),
            "volume_precision": len(str(self.pair.volume_scale)) - 1 if self.pair else 0,
            "data_status": "streaming",
            "format": "price",
        }


def find(database: Database, ticker: str) -> Listed:
    """What goes by a ticker, with or without `EXCHANGE:` before it and whatever its case.

    Raises:
        UnknownSymbolError: nothing does.
    """
    try:
        return find_many(database, [ticker])[ticker]
    except KeyError:
        raise UnknownSymbolError from None


def find_many(database: Database, tickers: Sequence[str]) -> dict[str, Listed]:
    """What goes by each of these tickers; those that nothing goes by are left out."""
    names = {ticker: ticker.rpartition(":")[2].strip().upper() for ticker in tickers}
    numbers = [number for name in names.values() if (number := _item_number(name)) is not None]
    found = {pair.symbol: of_pair(pair) for pair in symbols.some(database, list(names.values()))}
    if numbers:
        skins = [of_item(row) for row in items.some(database, numbers) if row["market"] == STEAM_MARKET]
        found |= {skin.ticker: skin for skin in skins}
    return {ticker: found[name] for ticker, name in names.items() if name in found}


def _item_number(name: str) -> int | None:
    """The id in an item's ticker; None for any other name."""
    number = name.removeprefix(PREFIX)
    is_item = name.startswith(PREFIX) and number.isascii() and number.isdigit() and len(number) < 10  # noqa: PLR2004  # an integer's digits
    return int(number) if is_item else None


def search(database: Database, query: str, kind: str, limit: int) -> list[Listed]:
    """Pairs and items whose name holds the words, whatever their case; pairs first."""
    wanted = query.strip().upper()
    found: list[Listed] = []
    if kind in {"", "crypto"}:
        found += [of_pair(pair) for pair in symbols.every(database) if wanted in pair.symbol]
    if kind in {"", "skin"} and wanted:
        found += [of_item(row) for row in items.search(database, query, limit=limit) if row["market"] == STEAM_MARKET]
    return found[:limit]


def of_pair(pair: Pair) -> Listed:
    """A pair under its symbol."""
    description = f"{pair.base_currency} / {pair.quote_currency}"
    exchange = pair.market.partition(":")[0].upper()
    return Listed(pair.symbol, description, exchange, "crypto", pair.price_scale, pair.item_id, pair.source, pair)


def of_item(item: Row) -> Listed:
    """A CS2 item under its number: names hold signs that tickers may not."""
    ticker, name = f"{PREFIX}{item['id']}", item["market_hash_name"]
    return Listed(ticker, name, "STEAM", "skin", item["price_scale"], item["id"], item["source"], None)


def bars(
    database: Database,
    client: redis.Redis,
    listed: Listed,
    resolution: str,
    *,
    since: int | None,
    until: int,
    limit: int,
) -> list[Bar]:
    """The newest `limit` bars that open in [since, until), in seconds, oldest first; None is without a bound."""
    if listed.source is None:
        return []
    months = resolution == "1M"
    begin = period_start(since, "month") if months and since is not None else since
    count = min(read.MAX_CANDLES, (limit + 1) * DAYS_A_MONTH if months else limit)
    if listed.pair:
        span = Span(begin, until, count)
        found = series.candles(database, client, listed.pair, listed.resolutions[resolution], span)
        made = _rows(found, listed.price_scale, listed.pair.volume_scale)
    else:
        made = _item_bars(database, listed, listed.resolutions[resolution], begin, until, count)
    if months:
        made = [bar for bar in _months(made) if since is None or bar[0] >= since]
    return made[-limit:]


def _item_bars(
    database: Database, listed: Listed, interval: str, since: int | None, until: int, limit: int
) -> list[Bar]:
    found = quote_candles.candles(
        database,
        listed.item_id,
        str(listed.source),
        interval,
        since=None if since is None else moment(since),
        until=moment(until),
        limit=limit,
    )
    columns = CandleColumns(
        found.time, found.open, found.high, found.low, found.close, found.volume, np.full(len(found.time), -1)
    )
    return _rows(columns, listed.price_scale, 1)


def _rows(found: CandleColumns, price_scale: int, volume_scale: int) -> list[Bar]:
    prices = [(getattr(found, name) / price_scale).tolist() for name in ("open", "high", "low", "close")]
    volume = [None if value < 0 else value / volume_scale for value in found.volume.tolist()]
    return list(zip(found.open_time.tolist(), *prices, volume, strict=True))


def _months(days: Sequence[Bar]) -> list[Bar]:
    """Bars of UTC months, each at its first day, from days in order."""
    made: dict[int, list[Bar]] = {}
    for day in days:
        made.setdefault(period_start(day[0], "month"), []).append(day)
    return [
        (
            begin,
            of[0][1],
            max(day[2] for day in of),
            min(day[3] for day in of),
            of[-1][4],
            sum(day[5] for day in of if day[5] is not None) if any(day[5] is not None for day in of) else None,
        )
        for begin, of in made.items()
    ]


def now() -> int:
    """Seconds since 1970."""
    return int(datetime.now(UTC).timestamp())
