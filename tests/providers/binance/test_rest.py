import asyncio
import json
import time
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from app.providers.base import ProviderError
from app.providers.binance.settings import BinanceSettings
from app.providers.exchange import Exchange as ExchangeProtocol
from app.providers.exchange import Kline
from tests.exchange.market import Listing, Market
from tests.patience import within
from tests.providers.binance.conftest import BTC, session

KLINES = "/api/v3/klines"
MINUTE = 60


async def refused(work: Awaitable[Any]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await work
    return caught.value


def row(opened: int, price: str = "100.0", **changes: Any) -> list[Any]:
    values = {"open": price, "high": price, "low": price, "close": price, "volume": "1.0", **changes}
    return [opened * 1000, *values.values(), opened * 1000 + 59_999, "100.0", 1, "0.5", "50.0", "0"]


def test_the_adapter_satisfies_the_protocol(market: Market) -> None:
    async def run() -> None:
        async with session(market) as it:
            exchange: ExchangeProtocol = it.adapter
            assert (exchange.name, exchange.market, exchange.simulated) == ("binance", "binance:spot", False)

    asyncio.run(run())


def test_symbols_are_listed_with_those_that_stand_still(market: Market) -> None:
    market.listings["LUNAUSDT"] = Listing("LUNAUSDT", "LUNA", status="BREAK")

    async def run() -> None:
        async with session(market) as it:
            symbols = {symbol.symbol: symbol.status for symbol in await it.adapter.symbols()}
            assert symbols == {"BTCUSDT": "trading", "ETHUSDT": "trading", "LUNAUSDT": "halted"}

    asyncio.run(run())


def test_entries_that_are_not_understood_are_counted_and_none_at_all_is_an_error(market: Market) -> None:
    good = Listing("BTCUSDT", "BTC").entry()

    async def run() -> None:
        async with session(market) as it:
            body = {"serverTime": market.now, "symbols": [good, {}, 7]}
            it.exchange.faults.answer("/api/v3/exchangeInfo", 200, body)
            assert await it.adapter.symbols() == [BTC]
            assert it.adapter.counts()["rejected"] == 2
            for symbols in ("[]", "[{}]", "null"):
                it.exchange.faults.answer("/api/v3/exchangeInfo", 200, {**body, "symbols": json.loads(symbols)})
                assert (await refused(it.adapter.symbols())).kind == "schema"

    asyncio.run(run())


def test_candles_of_several_pages_are_those_of_the_exchange_and_the_same_again() -> None:
    market = Market(Listing("BTCUSDT", "BTC"))
    market.fill("BTCUSDT", 2500)
    now = market.now // 1000

    async def run() -> None:
        async with session(market) as it:
            bars = await it.adapter.klines(BTC, "1m", now - 2400 * MINUTE, now)
            assert [bar.open_time for bar in bars] == list(range(now - 2400 * MINUTE, now, MINUTE))
            for bar in bars:
                own = market.bars["BTCUSDT"][bar.open_time * 1000]
                prices = tuple(int(value * 100) for value in (own.open, own.high, own.low, own.close))
                assert (bar.open, bar.high, bar.low, bar.close) == prices
                assert (bar.volume, bar.trades, bar.final) == (int(own.volume * 100_000), own.trades, True)
            asked = [query for _, path, query in it.exchange.rest.requests if path == KLINES]
            assert len(asked) == 3
            assert {query["limit"] for query in asked} == {"1000"}
            assert await it.adapter.klines(BTC, "1m", now - 2400 * MINUTE, now) == bars

    asyncio.run(run())


def test_the_end_is_exclusive_and_the_start_inclusive(market: Market) -> None:
    now = market.now // 1000

    async def run() -> None:
        async with session(market) as it:
            bars = await it.adapter.klines(BTC, "1m", now - 2 * MINUTE, now - MINUTE)
            assert [bar.open_time for bar in bars] == [now - 2 * MINUTE]
            assert await it.adapter.klines(BTC, "1m", now - 99 * MINUTE, now - 50 * MINUTE) == []
            assert await it.adapter.klines(BTC, "1m", now, now) == []

    asyncio.run(run())


@pytest.mark.parametrize("shift", [-90, 0, 90])
def test_rule_07_the_last_candle_is_final_by_the_exchanges_clock_alone(market: Market, shift: int) -> None:
    """Rules 7 and 14: a row that closes at or after the exchange's time is not final, whatever the local clock says."""
    now = market.now // 1000

    async def bars_at(it: Any) -> list[bool]:
        # The clock is asked anew, as it is once a minute: here it stands, or jumps.
        await it.adapter.time()
        return [bar.final for bar in await it.adapter.klines(BTC, "1m", now - MINUTE, now + MINUTE)]

    async def run() -> None:
        async with session(market) as it:
            market.trade("BTCUSDT", "100")
            assert await bars_at(it) == [True, False]
            market.advance(50_000)
            assert await bars_at(it) == [True, False]
            market.advance(10_001)
            assert await bars_at(it) == [True, True]

    # One of the two clocks is wrong; which one makes no difference.
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=shift), tick=True):
        asyncio.run(run())


