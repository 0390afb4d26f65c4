"""Demo model: price, sales and quoting times as pure functions of (seed, item, second).

Nothing is drawn in sequence. Randomness is a hash of (seed, item, component, time bucket), interpolated between buckets
("value noise"), so any second can be computed alone, a restart continues where it stopped, and history is exactly what
ticking would have recorded. Rows are catalogue rows; times are int64 seconds since 1970; functions of both take arrays
that broadcast against each other and answer in their common shape.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import numpy as np

from app.analytics.arrays import Bits, Floats, Ints
from app.providers.demo.catalogue import DemoItem

DAY: Final = 86_400
MAX_GAP: Final = 60
"""Seconds in which every item is quoted at least once."""
MIN_PRICE: Final = 3
"""Cents; Steam's smallest price."""

# (scale in seconds, amplitude in daily volatilities). With amplitudes near √scale the sum walks like a diffusion on all
# scales between; the last two carry trends over days and weeks.
_OCTAVES: Final = ((15, 0.04), (120, 0.05), (900, 0.08), (5_400, 0.14), (21_600, 0.30), (DAY, 0.55))
_TRENDS: Final = ((4 * DAY, 1.1), (15 * DAY, 2.2))
_REGIME: Final = 6 * DAY
_MARKET_DAILY: Final = 0.012
_SPIKE_HEIGHTS: Final = ((0.0, 0.3, 0.31, 1.0), (-0.16, -0.04, 0.04, 0.24))
_SALES_WAVES: Final = ((1_800, 0.12), (14_400, 0.12), (2 * DAY, 0.12))
_DAILY_SWING: Final = 0.25
_EPOCH: Final = 1_500_000_000
"""Sales are counted from here; only differences matter, and small numbers keep float64 far finer than a sale."""
# (share of items by turnover, seconds between quotes, whether the moment moves from one window to the next).
_RHYTHMS: Final = ((0.06, 8, True), (0.2, 20, True), (0.74, MAX_GAP, False))

GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_LANES: Final = np.uint64(0xFFFF)
_IRWIN_HALL: Final = (2 * 65_535.0, float(np.sqrt((65_536.0**2 - 1) / 3)))
"""Mean and standard deviation of a sum of four independent 16-bit numbers, near enough to normal."""


