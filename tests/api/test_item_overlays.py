"""Indicators and price levels of items, along the bars that their chart draws."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.providers.base import Batch, Quote, VolumeKind
from app.runtime import Runtime
from jobs.ingest import Ingest, Report

NAME = "AK-47 | Redline (Field-Tested)"
HOURS = 60
GAP = range(20, 25)
"""Hours before now in which nobody quoted."""


@pytest.fixture
def item(client: FlaskClient, runtime: Runtime) -> int:
    """An item with a quote an hour, but for some."""
    held = runtime.services
    now = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(hours=1)
    quotes = [
        Quote(NAME, "steam", price(hour), now - timedelta(hours=hour), volume=3, volume_kind=VolumeKind.INTERVAL)
        for hour in range(HOURS)
        if hour not in GAP
    ]
    Ingest(held.database, held.redis, heartbeat=timedelta(0)).store("steam", Batch(quotes), Report("steam", now))
    found: int = client.get(f"/api/v1/items?search={NAME.split(maxsplit=1)[0]}").get_json()[0]["id"]
    return found


def price(hour: int) -> int:
    """Cents, so many hours before the newest."""
    return 2000 + 10 * (hour % 7)


def test_indicators_of_an_item_begin_anew_behind_a_gap(client: FlaskClient, item: int) -> None:
    found = client.get(f"/api/v1/items/{item}/indicators?name=sma:5,rsi&window=7d").get_json()
    assert (found["window"], found["source"], len(found["time"])) == ("7d", "steam", HOURS - len(GAP))
    sma = found["indicators"]["sma:5"]["sma"]
    assert sma[-1] == pytest.approx(sum(price(hour) for hour in range(5)) / 500)
    before, behind = sma[: HOURS - GAP.stop], sma[HOURS - GAP.stop :]
    assert before[4:] == [pytest.approx(value) for value in before[4:]]
    assert None not in before[4:]
    assert behind[:4] == [None] * 4
    assert None not in behind[4:]


def test_levels_of_an_item(client: FlaskClient, item: int) -> None:
    found = client.get(f"/api/v1/items/{item}/levels").get_json()
    assert (found["source"], found["price_scale"]) == ("steam", 100)
    assert (found["all_time"]["ath"], found["all_time"]["atl"], found["all_time"]["current_price"]) == (
        2060,
        2000,
        2000,
    )
    assert found["all_time"]["fib_levels"]["50"] == 2030
    assert set(found["periods"]) == {"day", "week", "month", "year"}
    assert (found["periods"]["year"]["high"] or found["periods"]["year"]["previous"]["high"]) == 2060


def test_a_source_that_quotes_nothing_has_no_levels(client: FlaskClient, item: int) -> None:
    assert client.get(f"/api/v1/items/{item}/levels?source=skinport").status_code == 404
    none = client.get(f"/api/v1/items/{item}/indicators?name=sma&source=skinport").get_json()
    assert (none["time"], none["indicators"]) == ([], {"sma": {"sma": []}})