@pytest.mark.parametrize("status", [429, 418])
def test_a_refusals_retry_after_is_obeyed_to_the_second(market: Market, status: int) -> None:
    now = market.now // 1000

    async def run() -> None:
        async with session(market) as it:
            await it.adapter.time()
            if status == 418:
                it.exchange.ban(2)
            else:
                it.exchange.faults.answer(KLINES, 429, {"code": -1003, "msg": "slow down"}, Retry_After="2")
            error = await refused(it.adapter.klines(BTC, "1m", now - MINUTE, now))
            assert (error.kind, error.retry_after) == ("throttled", 2)
            began = time.monotonic()
            assert len(await it.adapter.klines(BTC, "1m", now - MINUTE, now)) == 1
            assert 1.9 < time.monotonic() - began < within(4)
            assert it.exchange.rest.broken_bans == (1 if status == 418 else 0)  # the one that said so

    asyncio.run(run())


def test_during_a_long_ban_nothing_is_asked(market: Market) -> None:
    now = market.now // 1000

    async def run() -> None:
        async with session(market) as it:
            await it.adapter.time()
            it.exchange.ban(3 * 86_400)
            for _ in range(3):
                error = await refused(it.adapter.klines(BTC, "1m", now - MINUTE, now))
                assert error.kind == "throttled"
                assert error.retry_after == pytest.approx(3 * 86_400, abs=2)
            assert it.exchange.rest.broken_bans == 1

    asyncio.run(run())


def test_the_weight_stays_under_the_budget_until_the_exchanges_next_minute(market: Market) -> None:
    now = market.now // 1000

    async def run() -> None:
        async with session(market, weight_budget=100, weight_reserve=10, patience=1) as it:
            await it.adapter.time()
            market.advance(20_000)
            await it.adapter.time()
            error: ProviderError | None = None
            while error is None:
                try:
                    await it.adapter.klines(BTC, "1m", now - MINUTE, now)
                except ProviderError as refusal:
                    error = refusal
            assert error.kind == "throttled"
            assert error.retry_after == pytest.approx(40, abs=2)
            assert 90 <= it.exchange.rest.used <= 100
            assert it.adapter.counts()["used_weight"] == it.exchange.rest.used

    asyncio.run(run())


def test_rule_12_an_unknown_symbol_is_said_and_asked_for_no_more(market: Market) -> None:
    """Rule 12: -1121 disables the symbol, and says so."""
    gone = replace(BTC, symbol="GONEUSDT")
    now = market.now // 1000

    async def run() -> None:
        async with session(market) as it:
            for _ in range(3):
                error = await refused(it.adapter.klines(gone, "1m", now - MINUTE, now))
                assert "GONEUSDT: the exchange does not know this symbol (-1121)" in str(error)
            assert [path for _, path, _ in it.exchange.rest.requests].count(KLINES) == 1
            await it.adapter.watch([gone])
            assert not it.adapter.connections()
            # Listed again, it is asked for again.
            market.listings["GONEUSDT"] = Listing("GONEUSDT", "GONE")
            market.bars["GONEUSDT"] = {}
            await it.adapter.symbols()
            assert await it.adapter.klines(gone, "1m", now - MINUTE, now) == []

    asyncio.run(run())