class DemoModel:
    """Prices and sales of a catalogue under one seed."""

    def __init__(self, items: Sequence[DemoItem], seed: int) -> None:
        names = [item.market_hash_name for item in items]
        self._keys: Bits = keys_of([f"{seed}/{name}" for name in names])
        self._market: Bits = keys_of([f"{seed}"])
        base = np.array([item.base_price for item in items])
        self._log_base: Floats = np.log(base)
        self.daily_volatility: Floats = 0.0042 * 24 ** self._uniform("volatility")
        self._trending: Floats = 0.3 + 1.2 * self._uniform("trending")
        self._beta: Floats = 0.2 + 1.1 * self._uniform("beta")
        self._spikes_a_day: Floats = 0.002 + 0.04 * self._uniform("spikes") ** 3
        self.sales_a_day: Floats = np.clip(3e4 * base**-0.75 * 30 ** (self._uniform("sales") - 0.5), 0.5, 3e4)
        self._depth: Floats = np.clip(self.sales_a_day * 6 * 4 ** self._uniform("depth"), 2, 8e4)
        self._half_spread: Floats = 0.004 + 0.03 * self._uniform("spread") / (1 + self.sales_a_day / 500)
        self._slots, self._periods, self._moving = self._timetable()

    def prices(self, rows: Ints, times: Ints) -> Ints:
        """Cents."""
        fast = self._walk(rows, times, _OCTAVES) * np.exp(0.5 * self._noise(rows, times, "regime", _REGIME))
        slow = self._walk(rows, times, _TRENDS) * self._trending[rows]
        own = self.daily_volatility[rows] * fast + np.minimum(self.daily_volatility[rows], 0.04) * slow
        log_price = self._log_base[rows] + own + self._beta[rows] * self._market_move(times) + self._spike(rows, times)
        return np.maximum(np.rint(np.exp(log_price)), MIN_PRICE).astype(np.int64)

    def sold(self, rows: Ints, times: Ints) -> Ints:
        """Sales from a fixed moment up to `times`; never falls, so differences over adjoining spans add up exactly."""
        elapsed = (times - _EPOCH).astype(np.float64)
        # Each wave's slope stays below 0.24 and the swing's below 0.25: together less than 1, so the count only rises.
        for scale, reach in _SALES_WAVES:
            elapsed = elapsed + reach * scale * self._noise(rows, times, f"sales{scale}", scale, flat=True)
        elapsed = elapsed + _DAILY_SWING * DAY / (2 * np.pi) * np.sin(2 * np.pi * (times % DAY) / DAY - 2.0)
        return np.floor(elapsed * self.sales_a_day[rows] / DAY).astype(np.int64)

    def listings(self, rows: Ints, times: Ints) -> Ints:
        """Offers on sale, at least one."""
        offers = self._depth[rows] * np.exp(0.25 * self._noise(rows, times, "listings", DAY // 2))
        return np.maximum(np.rint(offers), 1).astype(np.int64)

    def bid_ask(self, rows: Ints, prices: Ints) -> tuple[Ints, Ints]:
        """Cents, bid < price ≤ ask; the less an item sells, the wider."""
        half = self._half_spread[rows]
        bid = np.floor(prices * (1 - half)).astype(np.int64)
        return bid, np.ceil(prices * (1 + half)).astype(np.int64)

    def ticks(self, first: int, last: int) -> tuple[Ints, Ints]:
        """Rows and times of all quotes with first ≤ time ≤ last, by time."""
        seconds = np.arange(first, last + 1, dtype=np.int64)[:, None]
        due = self._moment(seconds // self._periods) == seconds
        at, rows = np.nonzero(due)
        return rows.astype(np.int64), at.astype(np.int64) + first

    def previous_tick(self, rows: Ints, times: Ints) -> Ints:
        """When each row was quoted before its quote at `times`."""
        everyone: Ints = self._moment((times[:, None] // self._periods) - 1)
        return np.take_along_axis(everyone, rows[:, None], axis=1)[:, 0]

    def _moment(self, windows: Ints) -> Ints:
        """The second of each row's quote in its window; windows has shape (times, rows)."""
        shift = (self._hash(self._market, "rhythm", windows) % self._periods.astype(np.uint64)).astype(np.int64)
        offset: Ints = (self._slots + shift * self._moving) % self._periods
        return windows * self._periods + offset

    def _timetable(self) -> tuple[Ints, Ints, Ints]:
        """Slot in the window, window length and whether slots move, per row; the most traded are quoted most often."""
        by_turnover = np.argsort(-self.sales_a_day * np.exp(0.8 * self._log_base), kind="stable")
        slots, periods, moving = (np.zeros(by_turnover.size, dtype=np.int64) for _ in range(3))
        edges = np.rint(np.cumsum([0.0, *(share for share, _, _ in _RHYTHMS)]) * by_turnover.size).astype(int)
        chance = self._uniform("slot")
        for (_, period, moves), low, high in zip(_RHYTHMS, edges[:-1], edges[1:], strict=True):
            rows = by_turnover[low:high]
            # Evenly spread where slots move together, thrown where they stay, so that seconds differ.
            slots[rows] = np.arange(rows.size) % period if moves else (chance[rows] * period).astype(np.int64)
            periods[rows], moving[rows] = period, moves
        return slots, periods, moving

    def _walk(self, rows: Ints, times: Ints, octaves: Sequence[tuple[int, float]]) -> Floats:
        total = np.zeros(np.broadcast_shapes(rows.shape, times.shape))
        for scale, amplitude in octaves:
            total += amplitude * self._noise(rows, times, f"walk{scale}", scale)
        return total

    def _market_move(self, times: Ints) -> Floats:
        """What all items share, in log terms."""
        total = np.zeros(times.shape)
        for scale, amplitude in (*_OCTAVES, *_TRENDS):
            total += _MARKET_DAILY * amplitude * noise(lane(self._market, f"market{scale}"), times, scale)
        return total

    def _spike(self, rows: Ints, times: Ints) -> Floats:
        """Sudden moves of 4 to 24 %, mostly up, that fade within hours: at most one a day and item."""
        total = np.zeros(np.broadcast_shapes(rows.shape, times.shape))
        for back in range(3):
            days = times // DAY - back
            bits = self._hash(self._keys[rows], "spike", days)
            chance, start, kind, fade = (lane16(bits, lane) for lane in range(4))
            since = times - days * DAY - start * DAY
            height = np.interp(kind, *_SPIKE_HEIGHTS)
            since = np.where((chance < self._spikes_a_day[rows]) & (since > 0), since, 0.0)
            total += height * -np.expm1(-since / 240) * np.exp(-since / (3_600 * (1.5 + 5 * fade)))
        return total

    def _noise(self, rows: Ints, times: Ints, name: str, scale: int, *, flat: bool = False) -> Floats:
        return noise(lane(self._keys, name)[rows], times, scale, flat=flat)

    def _uniform(self, name: str) -> Floats:
        return (mix(lane(self._keys, name)) >> np.uint64(11)).astype(np.float64) / 2**53

    def _hash(self, keys: Bits, name: str, buckets: Ints) -> Bits:
        return mix(lane(keys, name) + buckets.astype(np.uint64) * GOLDEN)


def keys_of(texts: Sequence[str]) -> Bits:
    """A key of 64 bits for each text; shape (n,)."""
    digests = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def lane(keys: Bits, name: str) -> Bits:
    """Keys of a component of their own, each made from one of `keys`; same shape."""
    return mix(keys ^ keys_of([name]))


def noise(keys: Bits, times: Ints, scale: int, *, flat: bool = False) -> Floats:
    """Value noise: a random number per bucket of `scale` seconds, linear between; each key's buckets start elsewhere.

    Standard normal at the knots, or, if `flat`, uniform in [-1, 1], which bounds the slope by 2 / scale.
    """
    shifted = times + (keys % np.uint64(scale)).astype(np.int64)
    buckets = shifted // scale
    share = (shifted - buckets * scale) / scale
    ends = (mix(keys + (buckets + step).astype(np.uint64) * GOLDEN) for step in (0, 1))
    left, right = ((2 * lane16(bits, 0) - 1) if flat else _normal(bits) for bits in ends)
    return left + (right - left) * share


def mix(bits: Bits) -> Bits:
    """SplitMix64's finaliser (Steele, Lea, Flood 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def lane16(bits: Bits, lane: int) -> Floats:
    """One of the four 16-bit parts as a number in [0, 1)."""
    return ((bits >> np.uint64(16 * lane)) & _LANES).astype(np.float64) / 65_536


def _normal(bits: Bits) -> Floats:
    total: Bits = (
        (bits & _LANES) + (bits >> np.uint64(16) & _LANES) + (bits >> np.uint64(32) & _LANES) + (bits >> np.uint64(48))
    )
    return (total.astype(np.float64) - _IRWIN_HALL[0]) / _IRWIN_HALL[1]
