"""A stage for chart clients: an instance on a stand-in exchange whose clock tests move, and a skin that hardly trades."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from app.providers.base import Batch, Quote, VolumeKind
from db.core.pool import Database
from jobs.ingest import Ingest, Report
from tests.api.udf_client import ChartClient
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.exchange.market import Listing, Market
from tests.exchange.server import Exchange, running

MINUTE, DAY = 60, 86_400
BEFORE_MIDNIGHT = 20 * MINUTE
"""So long before the last midnight the exchange's clock stands: tests move it on without waiting."""
HISTORY = 2 * 1440 + 137
HOLE = (700, 707)
"""Minutes after the first one that the exchange itself does not have."""
BTC, COIN = "BTCUSDT", "PEPEUSDT"
THIN = "Sticker | Hardly Traded (Foil)"


@dataclass(frozen=True, slots=True)
class Stage:
    """A served instance, the exchange that it reads, and a skin's quotes as (second, price in cents)."""

    site: Site
    exchange: Exchange
    skin: str
    quotes: list[tuple[int, int]]

    @property
    def market(self) -> Market:
        return self.exchange.market

    @property
    def first(self) -> int:
        """When the pairs' first minute opens."""
        return min(self.market.bars[BTC]) // 1000

    @property
    def now(self) -> int:
        """The exchange's time."""
        return self.market.now // 1000

    def trade(self, *prices: str) -> None:
        """Trades of the first pair, one at each price."""

        def act() -> None:
            for price in prices:
                self.market.trade(BTC, price, "0.02")

        self.exchange.call(act)

    def next_minute(self) -> None:
        self.exchange.call(self.market.next_minute)

    def next_day(self) -> None:
        self.exchange.call(lambda: self.market.advance(1000 * (DAY - self.now % DAY)))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    market = Market(Listing(BTC, "BTC"), Listing(COIN, "PEPE", tick="0.00000001", step="0.00100000"))
    market._now = market._now // 86_400_000 * 86_400_000 - BEFORE_MIDNIGHT * 1000
    market.fill(BTC, HISTORY, price="50000")
    market.fill(COIN, HISTORY, price="0.00001234")
    begin = min(market.bars[BTC])
    for minute in range(*HOLE):
        del market.bars[BTC][begin + minute * 60_000]
    with running(market) as exchange:
        site = start_site(
            tmp_path_factory.mktemp("charts") / "data",
            TRACERA_PROVIDERS="binance",
            TRACERA_BINANCE_URL=exchange.url,
            TRACERA_BINANCE_STREAM_URL=exchange.stream_url,
            TRACERA_BINANCE_SYMBOLS=f"{BTC},{COIN}",
        )
        try:
            wait_for(lambda: stored(site, BTC) >= HISTORY - HOLE[1] + HOLE[0], 90, f"no history; see {site.log}")
            wait_for(lambda: stored(site, COIN) >= HISTORY, 60, "no history of the other pair")
            exchange.call(lambda: market.trade(BTC, "50000", "0.01"))
            exchange.call(lambda: market.trade(COIN, "0.00001234", "7"))
            wait_for(lambda: site.get(f"/api/v1/symbols/{COIN}/price")[0] == 200, 30, "no ticker")
            wait_for(lambda: site.get(f"/api/v1/symbols/{BTC}/price")[0] == 200, 30, "no ticker")
            skin, quotes = hardly_traded(site)
            yield Stage(site, exchange, skin, quotes)
        finally:
            stop_site(site)


def stored(site: Site, symbol: str) -> int:
    return site.get(f"/api/v1/candles?symbol={symbol}&interval=1m&limit=5000")[1].count(b"],[") + 1


def hardly_traded(site: Site) -> tuple[str, list[tuple[int, int]]]:
    """A skin that was quoted once a fortnight, twice within an hour, for a year; its ticker and quotes."""
    today = datetime.now(UTC).replace(minute=10, second=0, microsecond=0) - timedelta(hours=1)
    moments = [today - timedelta(days=14 * back, minutes=10 * half) for back in range(27) for half in range(2)]
    made = [(moment, 1_000 + 7 * at) for at, moment in enumerate(sorted(moments))]
    quotes = [Quote(THIN, "steam", price, at, volume=1, volume_kind=VolumeKind.INTERVAL) for at, price in made]
    database = Database(site.endpoints().database_url, size=2)
    client = redis.Redis.from_url(site.endpoints().redis_url)
    try:
        Ingest(database, client, heartbeat=timedelta(0)).store("steam", Batch(quotes), Report("steam", today))
        row = database.row("SELECT id FROM items WHERE market_hash_name = %s", [THIN])
    finally:
        database.close()
        client.close()
    assert row
    return f"CS2.{row['id']}", [(int(moment.timestamp()), price) for moment, price in made]


@pytest.fixture
def chart(stage: Stage) -> ChartClient:
    return ChartClient(f"{stage.site.url}/api/v1/udf")


@pytest.fixture
def pair(chart: ChartClient, stage: Stage) -> dict[str, Any]:
    return chart.resolve(BTC)


@pytest.fixture
def thin(chart: ChartClient, stage: Stage) -> dict[str, Any]:
    return chart.resolve(stage.skin)