def test_other_refusals_name_the_exchanges_own_error(market: Market) -> None:
    now = market.now // 1000

    async def run() -> None:
        async with session(market) as it:
            it.exchange.faults.answer(KLINES, 400, {"code": -1100, "msg": "Illegal characters found."})
            error = await refused(it.adapter.klines(BTC, "1m", now - MINUTE, now))
            assert (error.kind, error.status) == ("http", 400)
            assert "Illegal characters found. (-1100)" in str(error)
            it.exchange.faults.answer(KLINES, 400, "<html>WAF</html>")
            assert "status 400" in str(await refused(it.adapter.klines(BTC, "1m", now - MINUTE, now)))

    asyncio.run(run())


def test_a_blocked_region_is_told_where_public_data_are(market: Market) -> None:
    async def run() -> None:
        async with session(market) as it:
            it.exchange.faults.answer("/api/v3/exchangeInfo", 451, {"code": 0, "msg": "restricted location"})
            error = await refused(it.adapter.symbols())
            assert error.status == 451
            assert "https://data-api.binance.vision" in str(error)

    asyncio.run(run())


def test_rule_11_rows_that_are_wrong_are_set_aside_and_counted(market: Market) -> None:
    """Rules 11 and 12: rows off the grid, and those with a price of 0, are set aside and counted."""
    now = market.now // 1000
    start = now - 10 * MINUTE
    rows = [
        row(start),
        row(start + 30),  # off the grid
        row(start + MINUTE, "0.00000000"),
        row(start + 2 * MINUTE, high="99.0"),
        row(start + 3 * MINUTE),
    ]

    async def run() -> None:
        async with session(market) as it:
            it.exchange.faults.answer(KLINES, 200, rows)
            bars = await it.adapter.klines(BTC, "1m", start, now)
            assert [bar.open_time for bar in bars] == [start, start + 3 * MINUTE]
            assert it.adapter.counts()["off_grid"] == 1
            assert it.adapter.counts()["rejected"] == 2
            it.exchange.faults.answer(KLINES, 200, [row(start, "0.0"), "x"])
            assert (await refused(it.adapter.klines(BTC, "1m", start, now))).kind == "schema"

    asyncio.run(run())


def test_rows_out_of_order_and_doubled_become_one_each_the_later_one(market: Market) -> None:
    now = market.now // 1000
    start = now - 3 * MINUTE
    rows = [row(start + MINUTE), row(start), row(start + MINUTE, "101.0"), row(now + MINUTE), row(start - MINUTE)]

    async def run() -> None:
        async with session(market) as it:
            it.exchange.faults.answer(KLINES, 200, rows)
            bars = await it.adapter.klines(BTC, "1m", start, now)
            assert [(bar.open_time, bar.close) for bar in bars] == [(start, 10_000), (start + MINUTE, 10_100)]

    asyncio.run(run())


def test_a_full_page_that_leads_nowhere_is_an_error(market: Market) -> None:
    now = market.now // 1000
    start = now - 3000 * MINUTE

    async def run() -> None:
        async with session(market) as it:
            it.exchange.faults.answer(KLINES, 200, [row(start)] * 1000)
            error = await refused(it.adapter.klines(BTC, "1m", start, now))
            assert "leads nowhere" in str(error)

    asyncio.run(run())


@pytest.mark.parametrize("body", ["<html></html>", {"rows": []}, None, 7])
def test_replies_that_are_no_list_are_refused(market: Market, body: object) -> None:
    now = market.now // 1000

    async def run() -> None:
        async with session(market) as it:
            it.exchange.faults.answer(KLINES, 200, body)
            assert (await refused(it.adapter.klines(BTC, "1m", now - MINUTE, now))).kind == "schema"

    asyncio.run(run())


def test_longer_intervals_are_read_by_their_own_names() -> None:
    market = Market(Listing("BTCUSDT", "BTC"))
    market.fill("BTCUSDT", 3000)
    now = market.now // 1000

    async def run() -> None:
        async with session(market) as it:
            hours: list[Kline] = await it.adapter.klines(BTC, "1h", now - 40 * 3600, now)
            assert len(hours) == 40
            assert all(bar.open_time % 3600 == 0 for bar in hours)
            with pytest.raises(ValueError, match="is no interval"):
                await it.adapter.klines(BTC, "1H", now - 3600, now)

    asyncio.run(run())


def test_settings_that_cannot_work_are_refused() -> None:
    wrongs: list[dict[str, Any]] = [
        {"streams": ("miniTicker",)},
        {"streams_per_connection": 2000},
        {"commands_per_second": 5},
    ]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"streams|commands|kline"):
            BinanceSettings(**wrong)
