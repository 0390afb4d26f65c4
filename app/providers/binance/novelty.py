"""Novelty filter: passes each event once and in order, also while two sockets bring the same streams."""

from collections import OrderedDict

from app.providers.binance.wire import Message
from app.providers.exchange import Book, Kline, Ticker

_FINALS = 4


class NoveltyFilter:
    """What each symbol's streams said last.

    A candle passes when it says something new: a later bar, more trades, other figures, or that it is final. A final one passes
    once, however late; again only with other figures. A bar that is final is not opened again. Tickers and books never go back.
    """

    def __init__(self) -> None:
        self._bars: dict[str, Kline] = {}
        self._finals: dict[str, OrderedDict[int, Kline]] = {}
        self._marks: dict[tuple[type, str], int] = {}

    def passes(self, message: Message) -> bool:
        """Whether it is news; it counts as told from then on."""
        event = message.event
        if isinstance(event, Kline):
            return self._final_passes(event) if event.final else self._update_passes(event)
        return self._rises(event, message.mark)

    def forget(self, symbol: str) -> None:
        """Its streams begin anew: a book's ids may too."""
        self._marks.pop((Book, symbol), None)
        self._bars.pop(symbol, None)

    def _final_passes(self, bar: Kline) -> bool:
        told = self._finals.setdefault(bar.symbol, OrderedDict())
        if told.get(bar.open_time) == bar:
            return False
        told[bar.open_time] = bar
        if len(told) > _FINALS:
            told.popitem(last=False)
        return True

    def _update_passes(self, bar: Kline) -> bool:
        if bar.open_time in self._finals.get(bar.symbol, ()):
            return False
        last = self._bars.get(bar.symbol)
        if last is not None:
            if bar == last or bar.open_time < last.open_time:
                return False
            if bar.open_time == last.open_time and (bar.trades or 0) < (last.trades or 0):
                return False
        self._bars[bar.symbol] = bar
        return True

    def _rises(self, event: Ticker | Book, mark: int) -> bool:
        key = (type(event), event.symbol)
        if mark <= self._marks.get(key, -1):
            return False
        self._marks[key] = mark
        return True
