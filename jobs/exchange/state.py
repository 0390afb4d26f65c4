"""Feed state: how a feed does, as status pages, metrics and readiness read it from Redis."""

import time
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any, Final

from app.candles import feeds
from app.providers.exchange import ConnectionState, Exchange
from app.times import rfc3339_second
from jobs.exchange.buffer import MINUTE

RATE_SECONDS: Final = 10
SLACK: Final = 30
"""Seconds beyond two intervals after its last candle's open time when a symbol is behind."""
MOST_NAMED: Final = 50


class FeedState:
    """Makes a feed's state, once a second; remembers what connections carried before, for their rates."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._samples: deque[tuple[float, dict[int, int]]] = deque(maxlen=RATE_SECONDS + 1)
        self._since: dict[str, float] = {}

    def describe(self, symbols: Collection[str], last_final: Mapping[str, int]) -> dict[str, Any]:
        """Connections, rates, and which of the symbols are behind; `last_final` are open times in seconds."""
        connections = self._exchange.connections()
        ages = [one.age for one in connections if one.age is not None]
        rates = self._rates(connections)
        lateness = self._exchange.lateness()
        behind = self._behind(symbols, last_final)
        return {
            "exchange": self._exchange.name,
            "ws_state": feeds.ws_state([one.state for one in connections]),
            "error": None,
            "last_msg_age_ms": round(1000 * min(ages)) if ages else None,
            "reconnects": sum(one.reconnects for one in connections),
            "messages": sum(one.messages for one in connections),
            "messages_per_second": round(sum(rates.values()), 1),
            "streams": sum(one.streams for one in connections),
            "symbols": len(symbols),
            "final_lateness_ms": round(1000 * max(lateness.values())) if lateness else None,
            "behind_count": len(behind),
            "behind": behind[:MOST_NAMED],
            "set_aside": dict(self._exchange.counts()),
            "connections": [
                {**asdict(one), "messages_per_second": round(rates.get(one.id, 0.0), 1)} for one in connections
            ],
        }

    def _rates(self, connections: Collection[ConnectionState]) -> dict[int, float]:
        """Messages a second of each connection, over the last ten seconds."""
        now, counts = time.monotonic(), {one.id: one.messages for one in connections}
        self._samples.append((now, counts))
        begun, before = self._samples[0]
        if now <= begun:
            return {}
        return {number: (count - before.get(number, 0)) / (now - begun) for number, count in counts.items()}

    def _behind(self, symbols: Collection[str], last_final: Mapping[str, int]) -> list[dict[str, Any]]:
        """Symbols without a final candle for two intervals and `SLACK`, the worst first; so long since it is watched, too."""
        now = self._exchange.now()
        self._since = {symbol: self._since.get(symbol, now) for symbol in symbols}
        found = []
        for symbol, since in self._since.items():
            last = last_final.get(symbol)
            due = 2 * MINUTE + (since if last is None else max(last, since - MINUTE))
            if now > due + SLACK:
                found.append(
                    {
                        "symbol": symbol,
                        "last_candle": None if last is None else rfc3339_second(last),
                        "seconds": round(now - due),
                    }
                )
        return sorted(found, key=lambda one: -int(one["seconds"]))
