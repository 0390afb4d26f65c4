from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.items import long_measures
from app.items.long_measures import DAY, of_candles
from app.times import rfc3339_second
from components.item.outliers import note
from components.item.price_chart import chart_data
from db.core.pool import Database, Row
from db.quotes.candles import Candles

START = 20_000 * DAY


def daily(closes: list[int], days: list[int], lead: int = 0) -> Candles:
    close = np.array(closes, dtype=np.int64)
    unknown = np.full(len(close), -1)
    return Candles(
        interval="1d",
        lead=lead,
        time=START + DAY * np.array(days, dtype=np.int64),
        open=close,
        high=close + 2,
        low=close - 2,
        close=close,
        volume=unknown,
        rolling=unknown > 0,
        samples=np.ones(len(close), dtype=np.int64),
    )


def test_measures_span_the_days_from_first_to_last_with_gaps() -> None:
    row = of_candles(daily([100, 200, 50, 100], [0, 1, 4, 9]), START, START + 9 * DAY)
    assert row["samples"] == 4
    assert row["percent_change"] == pytest.approx(0)
    assert row["max_drawdown"] == pytest.approx(0.75)
    assert row["rolling_stddev"] == pytest.approx(np.std([100, 200, 50, 100]))
    assert (row["last_price"], row["previous"]) == (100, 100)
    slope = np.polyfit([0, 1, 4, 9], np.log([100, 200, 50, 100]), 1)[0]
    assert row["trend_slope"] == pytest.approx(100 * slope)


def test_the_change_counts_from_the_close_before_the_window() -> None:
    row = of_candles(daily([80, 100, 120], [0, 1, 2], lead=1), START + DAY, START + 2 * DAY)
    assert row["samples"] == 2
    assert row["percent_change"] == pytest.approx(50)
    assert row["previous"] == 80


def test_what_too_few_closes_cannot_tell_is_unknown() -> None:
    row = of_candles(daily([100], [0]), START, START)
    assert {name: row[name] for name in ("return_volatility", "sharpe", "percent_b", "atr")} == dict.fromkeys(
        ("return_volatility", "sharpe", "percent_b", "atr")
    )


def test_a_year_counts_365_days_and_all_time_every_one(database: Database) -> None:
    database.execute("INSERT INTO items (id, market, market_hash_name, match_key, slug) VALUES (1, 'm', 'n', '', '')")
    now = datetime(2025, 6, 1, 12, 30, tzinfo=UTC)
    database.execute(
        "INSERT INTO price_24h SELECT 1, 'steam', day, 100, 110, 90, 100 + n, 100, 0, 1, false, 1, day, day, NULL"
        " FROM generate_series(0, 499) n, LATERAL (SELECT %s::timestamptz - n * interval '1 day' AS day) d",
        [now.replace(hour=0, minute=0)],
    )
    year = long_measures.long_measures(database, 1, "steam", "1y", now)
    whole = long_measures.long_measures(database, 1, "steam", "all", now)
    assert year
    assert whole
    assert (year["samples"], whole["samples"]) == (365, 500)
    assert (year["last_price"], year["previous"], whole["previous"]) == (100, 465, 599)
    assert long_measures.long_measures(database, 1, "steam", "1y", now + timedelta(days=900)) is None
    assert long_measures.long_measures(database, 1, "skinport", "all", now) is None


def spiked(lead: int = 0) -> Candles:
    """Forty sales a day near 1,000; on the twentieth day one at 45,000."""
    found = daily([45_000 if day == 20 else 1_000 + day % 3 for day in range(40)], list(range(40)), lead)
    volume = np.where(found.close == 45_000, 1, 40)
    return replace(found, volume=volume)


def test_an_outlier_is_excluded_reported_and_measured_both_ways() -> None:
    row = of_candles(spiked(), START, START + 39 * DAY)
    at = rfc3339_second(START + 20 * DAY)
    assert row["outliers"] == [{"time": at, "price": 45_000}]
    assert (row["samples"], row["unscreened"]["samples"]) == (39, 40)
    assert row["max_drawdown"] < 0.01
    assert row["unscreened"]["max_drawdown"] > 0.97
    assert "outliers" not in of_candles(replace(spiked(), volume=np.full(40, 40)), START, START + 39 * DAY)


def test_the_change_of_a_year_does_not_count_from_an_outlier() -> None:
    row = of_candles(spiked(lead=21), START + 21 * DAY, START + 39 * DAY)
    assert row["previous"] == 1_001
    assert [close["price"] for close in row["outliers"]] == [45_000]
    assert row["unscreened"]["previous"] == 45_000


def test_a_change_does_not_count_from_a_close_long_before_the_window() -> None:
    fresh = of_candles(daily([80, 100, 120], [0, 10, 12], lead=1), START + 9 * DAY, START + 18 * DAY)
    assert (fresh["percent_change"], fresh["previous"]) == (pytest.approx(50), 80)
    stale = of_candles(daily([80, 100, 120], [0, 20, 22], lead=1), START + 19 * DAY, START + 28 * DAY)
    assert (stale["percent_change"], stale["previous"]) == (None, None)


def written(row: Row) -> str:
    found = note(row)
    assert found is not None
    return "".join(found.children)


def test_the_note_lists_what_was_left_out_and_what_it_would_change() -> None:
    row = of_candles(spiked(), START, START + 39 * DAY) | {"price_scale": 100, "currency": "USD"}
    text = written(row)
    day = f"{datetime.fromtimestamp(START + 20 * DAY, UTC):%-d %b %Y, %H:%M} UTC"
    assert f"1 close left out as an outlier: $450.00 on {day}." in text
    assert "max drawdown 97.8" in text
    assert "change" not in text, "it is the same with the outlier"
    assert note({"outliers": None}) is None
    many = {**row, "outliers": row["outliers"] * 5}
    assert "5 closes left out as outliers" in written(many)
    assert "and 2 before" in written(many)


def test_the_chart_marks_outliers_and_its_bands_do_not_count_them() -> None:
    item = {"id": 1, "market_hash_name": "A", "price_scale": 100, "currency": "USD"}
    data = chart_data(spiked(lead=19), item, "steam", "1y", 0.0)
    assert data["outliers"] == [1]
    assert data["close"][1] == 45_000
    assert max(value for value in data["upper"] if value is not None) < 1_100
    late = chart_data(spiked(lead=25), item, "steam", "1y", 0.0)
    assert late["outliers"] == []
    assert 45_000 not in late["before"]
