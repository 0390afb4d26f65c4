"""Bollinger bands: of the latest close for the measures, and along a whole series for charts.

Source: J. Bollinger, *Bollinger on Bollinger Bands*, 2001: SMA(n) ± k population sigma(n);
%b = (last - lower) / (upper - lower); bandwidth = (upper - lower) / middle.
"""

from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Floats, known_where
from app.analytics.panel import Panel
from app.analytics.series import observed_only

PERIODS = 20
WIDTH = 2.0


@dataclass(frozen=True, slots=True)
class Bands:
    """Three arrays of one shape, in the unit of the closes, NaN where there are not enough of them."""

    upper: Floats
    middle: Floats
    lower: Floats


def latest_bands(panel: Panel) -> Bands:
    """Bands of each row's last 20 observed closes; unknown in rows that have fewer."""
    if panel.closes.shape[1] < PERIODS:
        nothing = np.full(panel.samples.shape, np.nan)
        return Bands(nothing, nothing, nothing)
    bands = _bands(panel.closes[:, -PERIODS:], WIDTH)
    enough = panel.samples >= PERIODS
    return Bands(known_where(enough, bands.upper), known_where(enough, bands.middle), known_where(enough, bands.lower))


def percent_b(last: Floats, bands: Bands) -> Floats:
    """Where the last close lies: 0 on the lower band, 1 on the upper; unknown where the bands coincide."""
    width = bands.upper - bands.lower
    return known_where(width > 0, (last - bands.lower) / width)


def bandwidth(bands: Bands) -> Floats:
    """Distance of the bands in middles; unknown where the middle is not positive."""
    return known_where(bands.middle > 0, (bands.upper - bands.lower) / bands.middle)


def bollinger_series(closes: Floats, n: int = PERIODS, k: float = WIDTH) -> Bands:
    """Bands at every point of a chart series (1-D), aligned with it.

    NaN for the first n - 1 observed closes and at gaps (NaN); each band counts the last n observed closes. Raises
    ValueError if `n` is below 1 or `closes` is not 1-D.
    """

    def along(values: Floats) -> Floats:
        bands = _bands(np.lib.stride_tricks.sliding_window_view(values, n), k)
        return np.stack((bands.upper, bands.middle, bands.lower))

    upper, middle, lower = observed_only(closes, n, along, outputs=3)
    return Bands(upper, middle, lower)


def _bands(windows: Floats, k: float) -> Bands:
    # Differences from the newest close come first: sigma keeps its digits at any price level, and is exactly 0 if flat.
    newest = windows[:, -1]
    differences = windows - newest[:, np.newaxis]
    mean = differences.mean(axis=1)
    differences -= mean[:, np.newaxis]
    reach = k * np.sqrt(np.vecdot(differences, differences) / windows.shape[1])
    middle = newest + mean
    return Bands(middle + reach, middle, middle - reach)
