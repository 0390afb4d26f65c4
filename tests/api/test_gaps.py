"""Gaps and outages as JSON."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.providers.base import Batch
from app.runtime import Runtime
from db.operations import outages, providers
from jobs.ingest import Ingest, Report
from tests.api.conftest import NAMES, Market, quote

HOUR = timedelta(hours=1)


@pytest.fixture
def gapped(runtime: Runtime, market: Market) -> Market:
    """The first item has an older day of hourly quotes, seven hours before the market's own; its provider failed for five of them."""
    held = runtime.services
    first = market.now - 54 * HOUR
    older = [quote(NAMES[0], 1000, first - hour * HOUR) for hour in range(24)]
    Ingest(held.database, held.redis, heartbeat=timedelta(0)).store("steam", Batch(older), Report("steam", first))
    providers.register(held.database, "steam", simulated=False, interval=60)
    held.database.execute("UPDATE provider_state SET outages_since = '2020-01-01'")
    outages.begin(held.database, "steam", first + HOUR, cause="throttled", detail="429, too many requests")
    outages.end(held.database, "steam", first + 6 * HOUR)
    return market


def test_an_item_lists_its_gaps_with_their_cause(client: FlaskClient, gapped: Market) -> None:
    found = client.get(f"/api/v1/items/{gapped.ids[0]}/gaps?window=7d").get_json()
    (gap,) = found.pop("gaps")
    assert found == {"item_id": gapped.ids[0], "source": "steam", "window": "7d", "interval": "1h"}
    since, until = (datetime.fromisoformat(gap[name]) for name in ("from", "to"))
    assert until - since == 6 * HOUR
    assert gap["seconds"] == 6 * 3600
    assert (gap["cause"], gap["detail"]) == ("throttled", "429, too many requests")
    assert gapped.now - 54 * HOUR < since <= gapped.now - 53 * HOUR


def test_an_item_without_one_has_none(client: FlaskClient, gapped: Market) -> None:
    assert client.get(f"/api/v1/items/{gapped.ids[1]}/gaps").get_json()["gaps"] == []
    # A single quote has no rhythm.
    assert client.get(f"/api/v1/items/{gapped.ids[0]}/gaps?source=skinport").get_json()["gaps"] == []


def test_an_item_that_nobody_quotes_has_none(client: FlaskClient, runtime: Runtime, market: Market) -> None:
    runtime.services.database.execute("UPDATE items SET reference_source = NULL WHERE id = %s", [market.ids[1]])
    found = client.get(f"/api/v1/items/{market.ids[1]}/gaps").get_json()
    assert (found["source"], found["interval"], found["gaps"]) == (None, None, [])


@pytest.mark.parametrize(("query", "status"), [("?source=buff163", 400), ("?window=1h", 400), ("?source=%00", 400)])
def test_what_makes_no_sense_is_refused(client: FlaskClient, gapped: Market, query: str, status: int) -> None:
    assert client.get(f"/api/v1/items/{gapped.ids[0]}/gaps{query}").status_code == status
    assert client.get("/api/v1/items/2000000000/gaps").status_code == 404


def test_outages_are_listed_newest_first(client: FlaskClient, runtime: Runtime, gapped: Market) -> None:
    database, now = runtime.services.database, datetime.now(UTC)
    outages.begin(database, "skinport", now - 3 * HOUR, cause="auth", detail="no")
    found = client.get("/api/v1/outages").get_json()
    assert [(row["provider"], row["cause"], row["until"] is None) for row in found] == [
        ("skinport", "auth", True),
        ("steam", "throttled", False),
    ]
    assert client.get("/api/v1/outages?limit=1").get_json() == found[:1]
    assert set(found[0]) == {"provider", "since", "until", "cause", "detail"}
