# Real Steam series: against TA-Lib where it has the measure, else against the plain definitions.

import math

import numpy as np
import pytest
import talib

from app.analytics import WINDOWS, bollinger_series, bucket_edges, ema_series, measure, outlying, rsi_series, sma_series
from app.analytics.arrays import Floats
from tests.analytics import reference
from tests.analytics.support import HOUR, assert_same, matrix, row_of

Series = list[tuple[int, float]]
Sales = list[tuple[int, float, float]]


def bucketed(series: Series, window: str) -> list[float | None]:
    """The last close of each bucket of the window that ends with the series."""
    edges = bucket_edges(WINDOWS[window], series[-1][0])
    row: list[float | None] = [None] * WINDOWS[window].buckets
    for at, price in series:
        bucket = int(np.searchsorted(edges, at, side="right")) - 1
        if 0 <= bucket < len(row):
            row[bucket] = price
    return row


def rows(recorded: list[Series], points: int = 700) -> Floats:
    """The last points of each item as if they were equally spaced, which is all that TA-Lib knows."""
    return np.array([[price for _, price in series[-points:]] for series in recorded])


@pytest.mark.parametrize("window", ["24h", "7d", "30d"])
def test_every_measure_on_hourly_buckets_with_their_gaps(recorded: list[Series], window: str) -> None:
    closes = [bucketed(series, window) for series in recorded]
    got = measure(matrix(*closes), bucket_seconds=HOUR)
    assert got.samples.max() >= WINDOWS[window].buckets / 2
    for at, row in enumerate(closes):
        assert_same(row_of(got, at), reference.measures(row, HOUR))


def test_sigma_bands_and_change_equal_talib(recorded: list[Series]) -> None:
    closes = rows(recorded)
    got = measure(closes, bucket_seconds=HOUR)
    for at, row in enumerate(closes):
        upper, middle, lower = (band[-1] for band in talib.BBANDS(row, 20, 2, 2))
        expected = {"bollinger_upper": upper, "bollinger_middle": middle, "bollinger_lower": lower}
        expected["rolling_stddev"] = talib.STDDEV(row, len(row))[-1]
        expected["percent_change"] = talib.ROC(row, len(row) - 1)[-1]
        assert_same(row_of(got, at), expected, rel=1e-7)


def test_trend_equals_talib(recorded: list[Series]) -> None:
    closes = rows(recorded)
    slopes = measure(closes, bucket_seconds=HOUR).trend_slope
    for slope, row in zip(slopes, closes, strict=True):
        per_hour = talib.LINEARREG_SLOPE(np.log(row), len(row))[-1]
        assert slope == pytest.approx(per_hour * 24 * 100, rel=1e-8)


def test_atr_equals_talib(recorded: list[Series]) -> None:
    ticks = rows(recorded).reshape(len(recorded), -1, 4)  # four prices make a candle
    high, low, close = ticks.max(axis=2), ticks.min(axis=2), ticks[:, :, -1].copy()
    got = measure(close, high=high, low=low, bucket_seconds=4 * HOUR)
    for at, row in enumerate(zip(high, low, close, strict=True)):
        assert got.atr[at] == pytest.approx(talib.ATR(*row, 14)[-1], rel=1e-9)
        highs, lows, closes = (part.tolist() for part in row)
        expected = {"parkinson": reference.parkinson(highs, lows, 4 * HOUR), "atr": reference.atr(highs, lows, closes)}
        assert_same(row_of(got, at), expected)


def test_chart_series_equal_talib(recorded: list[Series]) -> None:
    for row in rows(recorded):
        bands = bollinger_series(row, 20, 2)
        for ours, theirs in zip((bands.upper, bands.middle, bands.lower), talib.BBANDS(row, 20, 2, 2), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-7)
        np.testing.assert_allclose(sma_series(row, 50), talib.SMA(row, 50), rtol=1e-9)
        np.testing.assert_allclose(ema_series(row, 20), talib.EMA(row, 20), rtol=1e-9)
        np.testing.assert_allclose(rsi_series(row, 14), talib.RSI(row, 14), rtol=1e-9)


def test_chart_series_end_where_the_measures_are(recorded: list[Series]) -> None:
    row = bucketed(recorded[0], "30d")
    while row[-1] is None:
        row.pop()
    got = row_of(measure(matrix(row), bucket_seconds=HOUR))
    bands = bollinger_series(matrix(row)[0])
    ends = {
        "bollinger_upper": bands.upper[-1],
        "bollinger_middle": bands.middle[-1],
        "bollinger_lower": bands.lower[-1],
    }
    assert_same(got, {name: float(value) for name, value in ends.items()})
    assert not math.isnan(bands.middle[-1])


def test_few_recorded_closes_are_outliers_and_those_of_the_plain_definition(recorded_sales: list[Sales]) -> None:
    """Every close of every item, daily ones and the last month's hourly ones, as one row each."""
    longest = max(len(series) for series in recorded_sales)
    prices, sales = (np.full((len(recorded_sales), longest), np.nan) for _ in range(2))
    for row, series in enumerate(recorded_sales):
        prices[row, : len(series)] = [price for _, price, _ in series]
        sales[row, : len(series)] = [volume for _, _, volume in series]
    found = outlying(prices, sales)
    assert 0 < found.sum() < np.isfinite(prices).sum() / 10_000
    for row in np.flatnonzero(found.any(axis=1)).tolist():
        end = len(recorded_sales[row])
        assert found[row, :end].tolist() == reference.outlying(prices[row, :end].tolist(), sales[row, :end].tolist())

    screened = measure(prices[:, -720:], bucket_seconds=HOUR, observed=~found[:, -720:])
    plain = measure(prices[:, -720:], bucket_seconds=HOUR)
    clean = ~found[:, -720:].any(axis=1)
    for name in ("return_volatility", "sharpe", "max_drawdown", "trend_slope"):
        np.testing.assert_array_equal(getattr(screened, name)[clean], getattr(plain, name)[clean])
