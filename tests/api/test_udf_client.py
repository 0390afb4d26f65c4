"""A chart client on a served instance: TradingView's own cases for data integrations, of a pair and of a skin that hardly trades."""

import math
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.api.udf_client import Bar, ChartClient, DatafeedError, DataPulse
from tests.api.udf_stage import BTC, COIN, DAY, HOLE, MINUTE, THIN, Stage, chart, pair, stage, thin
from tests.conftest import wait_for
from tests.patience import within

__all__ = ["chart", "pair", "stage", "thin"]  # fixtures
pytestmark = pytest.mark.slow


def times(bars: list[Bar]) -> list[int]:
    return [bar.time // 1000 for bar in bars]


def said_by(stage: Stage, symbol: str, interval: str = "1m") -> dict[int, tuple[float, ...]]:
    rows = stage.market.rows(symbol, interval, 0, None, 100_000)
    return {row[0] // 1000: tuple(float(text) for text in row[1:6]) for row in rows}


def figures(bars: list[Bar]) -> dict[int, tuple[float, ...]]:
    return {bar.time // 1000: (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars}


# What it is told at the start


def test_the_start_of_a_chart(chart: ChartClient) -> None:
    config = chart.send("config")
    assert config["supports_search"]
    assert not config["supports_group_request"]
    assert set(config["supported_resolutions"]) >= {"1", "5", "60", "1D", "1W", "1M"}
    assert all({"value", "name", "desc"} <= set(one) for one in config["exchanges"])
    assert all({"value", "name"} <= set(one) for one in config["symbols_types"])
    moment = chart.send("time")
    assert isinstance(moment, int)
    assert abs(moment - time.time()) < within(5)


@pytest.mark.parametrize("name", [BTC, COIN, "skin"])
def test_symbol_fields_are_right(chart: ChartClient, stage: Stage, name: str) -> None:
    found = chart.resolve(stage.skin if name == "skin" else name)
    assert set(found["ticker"]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._")
    assert found["name"] == found["ticker"]
    assert found["exchange"] == found["listed_exchange"] == found["exchange"].upper() != ""
    assert math.log10(found["pricescale"]) % 1 == 0
    assert (found["minmov"], found["session"]) == (1, "24x7")
    assert ZoneInfo(found["timezone"]).utcoffset(datetime.now(UTC)) == timedelta(0)
    assert found["has_intraday"] is found["has_daily"] is found["has_weekly_and_monthly"] is True
    assert set(found["intraday_multipliers"]) == {one for one in found["supported_resolutions"] if one.isdigit()}
    assert found["type"] in {one["value"] for one in chart.send("config")["symbols_types"]}
    assert isinstance(found["volume_precision"], int)
    assert chart.asked[0] == f"symbols?symbol={found['ticker']}"


def test_search_is_asked_in_capitals(chart: ChartClient, stage: Stage) -> None:
    assert [one["ticker"] for one in chart.search("btc")] == [BTC]
    found = chart.search("hardly traded")
    assert [(one["ticker"], one["description"]) for one in found] == [(stage.skin, THIN)]
    assert chart.search("hardly", exchange="BINANCE") == chart.search("hardly", kind="crypto") == []
    assert chart.search("no such thing at all") == []
    assert chart.asked[1] == "search?limit=30&query=HARDLY%20TRADED&type=&exchange="
    assert chart.resolve(found[0]["full_name"]) == chart.resolve(stage.skin)


def test_what_is_unknown_or_wrong_is_told_in_the_body(chart: ChartClient, pair: dict[str, Any]) -> None:
    with pytest.raises(DatafeedError, match="unknown_symbol"):
        chart.resolve("NOSUCH")
    with pytest.raises(DatafeedError, match="unknown_symbol"):
        chart.bars({"ticker": "NOSUCH"}, "1", 0, 9, 2)
    with pytest.raises(DatafeedError, match="resolution '2'"):
        chart.bars(pair, "2", 0, 9, 2)
    with pytest.raises(DatafeedError, match="countback"):
        chart.bars(pair, "1", 0, 9, -1)
    with pytest.raises(DatafeedError, match="limit"):
        raise DatafeedError(chart.send("search", limit=0, query="").get("errmsg"))
    with pytest.raises(DatafeedError, match="symbols"):
        chart.quotes("A" * 8_001)
    assert chart.search("x" * 300) == []


# History


@pytest.mark.parametrize("resolution", ["1", "5", "60", "1D"])
def test_history_back_to_the_beginning_is_the_exchange_s(
    chart: ChartClient, stage: Stage, pair: dict[str, Any], resolution: str
) -> None:
    until = stage.now
    found = [bar for page in chart.pages(pair, resolution, until) for bar in reversed(page)][::-1]
    interval = {"1": "1m", "5": "5m", "60": "1h", "1D": "1d"}[resolution]
    expected = {at: row for at, row in said_by(stage, BTC, interval).items() if at < until}
    assert times(found) == sorted(expected)
    assert figures(found) == expected


def test_prices_of_eight_decimals(chart: ChartClient, stage: Stage) -> None:
    coin = chart.resolve(COIN)
    assert coin["pricescale"] == 100_000_000
    page = chart.bars(coin, "1", 0, stage.now, 500)
    expected = said_by(stage, COIN)
    assert figures(page.bars) == {at: expected[at] for at in times(page.bars)}


@pytest.mark.parametrize("resolution", ["60", "1D", "1W", "1M"])
@pytest.mark.parametrize("countback", [2, 7, 329])
def test_a_skin_that_hardly_trades_ends_its_questions(
    chart: ChartClient, stage: Stage, thin: dict[str, Any], resolution: str, countback: int
) -> None:
    now = int(time.time())
    found = [bar for page in chart.pages(thin, resolution, now, countback) for bar in reversed(page)][::-1]
    assert times(found) == sorted(set(times(found)))
    assert (found[0].open, found[-1].close) == (stage.quotes[0][1] / 100, stage.quotes[-1][1] / 100)
    assert len(chart.asked) <= 2 + math.ceil(len(found) / countback) + 1


def test_nothing_is_beyond_the_left_end(chart: ChartClient, stage: Stage, pair: dict[str, Any]) -> None:
    for countback in (None, 10):
        page = chart.bars(pair, "1", stage.first - 6_000, stage.first - 600, countback)
        assert (page.no_data, page.next_time) == (True, None)


@pytest.mark.parametrize("countback", [1, 50, 1_000])
def test_countback_gives_just_so_many(chart: ChartClient, stage: Stage, pair: dict[str, Any], countback: int) -> None:
    until = stage.now - 5 * MINUTE
    found = times(chart.bars(pair, "1", until - MINUTE, until, countback).bars)
    assert found == [until - MINUTE * back for back in range(countback, 0, -1)]
    few = chart.bars(pair, "1", 0, stage.first + 3 * MINUTE, countback).bars
    assert len(few) == min(countback, 3)


def test_more_than_one_answer_holds_is_asked_for_in_parts(
    chart: ChartClient, stage: Stage, pair: dict[str, Any]
) -> None:
    """As the client does that is told how long an answer may be: it asks for what is before, until enough is there."""
    whole = chart.bars(pair, "1", 0, stage.now, 2_000).bars
    parts = chart.bars(pair, "1", 0, stage.now, 1_200).bars
    before = chart.bars(pair, "1", 0, parts[0].time // 1000, 800).bars
    assert times(before + parts) == times(whole)


def test_a_bar_is_found_by_its_time_alone(chart: ChartClient, stage: Stage, pair: dict[str, Any]) -> None:
    at = stage.first + 10 * MINUTE
    assert times(chart.bars(pair, "1", at, at, None).bars) == [at]


@pytest.mark.parametrize("resolution", ["1", "1D"])
def test_no_bar_is_in_the_future_and_the_open_one_is_there(
    chart: ChartClient, stage: Stage, pair: dict[str, Any], resolution: str
) -> None:
    later = int(time.time()) + 10 * DAY
    found = times(chart.bars(pair, resolution, later - 20 * DAY, later, None).bars)
    assert found[-1] <= time.time()
    length = {"1": MINUTE, "1D": DAY}[resolution]
    assert found[-1] == stage.now // length * length


def test_a_hole_has_no_data_and_the_bar_before_it(chart: ChartClient, stage: Stage, pair: dict[str, Any]) -> None:
    found = times(chart.bars(pair, "1", stage.first, stage.first + 1_000 * MINUTE, None).bars)
    holes = [(here, there) for here, there in pairwise(found) if there - here > MINUTE]
    begin, end = (stage.first + minute * MINUTE for minute in HOLE)
    assert holes == [(begin - MINUTE, end)]
    for since, until in ((begin, end), (begin + MINUTE, begin + 2 * MINUTE), (begin, begin)):
        page = chart.bars(pair, "1", since, until, None)
        assert (page.no_data, page.next_time) == (True, begin - MINUTE)


def test_fifty_minutes_are_fifty_bars(chart: ChartClient, stage: Stage, pair: dict[str, Any]) -> None:
    until = stage.now // MINUTE * MINUTE - 30 * MINUTE - 1
    since = until - 50 * MINUTE + 1
    found = times(chart.bars(pair, "1", since, until, None).bars)
    assert (len(found), found[0], found[-1]) == (50, since, until // MINUTE * MINUTE)


def test_a_day_opens_and_closes_as_its_minutes(chart: ChartClient, stage: Stage, pair: dict[str, Any]) -> None:
    day = stage.now // DAY * DAY - DAY
    bar = chart.bars(pair, "1D", day, day, None).bars[0]
    minutes = chart.bars(pair, "1", day, day + DAY, None).bars
    assert (bar.time, bar.open, bar.close) == (1000 * day, minutes[0].open, minutes[-1].close)
    assert (bar.high, bar.low) == (max(one.high for one in minutes), min(one.low for one in minutes))
    assert bar.volume == pytest.approx(sum(one.volume for one in minutes))


def test_the_same_question_has_the_same_answer_and_ten_windows_are_one(
    chart: ChartClient, stage: Stage, pair: dict[str, Any]
) -> None:
    since, until = stage.first + 600 * MINUTE, stage.first + 800 * MINUTE
    whole = chart.bars(pair, "1", since, until, None).bars
    assert chart.bars(pair, "1", since, until, None).bars == whole
    parts = [chart.bars(pair, "1", at, at + 20 * MINUTE, None).bars for at in range(since, until, 20 * MINUTE)]
    assert [bar for part in parts for bar in part] == whole
    assert times(whole) == sorted(set(times(whole)))


def test_longer_bars_begin_on_the_calendar(chart: ChartClient, stage: Stage, thin: dict[str, Any]) -> None:
    def opened(resolution: str) -> list[datetime]:
        found = chart.bars(thin, resolution, 0, int(time.time()), 60).bars
        return [datetime.fromtimestamp(at, UTC) for at in times(found)]

    for resolution in ("1D", "1W", "1M"):
        assert {moment.time().isoformat() for moment in opened(resolution)} == {"00:00:00"}
    assert {moment.weekday() for moment in opened("1W")} == {0}
    months = opened("1M")
    assert {moment.day for moment in months} == {1}
    assert len(months) == len({datetime.fromtimestamp(at, UTC).strftime("%Y-%m") for at, _ in stage.quotes})


def test_marks_are_asked_for_without_harm(chart: ChartClient, stage: Stage, pair: dict[str, Any]) -> None:
    query = {"symbol": BTC, "from": stage.first, "to": stage.now, "resolution": "1D"}
    marks = chart.send("marks", **query)
    assert {len(values) for values in marks.values()} == {0}
    assert chart.send("timescale_marks", **query) == []


# Live


def test_minutes_of_the_stream_are_those_of_history(chart: ChartClient, stage: Stage, pair: dict[str, Any]) -> None:
    heard: list[Bar] = []
    pulse = DataPulse(chart, pair, "1", heard.append)
    before = chart.bars(pair, "1", stage.now - 30 * MINUTE, stage.now, None).bars
    pulse.beat(int(time.time()))
    begin = stage.now
    for step in range(3):
        prices = [f"{50_100 + 10 * step + more}.5" for more in range(3)]
        stage.trade(*prices)
        wait_for(partial(closes, pulse, float(prices[-1])), 20, "the open bar does not move")
        stage.next_minute()
        stage.trade("50100")
        wait_for(partial(beaten, pulse, stage.now - MINUTE), 20, "the minute does not end")
    moments = [bar.time for bar in heard]
    assert moments == sorted(moments)
    last = figures(heard)
    expected = said_by(stage, BTC)
    ended = [at for at in sorted(last) if begin <= at < stage.now]
    assert len(ended) == 3
    assert {at: last[at] for at in ended} == {at: expected[at] for at in ended}
    wait_for(lambda: stored_until(stage) >= stage.now, 20, "the minutes are not stored")
    found = figures(chart.bars(pair, "1", begin, stage.now, None).bars)
    assert found == {at: last[at] for at in ended}
    after = chart.bars(pair, "1", begin - 30 * MINUTE, stage.now, None).bars
    assert after[: len(before)] == before
    assert chart.asked[2].startswith(f"history?symbol={BTC}&resolution=1&from=")
    assert chart.asked[2].endswith("&countback=2")


def closes(pulse: DataPulse, price: float) -> bool:
    pulse.beat(int(time.time()))
    return pulse.client.bars(pulse.symbol, pulse.resolution, 0, int(time.time()), 2).bars[-1].close == price


def beaten(pulse: DataPulse, open_time: int) -> bool:
    """Whether the pulse has told a bar after this one."""
    pulse.beat(int(time.time()))
    return pulse.last is not None and pulse.last > 1000 * open_time


def stored_until(stage: Stage) -> int:
    body = stage.site.get(f"/api/v1/candles?symbol={BTC}&interval=1m&limit=1")[1].decode()
    return int(body.split("[[")[1].split(",")[0]) // 1000 + (MINUTE if '"finished":true' in body else 0)


def test_the_pulse_of_a_skin_that_hardly_trades_repeats_its_last_bar(
    chart: ChartClient, stage: Stage, thin: dict[str, Any]
) -> None:
    for resolution in ("60", "1D", "1W", "1M"):
        heard: list[Bar] = []
        pulse = DataPulse(chart, thin, resolution, heard.append)
        for _ in range(2):
            pulse.beat(int(time.time()))
        assert len(heard) == 2
        assert heard[0] == heard[1]
        assert heard[0].close == stage.quotes[-1][1] / 100


def test_quotes_are_the_newest_prices(chart: ChartClient, stage: Stage) -> None:
    stage.trade("50123.45")
    day = stage.market.ticker_24h(BTC)
    pair, skin, nobody = chart.quotes(BTC, stage.skin, "NOSUCH")
    assert chart.asked[0] == f"quotes?symbols={BTC}%2C{stage.skin}%2CNOSUCH"
    assert (pair["s"], pair["n"], nobody["s"], nobody["n"]) == ("ok", BTC, "error", "NOSUCH")
    wait_for(lambda: chart.quotes(BTC)[0]["v"]["lp"] == 50123.45, 20, "the quote is an old one")
    found = chart.quotes(BTC)[0]["v"]
    names = {"open_price": "openPrice", "high_price": "highPrice", "low_price": "lowPrice", "volume": "volume"}
    names |= {"bid": "bidPrice", "ask": "askPrice"}
    assert {name: found[name] for name in names} == {name: float(day[text]) for name, text in names.items()}
    assert found["ch"] == pytest.approx(float(day["priceChange"]))
    assert found["chp"] == pytest.approx(float(day["priceChangePercent"]), abs=1e-3)
    assert {"short_name", "exchange", "description", "prev_close_price"} <= set(found)
    assert skin["v"]["lp"] == stage.quotes[-1][1] / 100


def test_no_symbol_of_a_long_list_is_left_without_an_answer(chart: ChartClient) -> None:
    names = [BTC, *(f"CS2.{number}" for number in range(900_000, 900_200))]
    found = chart.quotes(*names)
    assert [one["n"] for one in found] == names
    assert found[0]["s"] == "ok"
    assert {one["s"] for one in found[1:]} == {"error"}
