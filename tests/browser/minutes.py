"""Minutes of one pair for the chart: stored as the exchange's are, and looked at while one scrolls back through them."""

from typing import Any

import numpy as np
from playwright.sync_api import Page

from db.candles import store, symbols
from db.candles.columns import CandleColumns
from db.candles.symbols import PairRow
from db.core.pool import Database
from db.items.markets import BINANCE_SPOT

MINUTE = 60
SOURCE = "demo"
PAIR = PairRow("BTCUSDT", "BTC", "USDT", 100, 100_000, "trading", 500)
RANGE = "() => window.dash_component_api.getLayout('price-chart').props.visibleLogicalRange"
DRAWN = """() => {
  const { series, visibleLogicalRange: seen } = window.dash_component_api.getLayout('price-chart').props;
  const data = series.find(({ id }) => id === 'price').data;
  const [from, to] = [Math.max(0, Math.ceil(seen.from)), Math.min(data.length - 1, Math.floor(seen.to))];
  const times = data.slice(from, to + 1).map(({ time }) => time);
  return {
    drawn: data.length, first: times[0], last: times[times.length - 1], blank: Math.max(0, -Math.ceil(seen.from)),
    uneven: times.filter((time, at) => at && time - times[at - 1] !== 60).length,
    unknown: data.slice(from, to + 1).filter(({ close }) => close === undefined).length,
  };
}"""
"""What the chart shows: how many bars are drawn in all, the first and last that are in view, by how many bars the view lies before
the first, and how many of those in view do not follow the one before or have no price."""
BEGINNING = "History begins on"


def walk(count: int, end: int) -> CandleColumns:
    """So many minutes of a random walk, the last one before `end` (seconds)."""
    close = 5_000_000 + np.cumsum(np.random.default_rng(7).integers(-900, 901, count))
    opened = np.concatenate([[5_000_000], close[:-1]])
    time = end - MINUTE * np.arange(count, 0, -1)
    high, low = np.maximum(opened, close) + 200, np.minimum(opened, close) - 200
    volume = np.random.default_rng(8).integers(1_000, 900_000, count)
    return CandleColumns(time, opened, high, low, close, volume, np.ones(count, dtype=np.int64))


def save(database: Database, candles: CandleColumns) -> int:
    """Store minutes of the pair, and what is rolled up from them; returns its item."""
    with database.connection() as connection:
        store.make_partitions(connection, candles)
        with connection.transaction():
            item = symbols.save(connection, BINANCE_SPOT, SOURCE, [PAIR])[PAIR.symbol]
            for first in range(0, len(candles), 100_000):
                part = candles.take(np.arange(first, min(first + 100_000, len(candles))))
                store.store_item(connection, SOURCE, item, part)
            last = candles.take(np.array([len(candles) - 1]))
            price, end = int(last.close[0]), int(last.open_time[0]) + MINUTE
            ticker = (item, end, price, price - 1, price + 1, price, price + 100, price - 100, 1_000_000)
            symbols.save_tickers(connection, SOURCE, [ticker])
    return item


def zoom_out(page: Page) -> None:
    """As many bars in view as there are places for."""
    page.locator("#price-chart-frame").focus()
    for _ in range(10):
        page.keyboard.press("-")
        page.wait_for_timeout(60)
    page.wait_for_timeout(1_000)


def scroll_back(page: Page, pause: float, most: int) -> list[dict[str, Any]]:
    """Scroll by the keyboard until the beginning is said; what was shown at each step."""
    steps: list[dict[str, Any]] = []
    for _ in range(most):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(pause)
        steps.append(page.evaluate(DRAWN))
        if BEGINNING in (page.locator("#price-chart-place").text_content() or ""):
            return steps
    raise AssertionError(f"no beginning after {most} steps: {steps[-1]}")
