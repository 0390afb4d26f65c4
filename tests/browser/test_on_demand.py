"""Pairs that nobody configured: found, opened and followed from the page, and not followed for being one row of many."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from db.candles import symbols
from db.candles.symbols import PairRow
from db.core.pool import Database
from db.items.markets import BINANCE_SPOT
from tests.browser.minutes import DRAWN
from tests.browser.support import DESKTOP, opened, until
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.exchange.candles import MINUTE
from tests.exchange.faults import Answer
from tests.exchange.generator import invented, trade_on
from tests.exchange.market import Market
from tests.exchange.server import Exchange, running

pytestmark = pytest.mark.slow
CONFIGURED, OTHER = "C000USDT", "C002USDT"
KLINES = "/api/v3/klines"
HISTORY = 300
ROWS = 80
BARS = """() => window.dash_component_api.getLayout('price-chart').props.series.find(({ id }) => id === 'price').data
    .map(({ time, open, high, low, close }) => [time, open, high, low, close])"""
LAST = """() => window.dash_component_api.getLayout('price-chart').props.tick?.filter(({ id }) => id === 'price')
    .map(({ bar: { time, close } }) => [time, close])[0] ?? null"""
IN_VIEW = """() => [...document.querySelectorAll('.pairs tbody tr')].filter((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
}).map((row) => row.querySelector('.pair-item').dataset.value)"""


@contextmanager
def following(folder: Path, exchange: Exchange, **settings: Any) -> Iterator[Site]:
    """An instance that follows one configured pair, once it does."""
    site = start_site(
        folder / "data",
        TRACERA_PROVIDERS="binance",
        TRACERA_BINANCE_URL=exchange.url,
        TRACERA_BINANCE_STREAM_URL=exchange.stream_url,
        TRACERA_BINANCE_SYMBOLS=CONFIGURED,
        **settings,
    )
    try:
        wait_for(lambda: streamed(exchange) == {CONFIGURED}, 90, f"nothing is streamed; see {site.log}")
        wait_for(lambda: site.get("/readyz")[0] == 200, 60, f"not ready; see {site.log}")
        yield site
    finally:
        stop_site(site)


def streamed(exchange: Exchange) -> set[str]:
    """Symbols that the exchange sends candles of."""
    names = exchange.call(lambda: {name for client in exchange.streams.clients for name in client.streams})
    return {name.partition("@")[0].upper() for name in names if "@kline" in name}


@contextmanager
def trading(exchange: Exchange, market: Market) -> Iterator[None]:
    """All pairs are traded, and minutes end as time passes."""
    assert exchange.loop
    task = asyncio.run_coroutine_threadsafe(trade_on(market, rate=20), exchange.loop)
    try:
        yield
    finally:
        exchange.loop.call_soon_threadsafe(task.cancel)


def test_a_pair_nobody_follows_is_found_opened_and_filled_in_and_moves(
    page: Page, tmp_path: Path, complaints: list[str]
) -> None:
    market = invented(3, minutes=HISTORY, live=True)
    first = min(market.bars[OTHER])
    with running(market) as exchange, trading(exchange, market), following(tmp_path, exchange) as site:
        exchange.faults.always[KLINES] = Answer(418, {"code": -1003, "msg": "banned"}, {"Retry-After": "1"})
        page.set_viewport_size(DESKTOP)
        opened(page, site.url, "/crypto")
        expect(page.locator(".pairs tbody tr")).to_have_count(1)
        page.keyboard.press("Control+k")
        page.get_by_role("combobox").fill("c002")
        option = page.get_by_role("option").first
        expect(option).to_contain_text("open to follow it at binance")
        option.click()
        expect(page.get_by_role("heading", name="C002 / USDT")).to_be_visible()
        progress = page.get_by_role("progressbar", name="History of this pair")
        expect(progress).to_be_visible()
        assert streamed(exchange) == {CONFIGURED, OTHER}
        exchange.faults.always.clear()
        expect(progress).to_have_count(0)
        expect(page.get_by_text("Not live")).to_have_count(0)

        page.get_by_role("radiogroup", name="Length of a candle").get_by_text("1m", exact=True).click()
        expect(page.locator("#price-chart-legend")).to_contain_text("Step1 min")
        until(page, lambda: bars(page) and bars(page)[0][0] * 1000 == first, "its history is not drawn", 30)
        shown = page.evaluate(DRAWN)
        assert (shown["uneven"], shown["unknown"]) == (0, 0)
        closed = [bar for bar in bars(page) if bar[0] * 1000 < first + HISTORY * MINUTE]
        assert closed == [drawn(market, at) for at in range(first, first + HISTORY * MINUTE, MINUTE)]
        moved = [last_bar(page)]
        for _ in range(3):
            until(page, lambda: last_bar(page) not in (None, moved[-1]), "the candle does not move", 30)
            moved.append(last_bar(page))
        assert all(bar[0] * 1000 >= first + HISTORY * MINUTE for bar in moved if bar), "it is the one that runs"


def bars(page: Page) -> list[list[Any]]:
    """Bars of the chart: opening time in seconds, open, high, low, close in hundredths."""
    found: list[list[Any]] = page.evaluate(BARS)
    return found


def last_bar(page: Page) -> list[float] | None:
    """Opening time and close of the bar that prices move; None before the first of them."""
    found: list[float] | None = page.evaluate(LAST)
    return found


def drawn(market: Market, at: int) -> list[Any]:
    """A minute of the exchange as the chart has it."""
    bar = market.bars[OTHER][at]
    return [at // 1000, *(int(100 * value) for value in (bar.open, bar.high, bar.low, bar.close))]


def test_the_table_of_all_pairs_follows_the_rows_in_view_alone(
    page: Page, tmp_path: Path, complaints: list[str]
) -> None:
    market = invented(ROWS, minutes=5)
    settings = {"TRACERA_ON_DEMAND_PAIRS": str(ROWS), "TRACERA_ON_DEMAND_SECONDS": "5"}
    with running(market) as exchange, following(tmp_path, exchange, **settings) as site:
        known_pairs(site, market)
        page.set_viewport_size(DESKTOP)
        opened(page, site.url, "/crypto")
        expect(page.locator(".pairs tbody tr")).to_have_count(ROWS)
        ever: set[str] = set()

        def follows_view() -> bool:
            now = streamed(exchange)
            ever.update(now)
            return now == {CONFIGURED, *page.evaluate(IN_VIEW)}

        until(page, follows_view, "other pairs are followed than those in view", 60)
        top = set(page.evaluate(IN_VIEW))
        assert 10 < len(top) < ROWS / 2
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        until(page, lambda: not top & set(page.evaluate(IN_VIEW)), "it does not scroll")
        until(page, follows_view, "those that left the view are followed on", 60)
        assert len(ever) < ROWS, "what was scrolled past is followed"


def known_pairs(site: Site, market: Market) -> None:
    """All pairs have been opened at some time, and have a price."""
    database = Database(site.endpoints().database_url, size=1)
    rows = [PairRow(one.symbol, one.base, one.quote, 100, 100_000, "trading", 500) for one in market.listings.values()]
    with database.connection() as connection, connection.transaction():
        ids = symbols.save(connection, BINANCE_SPOT, "binance", rows)
        at = market.now // 1000
        tickers = [
            (item, at, 10_000, 9_999, 10_001, 9_900, 10_100, 9_800, 10**9 - place)
            for place, item in enumerate(ids.values())
        ]
        symbols.save_tickers(connection, "binance", tickers)
    database.close()
