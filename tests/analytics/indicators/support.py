# Candles to test with, and the comparison of series.

import csv
from datetime import UTC, datetime

import numpy as np
import pytest

from app.analytics.arrays import Floats
from app.analytics.indicators import REGISTRY, Candles
from tests.conftest import DATA

MINUTE = 60
DAY = 86_400
FROM = 1_717_200_000  # 2024-06-01 00:00 UTC
MINUTES = DATA / "binance" / "BTCUSDT_1m_2025-06-05_06-08.csv"
NAMES = list(REGISTRY)
needs_recording = pytest.mark.skipif(not MINUTES.exists(), reason=f"no recorded candles at {MINUTES}")

Series = dict[str, Floats]


def candles_of(close: Floats, spread: Floats | float = 0.0, volume: Floats | None = None, begin: int = FROM) -> Candles:
    """Minute candles that open at the close before and reach `spread` beyond both."""
    opened = np.concatenate((close[:1], close[:-1]))
    times = begin + MINUTE * np.arange(close.size, dtype=np.int64)
    high, low = np.maximum(opened, close) + spread, np.minimum(opened, close) - spread
    return Candles(times, opened, high, low, close, np.ones(close.size) if volume is None else volume)


def walk(size: int, seed: int = 1, sigma: float = 0.01) -> Candles:
    """A random walk of prices around 100, each with a range and a volume of its own."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, sigma, size)))
    return candles_of(close, close * rng.uniform(0, sigma, size), rng.uniform(0, 9, size))


def sticky(size: int, seed: int = 1, chance: float = 0.1) -> Candles:
    """Whole cents that mostly stand still, as prices of skins do; sometimes for long."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-3, 4, size) * (rng.random(size) < chance)
    steps[size // 3 : size // 3 + 250] = 0
    close = np.abs(500.0 + np.cumsum(steps)) + 50
    spread = rng.integers(0, 2, size) * (steps != 0)
    return candles_of(close, spread.astype(np.float64), rng.integers(0, 3, size).astype(np.float64))


def recorded() -> Candles:
    with MINUTES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    times = [int(datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC).timestamp()) for row in rows]
    columns = (np.array([float(row[name]) for row in rows]) for name in ("open", "high", "low", "close", "volume"))
    return Candles(np.array(times, dtype=np.int64), *columns)


def joined(*parts: Candles) -> Candles:
    return Candles(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("open_time", "open", "high", "low", "close", "volume")
        )
    )


def assert_equal(got: Series, expected: Series, rtol: float = 1e-9, atol: float = 1e-9) -> None:
    assert list(got) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(got[name], values, rtol=rtol, atol=atol, err_msg=name)


def first(series: Floats) -> int:
    """The index of the first known value."""
    return int(np.flatnonzero(np.isfinite(series))[0])
