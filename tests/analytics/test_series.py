import math

import numpy as np
import pytest

from app.analytics import bollinger_series, ema_series, rsi_series, sma_series


def test_series_skip_gaps_and_stay_aligned() -> None:
    closes = np.array([1.0, math.nan, 2.0, 3.0, math.nan, 7.0])
    np.testing.assert_allclose(sma_series(closes, 2), [math.nan, math.nan, 1.5, 2.5, math.nan, 5.0])
    np.testing.assert_allclose(ema_series(closes, 2), [math.nan, math.nan, 1.5, 2.5, math.nan, 5.5])
    bands = bollinger_series(closes, 2, 1)
    np.testing.assert_allclose(bands.upper, [math.nan, math.nan, 2.0, 3.0, math.nan, 7.0])
    np.testing.assert_allclose(bands.lower, [math.nan, math.nan, 1.0, 2.0, math.nan, 3.0])
    np.testing.assert_allclose(rsi_series(np.array([1.0, 2.0, math.nan, 1.0, 5.0]), 2)[3:], [50.0, 90.0])


def test_short_series_are_unknown() -> None:
    for closes in (np.array([]), np.arange(1.0, 14.0)):
        for series in (sma_series(closes), ema_series(closes), rsi_series(closes), bollinger_series(closes).middle):
            assert series.shape == closes.shape
            assert np.isnan(series).all()


def test_flat_series() -> None:
    closes = np.full(30, 15.183)
    bands = bollinger_series(closes)
    assert (bands.upper[19:] == 15.183).all()
    assert (bands.lower[19:] == 15.183).all()
    assert np.isnan(rsi_series(closes)).all()


def test_bands_keep_their_digits_at_any_price() -> None:
    low = bollinger_series(np.array([float(at % 3) for at in range(60)]))
    high = bollinger_series(np.array([1e12 + at % 3 for at in range(60)]))
    np.testing.assert_allclose((high.upper - high.middle)[19:], (low.upper - low.middle)[19:], rtol=1e-3)


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        sma_series(np.ones(5), 0)
    with pytest.raises(ValueError, match="one dimension, not 2"):
        ema_series(np.ones((5, 5)))
