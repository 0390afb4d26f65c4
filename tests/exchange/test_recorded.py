"""Recorded minutes through a whole instance: a stand-in serves them, the feed collects them, and HTTP gives each of them back."""

from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from db.candles.intervals import NAMES
from tests.conftest import DATA, Site, start_site, stop_site, wait_for
from tests.exchange import past
from tests.exchange.candles import MINUTE, Bar
from tests.exchange.market import Listing, Market
from tests.exchange.server import Exchange, running

pytestmark = pytest.mark.slow
RECORDED = DATA / "binance" / "BTCUSDT_1m_2025-06-05_06-08.csv"
SYMBOL = "BTCUSDT"
PATIENCE = 60
STREAMED, MISSED = 7, 20
"""Minutes that end while the instance runs, before and after those that end while it does not."""


class Recording:
    """A market on which the recorded minutes happen again, one by one."""

    def __init__(self, path: Path) -> None:
        self.market = Market(Listing(SYMBOL, "BTC"))
        past.record(self.market, SYMBOL, path)
        self.minutes = dict(sorted(self.market.bars[SYMBOL].items()))
        self.to_come = list(self.minutes.values())[-2 * STREAMED - MISSED :]
        self.market.bars[SYMBOL] = {bar.opened: bar for bar in self.minutes.values() if bar not in self.to_come}
        self.market._now = self.to_come[0].opened

    def pass_minutes(self, exchange: Exchange, count: int) -> None:
        """So many minutes are traded and end."""
        for bar in self.to_come[:count]:
            exchange.call(lambda bar=bar: self._pass(bar))  # type: ignore[misc]  # bound now
        del self.to_come[:count]

    def _pass(self, bar: Bar) -> None:
        self.market.bars[SYMBOL][bar.opened] = bar
        self.market.publish(f"{SYMBOL.lower()}@kline_1m", bar.event(SYMBOL, self.market.now, final=False))
        self.market.next_minute()
        if self.to_come[-1] is bar:
            del self.market.bars[SYMBOL][self.market.now]  # the recording ends with the minute


def collecting(folder: Path, exchange: Exchange) -> Site:
    """An instance on embedded servers that reads from the exchange, once it is streamed to."""
    site = start_site(
        folder / "data",
        TRACERA_PROVIDERS="binance",
        TRACERA_BINANCE_URL=exchange.url,
        TRACERA_BINANCE_STREAM_URL=exchange.stream_url,
        TRACERA_BINANCE_SYMBOLS=SYMBOL,
    )
    stream = f"{SYMBOL.lower()}@kline_1m"
    wait_for(
        lambda: exchange.call(lambda: any(stream in client.streams for client in exchange.streams.clients)),
        PATIENCE,
        f"nothing is streamed; see {site.log}",
    )
    return site


def served(site: Site, interval: str, limit: int = 5_000) -> list[past.Candle]:
    """Candles as HTTP gives them, oldest first, in units; texts are read as decimals, nothing is a binary fraction."""
    body = orjson.loads(site.get(f"/api/v1/candles?symbol={SYMBOL}&interval={interval}&limit={limit}")[1] or b"{}")
    price, volume = Decimal(body.get("price_scale", 1)), Decimal(body.get("volume_scale", 1))
    rows = body.get("data", [])
    assert all(type(value) is int for row in rows for value in row)
    return [(at, *(Decimal(one) / price for one in prices), Decimal(size) / volume) for at, *prices, size in rows]


def await_minutes(site: Site, recording: Recording) -> None:
    """Until the newest minute that is over is there."""
    newest = recording.market.now - MINUTE
    wait_for(
        lambda: [row[0] for row in served(site, "1m", 2)][-1:] == [newest], PATIENCE, f"not up to now; see {site.log}"
    )


@pytest.mark.skipif(not RECORDED.exists(), reason=f"recorded minutes are not here: {RECORDED}")
def test_every_recorded_minute_comes_back_and_longer_candles_are_what_pandas_makes_of_them(tmp_path: Path) -> None:
    recording = Recording(RECORDED)
    assert len(recording.minutes) == 5_000
    with running(recording.market) as exchange:
        site = collecting(tmp_path, exchange)
        try:
            known = len(recording.minutes) - len(recording.to_come)
            wait_for(lambda: len(served(site, "1m")) == known, PATIENCE, f"its past is not there; see {site.log}")
            recording.pass_minutes(exchange, STREAMED)
            await_minutes(site, recording)
            site.process.kill()
            site.process.wait()
            recording.pass_minutes(exchange, MISSED)
            site = collecting(tmp_path, exchange)
            await_minutes(site, recording)
            recording.pass_minutes(exchange, STREAMED)
            await_minutes(site, recording)
            assert recording.to_come == []
            expected = past.minutes(recording.market, SYMBOL)
            assert len(expected) == len(recording.minutes)
            for interval in NAMES:
                assert served(site, interval) == past.resampled(expected, interval), interval
            assert exchange.streams.breaches == []
        finally:
            stop_site(site)
