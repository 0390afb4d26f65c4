"""Stream watchdog: finds streams of one connection that fell silent while others speak."""

from collections.abc import Iterable

from app.providers.binance.wire import Message
from app.providers.exchange import Kline

_MOST_DOUBLINGS = 6


class Watchdog:
    """When each stream of one connection last spoke, in seconds of a clock that never goes back.

    The exchange ends every minute with a candle, so a candle stream that is silent for longer than `silence` has stopped. Tickers
    and books speak only when something happens: they have stopped when candles showed trades since. A stream that stays silent
    after its renewal is due again after twice as long, up to 64 times.
    """

    def __init__(self, silence: float) -> None:
        self._silence = silence
        self._heard: dict[str, float] = {}
        self._renewals: dict[str, int] = {}
        self._traded: dict[str, float] = {}
        self._bars: dict[str, tuple[int, int | None]] = {}

    def follow(self, streams: Iterable[str], now: float) -> None:
        """These were subscribed to just now."""
        for stream in streams:
            self._heard[stream] = now

    def drop(self, streams: Iterable[str]) -> None:
        """These are not followed any more."""
        for stream in streams:
            self._heard.pop(stream, None)
            self._renewals.pop(stream, None)

    def hear(self, stream: str, message: Message | None, now: float) -> None:
        """A stream spoke."""
        if stream not in self._heard:
            return
        self._heard[stream] = now
        self._renewals.pop(stream, None)
        if message is not None and isinstance(message.event, Kline):
            bar = (message.event.open_time, message.event.trades)
            symbol = stream.partition("@")[0]
            if bar[1] != 0 and self._bars.get(symbol) != bar:
                self._bars[symbol] = bar
                self._traded[symbol] = now

    def silent(self, now: float) -> list[str]:
        """Streams to renew; each counts as renewed from now on."""
        found = [stream for stream, heard in self._heard.items() if self._has_stopped(stream, heard, now)]
        for stream in found:
            self._heard[stream] = now
            self._renewals[stream] = min(self._renewals.get(stream, 0) + 1, _MOST_DOUBLINGS)
        return found

    def _has_stopped(self, stream: str, heard: float, now: float) -> bool:
        if now - heard < self._silence * 2 ** self._renewals.get(stream, 0):
            return False
        symbol, _, kind = stream.partition("@")
        return kind.startswith("kline") or self._traded.get(symbol, heard) > heard + self._silence / 2
