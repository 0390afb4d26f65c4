"""Demo provider: a simulated market of some 500 items that moves every second and needs no network."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from app.analytics.arrays import Ints
from app.providers.base import Batch, Quote, VolumeKind
from app.providers.demo.catalogue import DemoItem, catalogue
from app.providers.demo.model import MAX_GAP, DemoModel

if TYPE_CHECKING:
    from app.providers.settings import ProviderSettings

DEFAULT_SEED: Final = 730
MAX_CATCH_UP: Final = 120
"""Seconds of missed quotes that a cycle makes up for; older gaps are for `history`."""
HOUR: Final = timedelta(hours=1)
_ROWS_AT_ONCE: Final = 8  # about 20,000 numbers an array: they stay in the processor's cache
_TIMES_AT_ONCE: Final = 24


class QuoteGrid(NamedTuple):
    """Quotes on a grid: `times` [T] in seconds since 1970, `prices` [N, T] in cents, `volumes` [N, T]; all int64."""

    times: Ints
    prices: Ints
    volumes: Ints


class DemoProvider:
    """Provider `demo`. Extra setting `seed` (default 730) chooses another course of the same market."""

    name = "demo"
    sources: tuple[str, ...] = ("demo",)
    simulated = True

    def __init__(self, settings: "ProviderSettings | None" = None, *, clock: Callable[[], float] = time.time) -> None:
        self.interval = 1.0 if settings is None or settings.interval is None else settings.interval
        self.timeout = 10.0 if settings is None or settings.timeout is None else settings.timeout
        self.seed = DEFAULT_SEED if settings is None else settings.integer("seed", DEFAULT_SEED)
        self._clock = clock
        self._items = catalogue()
        self._model = DemoModel(self._items, self.seed)

    def items(self) -> list[DemoItem]:
        """Every item, in the row order of `history_arrays`."""
        return list(self._items)

    async def fetch(self, cursor: dict[str, Any]) -> AsyncIterator[Batch]:
        """One batch: the quotes of every second since the cursor's, at most the last two minutes.

        Without a cursor it covers the last minute, in which every item is quoted. A quote's volume is what was sold
        since the same item's quote before.
        """
        now = int(self._clock())
        last = cursor.get("second")
        # A cursor from the future means that the clock was set back: go on from here instead of waiting for it.
        since = min(last, now) if isinstance(last, int) else now - MAX_GAP
        first = max(since + 1, now - MAX_CATCH_UP + 1)
        rows, times = self._model.ticks(first, now)
        sold = self._model.sold(rows, times) - self._model.sold(rows, self._model.previous_tick(rows, times))
        yield Batch(self._quotes(rows, times, self._model.prices(rows, times), sold), {"second": now})

    def history(self, start: datetime, end: datetime, step: timedelta = HOUR) -> Iterator[Batch]:
        """The quotes of `history_arrays` as batches, oldest first; prefer the arrays where there are millions."""
        times, prices, volumes = self.history_arrays(start, end, step)
        rows = np.arange(len(self._items), dtype=np.int64)
        for low in range(0, times.size, _TIMES_AT_ONCE):
            part = slice(low, low + _TIMES_AT_ONCE)
            at = np.repeat(times[part], rows.size)
            of = np.tile(rows, times[part].size)
            yield Batch(self._quotes(of, at, prices[:, part].T.ravel(), volumes[:, part].T.ravel()))

    def history_arrays(self, start: datetime, end: datetime, step: timedelta = HOUR) -> QuoteGrid:
        """All items' quotes at the multiples of `step` in [start, end).

        A price is the one a quote of that very second has. A volume is what sells from its time to the next one's, the
        last one's up to `end`: volumes belong to the bucket that starts there, and live quotes go on where they stop.

        Raises:
            ValueError: a time has no zone, or `step` is not a positive number of whole seconds.
        """
        low, high, stride = _second(start), _second(end), int(step.total_seconds())
        if stride < 1 or step != timedelta(seconds=stride):
            raise ValueError(f"step must be a positive number of whole seconds, not {step}")
        times = np.arange(-(-low // stride) * stride, high, stride, dtype=np.int64)
        edges = np.append(times, max(high, low))
        prices = np.empty((len(self._items), times.size), dtype=np.int64)
        volumes = np.empty_like(prices)
        for first in range(0, len(self._items), _ROWS_AT_ONCE):
            rows = np.arange(first, min(first + _ROWS_AT_ONCE, len(self._items)), dtype=np.int64)[:, None]
            prices[rows[:, 0]] = self._model.prices(rows, times[None, :])
            volumes[rows[:, 0]] = np.diff(self._model.sold(rows, edges[None, :]), axis=1)
        return QuoteGrid(times, prices, volumes)

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _quotes(self, rows: Ints, times: Ints, prices: Ints, volumes: Ints) -> list[Quote]:
        bids, asks = self._model.bid_ask(rows, prices)
        listings = self._model.listings(rows, times)
        columns = (times, prices, volumes, listings, bids, asks)
        figures = zip(*(column.tolist() for column in columns), strict=True)
        return [_quote(self._items[row], *values) for row, values in zip(rows.tolist(), figures, strict=True)]


def _quote(item: DemoItem, *figures: int) -> Quote:
    second, price, volume, listings, bid, ask = figures
    return Quote(
        market_hash_name=item.market_hash_name,
        source=item.source,
        price=price,
        quoted_at=datetime.fromtimestamp(second, UTC),
        currency=item.currency,
        market=item.market,
        volume=volume,
        volume_kind=VolumeKind.INTERVAL,
        listings=listings,
        bid=bid,
        ask=ask,
        rarity=item.rarity,
        item_type=item.item_type,
    )


def _second(moment: datetime) -> int:
    """Whole seconds since 1970, rounded up, so that nothing before `moment` is included."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return -int(-moment.timestamp() // 1)
