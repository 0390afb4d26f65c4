"""Candles of the stand-in exchange, in the exchange's own writing: decimal texts with eight digits, milliseconds."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

MINUTE = 60_000
DAY = 86_400_000
LENGTHS = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "6h": 360,
    "8h": 480,
    "12h": 720,
    "1d": 1440,
    "3d": 4320,
    "1w": 10_080,
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One candle; `first` and `last` are trade ids, -1 where nothing was traded."""

    opened: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(0)
    quote: Decimal = Decimal(0)
    trades: int = 0
    first: int = -1
    last: int = -1

    def traded(self, price: Decimal, quantity: Decimal, number: int) -> "Bar":
        fresh = self.trades == 0
        return replace(
            self,
            open=price if fresh else self.open,
            high=price if fresh else max(self.high, price),
            low=price if fresh else min(self.low, price),
            close=price,
            volume=self.volume + quantity,
            quote=self.quote + quantity * price,
            trades=self.trades + 1,
            first=number if fresh else self.first,
            last=number,
        )

    def row(self, length: int = MINUTE) -> list[Any]:
        """As `/api/v3/klines` has it."""
        return [
            self.opened,
            *(text(value) for value in (self.open, self.high, self.low, self.close, self.volume)),
            self.opened + length - 1,
            text(self.quote),
            self.trades,
            text(self.volume / 2),
            text(self.quote / 2),
            "0",
        ]

    def event(self, symbol: str, moment: int, *, final: bool) -> dict[str, Any]:
        """As the stream `kline_1m` has it."""
        bar = {
            "t": self.opened,
            "T": self.opened + MINUTE - 1,
            "s": symbol,
            "i": "1m",
            "f": self.first,
            "L": self.last,
            "o": text(self.open),
            "c": text(self.close),
            "h": text(self.high),
            "l": text(self.low),
            "v": text(self.volume),
            "n": self.trades,
            "x": final,
            "q": text(self.quote),
            "V": text(self.volume / 2),
            "Q": text(self.quote / 2),
            "B": "0",
        }
        return {"e": "kline", "E": moment, "s": symbol, "k": bar}


def quiet(opened: int, close: Decimal) -> Bar:
    """A minute without a trade: volume 0 at the previous close."""
    return Bar(opened, close, close, close, close)


def merged(bars: list[Bar], opened: int) -> Bar:
    """One longer candle of several, ascending."""
    numbers = [number for bar in bars for number in (bar.first, bar.last) if number >= 0]
    return Bar(
        opened,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum((bar.volume for bar in bars), Decimal(0)),
        sum((bar.quote for bar in bars), Decimal(0)),
        sum(bar.trades for bar in bars),
        min(numbers, default=-1),
        max(numbers, default=-1),
    )


def text(value: Decimal) -> str:
    return f"{value:.8f}"
