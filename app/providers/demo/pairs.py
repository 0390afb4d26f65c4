"""Demo pairs: the simulated exchange's symbols, and their prices as pure functions of (seed, symbol, second)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analytics.arrays import Bits, Floats, Ints
from app.providers.demo.model import DAY, GOLDEN, keys_of, lane, lane16, mix, noise

TICK: Final = 5
"""Seconds between two trades of a pair; pairs take turns, so that some trade every second."""
_OCTAVES: Final = ((15, 0.03), (120, 0.05), (900, 0.09), (5_400, 0.16), (21_600, 0.32), (DAY, 0.6))
_TRENDS: Final = ((4 * DAY, 1.2), (15 * DAY, 2.4), (60 * DAY, 5.0), (240 * DAY, 9.0))
_VOLUME_SWING: Final = ((900, 0.5), (5_400, 0.5), (DAY // 2, 0.4))


@dataclass(frozen=True, slots=True)
class DemoPair:
    """One pair: a usual price, daily volatility as a share, trades a day in units of the base currency, and decimals."""

    base: str
    quote: str
    price: float
    volatility: float
    units_a_day: float
    price_decimals: int
    volume_decimals: int


PAIRS: Final = (
    DemoPair("BTC", "USDT", 64_000.0, 0.022, 24_000.0, 2, 5),
    DemoPair("ETH", "USDT", 3_100.0, 0.030, 310_000.0, 2, 4),
    DemoPair("BNB", "USDT", 580.0, 0.024, 190_000.0, 2, 3),
    DemoPair("SOL", "USDT", 150.0, 0.042, 3_800_000.0, 2, 3),
    DemoPair("XRP", "USDT", 0.62, 0.034, 310_000_000.0, 4, 0),
    DemoPair("ADA", "USDT", 0.46, 0.036, 120_000_000.0, 4, 1),
    DemoPair("DOGE", "USDT", 0.14, 0.046, 900_000_000.0, 5, 0),
    DemoPair("TRX", "USDT", 0.12, 0.018, 260_000_000.0, 4, 1),
    DemoPair("DOT", "USDT", 6.4, 0.038, 9_000_000.0, 3, 2),
    DemoPair("LINK", "USDT", 14.2, 0.040, 5_200_000.0, 2, 2),
    DemoPair("AVAX", "USDT", 28.0, 0.044, 2_400_000.0, 2, 2),
    DemoPair("LTC", "USDT", 84.0, 0.028, 620_000.0, 2, 3),
    DemoPair("BCH", "USDT", 420.0, 0.036, 90_000.0, 1, 3),
    DemoPair("ATOM", "USDT", 7.9, 0.036, 3_600_000.0, 3, 2),
    DemoPair("UNI", "USDT", 8.8, 0.048, 3_100_000.0, 3, 2),
    DemoPair("NEAR", "USDT", 5.6, 0.050, 12_000_000.0, 3, 1),
    DemoPair("APT", "USDT", 9.2, 0.046, 3_300_000.0, 2, 2),
    DemoPair("ARB", "USDT", 0.91, 0.048, 42_000_000.0, 4, 1),
    DemoPair("FIL", "USDT", 4.9, 0.042, 7_400_000.0, 3, 2),
    DemoPair("PEPE", "USDT", 0.0000112, 0.062, 9_000_000_000_000.0, 8, 0),
)


class PairModel:
    """Prices and trades of pairs under one seed; rows are places in `pairs`, times int64 seconds since 1970."""

    def __init__(self, pairs: Sequence[DemoPair], seed: int) -> None:
        self._keys: Bits = keys_of([f"{seed}/{pair.base}{pair.quote}" for pair in pairs])
        self._market: Bits = keys_of([f"{seed}/pairs"])
        self._log_price: Floats = np.log(np.array([pair.price for pair in pairs]))
        self._volatility: Floats = np.array([pair.volatility for pair in pairs])
        self._scale: Floats = 10.0 ** np.array([pair.price_decimals for pair in pairs])
        trades_a_day = DAY / TICK
        self._lot: Floats = np.array([pair.units_a_day * 10.0**pair.volume_decimals / trades_a_day for pair in pairs])

    def prices(self, row: int, times: Ints) -> Ints:
        """Minor units, at least 1; shape of `times`."""
        key = self._keys[row : row + 1]
        own, slow = _walk(key, "walk", times, _OCTAVES), _walk(key, "trend", times, _TRENDS)
        common = _walk(self._market, "m", times, (*_OCTAVES, *_TRENDS))
        regime = np.exp(0.5 * noise(lane(key, "regime"), times, 6 * DAY))
        log_price = self._log_price[row] + self._volatility[row] * (0.7 * own * regime + 0.4 * slow) + 0.012 * common
        prices: Ints = np.maximum(np.rint(np.exp(log_price) * self._scale[row]), 1).astype(np.int64)
        return prices

    def volumes(self, row: int, times: Ints) -> Ints:
        """Units traded at each moment, in minor units of the base currency; shape of `times`."""
        key = self._keys[row : row + 1]
        swing = _walk(key, "walk", times, _VOLUME_SWING)
        chance = lane16(mix(lane(key, "trade") + times.astype(np.uint64) * GOLDEN), 0)
        volumes: Ints = np.rint(self._lot[row] * 2 * chance * np.exp(swing - 0.3)).astype(np.int64)
        return volumes


def _walk(key: Bits, name: str, times: Ints, octaves: Sequence[tuple[int, float]]) -> Floats:
    total = np.zeros(times.shape)
    for scale, share in octaves:
        total += share * noise(lane(key, f"{name}{scale}"), times, scale)
    return total
