"""Binance settings: addresses, streams, budgets and times of the adapter."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BinanceSettings:
    """Settings of the adapter; times in seconds. No key: market data are public.

    `streams` are the kinds subscribed to for each symbol, and the first one, candles of a minute, is what the others are judged
    by. `weight_budget` is what REST may use of the 6,000 a minute and address; `weight_reserve` is kept of it for requests under
    way. A connection takes `streams_per_connection` at most, asks for them `batch` at a time with `commands_per_second` (the
    exchange counts pings and pongs too, and allows 5), is replaced after `lifetime` (it would be cut at 24 h) with both open
    for `overlap`, and reconnects after `backoff` to `backoff_max`, doubled each time. A stream that says nothing for
    `silence` while others speak is renewed, a connection that says nothing at all is replaced. From `queue` waiting events on,
    those that newer ones replace are conflated.
    """

    rest_url: str = "https://data-api.binance.vision"
    stream_url: str = "wss://data-stream.binance.vision"
    streams: tuple[str, ...] = ("kline_1m", "miniTicker", "bookTicker")
    weight_budget: int = 4800
    weight_reserve: int = 200
    request_timeout: float = 30.0
    request_attempts: int = 3
    patience: float = 90.0
    streams_per_connection: int = 1024
    batch: int = 200
    commands_per_second: int = 3
    attempts_per_five_minutes: int = 200
    open_timeout: float = 10.0
    reply_timeout: float = 10.0
    lifetime: float = 23 * 3600.0
    overlap: float = 2.0
    backoff: float = 1.0
    backoff_max: float = 60.0
    silence: float = 150.0
    queue: int = 10_000

    def __post_init__(self) -> None:
        """Refuses what cannot work: no candles, more streams than the exchange takes, no room for one symbol."""
        if not self.streams or self.streams[0] != "kline_1m":
            raise ValueError("the first stream is kline_1m: without candles nothing proves that a stream is alive")
        if not len(self.streams) <= self.streams_per_connection <= 1024:  # noqa: PLR2004 - the exchange's limit
            raise ValueError("streams_per_connection: at least one symbol's, and at most 1,024")
        if not 1 <= self.commands_per_second <= 4:  # noqa: PLR2004 - one of the five is the pong's
            raise ValueError("commands_per_second: 1 to 4, of the 5 messages that the exchange allows")
