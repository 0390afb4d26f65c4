"""UDF as a chart client asks: whatever is wrong is told in the answer, history goes back to its beginning without a hole."""

import time
from typing import Any

import numpy as np
import orjson
import pytest
from flask.testing import FlaskClient

from app.candles.series import RUNNING
from app.runtime import Runtime
from tests.api.conftest import Market as Items
from tests.api.test_symbols import MINUTES, MONDAY, Market
from tests.api.test_symbols import market as pair_market
from tests.patience import within

__all__ = ["pair_market"]  # a fixture

END = MONDAY + 60 * MINUTES


@pytest.fixture
def pair(pair_market: Market) -> Market:  # the fixture
    return pair_market


def ask(client: FlaskClient, path: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1/udf/{path}", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def history(client: FlaskClient, **query: Any) -> Any:
    names = {"since": "from", "until": "to"}
    return ask(client, "history", **{names.get(name, name): value for name, value in query.items()})


def test_config_time_and_marks(client: FlaskClient, pair: Market) -> None:
    config = ask(client, "config")
    assert config["supports_search"] is not config["supports_group_request"]
    assert {"1", "5", "60", "1D", "1W", "1M"} <= set(config["supported_resolutions"])
    answer = client.get("/api/v1/udf/time")
    assert answer.mimetype == "text/plain"
    assert abs(int(answer.text) - time.time()) < within(5)
    assert set(ask(client, "marks", symbol="BTCUSDT", resolution="1D")) == {
        "id",
        "time",
        "color",
        "text",
        "label",
        "labelFontColor",
        "minSize",
    }
    assert ask(client, "timescale_marks", symbol="BTCUSDT") == []


def test_symbols_by_ticker(client: FlaskClient, pair: Market) -> None:
    for name in ("BTCUSDT", "btcusdt", "BINANCE:BTCUSDT"):
        found = ask(client, "symbols", symbol=name)
        assert (found["ticker"], found["pricescale"], found["session"], found["timezone"]) == (
            "BTCUSDT",
            100,
            "24x7",
            "Etc/UTC",
        )
        assert "s" not in found
    assert ask(client, "symbols", symbol="NOPE") == {"s": "error", "errmsg": "unknown_symbol"}
    assert ask(client, "symbols", symbol="CS2.99999999999999")["errmsg"] == "unknown_symbol"


def test_search_asks_in_capitals(client: FlaskClient, pair: Market) -> None:
    assert [one["ticker"] for one in ask(client, "search", query="BTC", type="", exchange="", limit=30)] == ["BTCUSDT"]
    assert ask(client, "search", query="BTC", type="skin") == []
    assert ask(client, "search", query="NOTHING OF THIS NAME") == []


def test_countback_goes_before_from(client: FlaskClient, pair: Market) -> None:
    found = history(client, symbol="BTCUSDT", resolution="1", since=END - 60, until=END, countback=300)
    assert found["s"] == "ok"
    assert found["t"] == list(range(END - 300 * 60, END, 60))
    assert {len(found[name]) for name in "tohlcv"} == {300}
    few = history(client, symbol="BTCUSDT", resolution="1", since=0, until=MONDAY + 120, countback=300)
    assert few["t"] == [MONDAY, MONDAY + 60]


def test_ten_windows_equal_one_and_times_rise(client: FlaskClient, pair: Market) -> None:
    whole = history(client, symbol="BTCUSDT", resolution="5", since=MONDAY, until=END)
    parts: list[int] = []
    width = (END - MONDAY) // 10
    for at in range(MONDAY, END, width):
        parts += history(client, symbol="BTCUSDT", resolution="5", since=at, until=min(END, at + width)).get("t", [])
    assert whole["t"] == parts == sorted(set(parts))
    assert whole["t"] == list(range(MONDAY, END, 300))


def test_back_to_the_beginning(client: FlaskClient, pair: Market) -> None:
    times: list[int] = []
    until = END
    while (found := history(client, symbol="BTCUSDT", resolution="1", since=until - 1, until=until, countback=700))[
        "s"
    ] == "ok":
        times = found["t"] + times
        until = found["t"][0]
    assert found == {"s": "no_data"}
    assert times == pair.candles.open_time.tolist()


def test_one_bar_a_hole_and_the_future(client: FlaskClient, pair: Market) -> None:
    one = history(client, symbol="BTCUSDT", resolution="1", since=MONDAY + 600, until=MONDAY + 600)
    assert one["t"] == [MONDAY + 600]
    assert one["o"] == [pair.candles.open[10] / 100]
    after = history(client, symbol="BTCUSDT", resolution="1", since=END + 3_600, until=END + 7_200)
    assert after == {"s": "no_data", "nextTime": END - 60}
    assert history(client, symbol="BTCUSDT", resolution="1", since=MONDAY - 7_200, until=MONDAY) == {"s": "no_data"}


def test_a_day_opens_and_closes_as_its_minutes_and_a_month_begins_on_its_first(
    client: FlaskClient, pair: Market
) -> None:
    days = history(client, symbol="BTCUSDT", resolution="1D", since=0, until=END)
    assert days["t"] == [MONDAY, MONDAY + 86_400, MONDAY + 2 * 86_400]
    assert days["o"][1] == pair.candles.open[1440] / 100
    assert days["c"][0] == pair.candles.close[1439] / 100
    month = history(client, symbol="BTCUSDT", resolution="1M", since=0, until=END)
    assert month["t"] == [MONDAY - 86_400]  # 2026-03-01
    assert (month["h"], month["l"]) == ([int(pair.candles.high.max()) / 100], [int(pair.candles.low.min()) / 100])
    assert month["v"] == [pytest.approx(sum(days["v"]))]
    assert history(client, symbol="BTCUSDT", resolution="D", since=0, until=END) == days


def test_quotes(client: FlaskClient, pair: Market) -> None:
    found = ask(client, "quotes", symbols="BTCUSDT,NOPE")
    assert found["s"] == "ok"
    first, second = found["d"]
    last = int(pair.candles.close[-1])
    assert (first["s"], first["v"]["lp"], first["v"]["bid"], first["v"]["ask"]) == ("ok", last / 100, None, 50_001.0)
    assert first["v"]["chp"] == pytest.approx(100 * (last - 4_900_000) / 4_900_000)
    assert (second["s"], second["errmsg"]) == ("error", "unknown_symbol")


def test_what_is_wrong_is_told_with_status_200(client: FlaskClient, pair: Market) -> None:
    assert history(client, symbol="NOPE", resolution="1", since=0, until=9)["errmsg"] == "unknown_symbol"
    assert "2" in history(client, symbol="BTCUSDT", resolution="2", since=0, until=9)["errmsg"]
    assert history(client, symbol="OLDUSDT", resolution="1", since=0, until=9) == {"s": "no_data"}
    assert (
        history(client, symbol="BTCUSDT", resolution="1", since=MONDAY, until=MONDAY + 60, firstDataRequest="true")["s"]
        == "ok"
    )


def test_no_bar_is_put_together_from_a_part_of_its_minutes(client: FlaskClient, pair: Market, runtime: Runtime) -> None:
    row = [END, 5_500_000, 5_500_010, 5_400_000, 5_400_001, 9, None]
    runtime.services.redis.set(RUNNING.format(pair.item_id), orjson.dumps(row))
    day = MONDAY + 2 * 86_400
    whole = history(client, symbol="BTCUSDT", resolution="1D", since=day, until=END + 60)
    assert (whole["t"], whole["c"]) == ([day], [54_000.01])
    assert whole["o"] == [pair.candles.open[2 * 1440] / 100]
    # Whether it is asked for decides its beginning alone, and it is the same wherever the question ends.
    assert history(client, symbol="BTCUSDT", resolution="1D", since=day + 60, until=END + 60)["s"] == "no_data"
    assert history(client, symbol="BTCUSDT", resolution="1D", since=day, until=day + 1) == whole


def test_an_item_under_its_ascii_ticker(client: FlaskClient, market: Items) -> None:
    ticker = f"CS2.{market.ids[0]}"
    found = ask(client, "symbols", symbol=ticker)
    assert (found["description"], found["type"], found["pricescale"]) == ("AK-47 | Redline (Field-Tested)", "skin", 100)
    assert [one["ticker"] for one in ask(client, "search", query="REDLINE")] == [ticker]
    hours = history(
        client, symbol=ticker, resolution="60", since=0, until=int(market.now.timestamp()) + 1, countback=10
    )
    assert hours["s"] == "ok"
    assert len(hours["t"]) == 10
    assert np.diff(hours["t"]).min() >= 3_600
    assert history(client, symbol=ticker, resolution="1", since=0, until=9)["s"] == "error"
    assert ask(client, "quotes", symbols=ticker)["d"][0]["v"]["lp"] == 10.0
