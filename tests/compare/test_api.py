"""Comparisons over the API: hand-made quotes, a pair beside an item, what has too little, what is asked wrongly."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from flask.testing import FlaskClient

from app.providers.base import Batch
from app.runtime import Runtime
from db.candles import store, symbols
from db.candles.columns import CandleColumns
from db.candles.symbols import PairRow
from jobs.ingest import Ingest, Report
from tests.api.conftest import NAMES, quote

NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = 60
GAP = range(30, 45)


def price(item: int, day: int) -> int:
    """In cents, `day` days ago: the first item swings, the second as the first but twice as far."""
    return 10_000 + (100 if day % 2 else 0) * (item + 1)


def known(runtime: Runtime) -> dict[str, int]:
    rows = runtime.services.database.rows("SELECT id, market_hash_name FROM items")
    return {row["market_hash_name"]: row["id"] for row in rows}


@pytest.fixture
def ids(runtime: Runtime) -> list[int]:
    """Two items with a price a day for 60 days, the second with a hole, and one that has prices since yesterday."""
    runtime.start()
    held = runtime.services
    quotes = [quote(NAMES[0], price(0, day), TODAY - timedelta(days=day)) for day in range(DAYS)]
    quotes += [quote(NAMES[1], price(1, day), TODAY - timedelta(days=day)) for day in range(DAYS) if day not in GAP]
    quotes += [quote(NAMES[2], 500, TODAY - timedelta(days=day)) for day in range(2)]
    Ingest(held.database, held.redis, heartbeat=timedelta(0)).store("steam", Batch(quotes), Report("steam", TODAY))
    found = known(runtime)
    return [found[name] for name in NAMES]


def add_pair(runtime: Runtime) -> int:
    """A pair that doubled in 60 days, in another currency."""
    begin = int((TODAY - timedelta(days=DAYS - 1)).timestamp())
    time = begin + 86_400 * np.arange(DAYS, dtype=np.int64)
    close = np.rint(np.linspace(1_000, 2_000, DAYS)).astype(np.int64)
    candles = CandleColumns(time, close, close, close, close, np.full(DAYS, 5), np.full(DAYS, 9))
    with runtime.services.database.connection() as connection, connection.transaction():
        row = PairRow("AUSDT", "A", "USDT", 100, 1, "trading", None)
        item = symbols.save(connection, "binance:spot", "binance", [row])["AUSDT"]
        store.store_item(connection, "binance", item, candles, interval="1d")
    return item


def test_two_items_are_100_where_both_begin(client: FlaskClient, ids: list[int]) -> None:
    found = client.get(f"/api/v1/compare?ids={ids[0]},{ids[1]}&window=90d").get_json()
    first = TODAY - timedelta(days=DAYS - 1)
    # 60 of 91 days: both begin in the first half.
    assert (found["window"], found["interval"], found["since"]) == ("90d", "1d", f"{first:%Y-%m-%d}T00:00:00Z")
    assert len(found["time"]) == DAYS
    assert found["time"][0] == first.timestamp()
    one, other = found["items"]
    assert (one["item_id"], one["source"], one["currency"], one["n"]) == (ids[0], "steam", "USD", DAYS)
    assert one["levels"][:3] == pytest.approx([100, 100 * 10_000 / 10_100, 100]), "59 days ago was an odd day"
    assert one["percent_change"] == pytest.approx(100 * (10_000 / 10_100 - 1))
    assert one["max_drawdown"] == pytest.approx(1 - 10_000 / 10_100)
    assert one["age"] >= 0
    assert other["n"] == DAYS - len(GAP)
    holes = [at for at, level in enumerate(other["levels"]) if level is None]
    assert holes == [DAYS - 1 - day for day in reversed(GAP)]
    assert other["gaps_after"] == [holes[0] - 1]
    assert found["left_out"] == []


def test_correlations_say_how_many_returns_they_are_of(client: FlaskClient, ids: list[int]) -> None:
    found = client.get(f"/api/v1/compare?ids={ids[0]},{ids[1]}&window=90d").get_json()["correlation"]
    both = DAYS - len(GAP) - 2
    assert (found["returns"], found["least"], found["item_ids"]) == ("1d", 20, ids[:2])
    assert found["n"] == [[DAYS - 1, both], [both, both]]
    assert found["matrix"][0][1] == found["matrix"][1][0] == pytest.approx(1, abs=1e-3)
    assert [found["matrix"][at][at] for at in range(2)] == pytest.approx([1, 1])
    short = client.get(f"/api/v1/compare?ids={ids[0]},{ids[1]}&window=24h").get_json()
    assert short["correlation"]["matrix"] in ([], [[None]], [[None, None], [None, None]])


def test_what_has_too_little_is_named_with_what_it_has(client: FlaskClient, ids: list[int]) -> None:
    found = client.get(f"/api/v1/compare?ids={','.join(map(str, ids))}&window=90d").get_json()
    assert [item["item_id"] for item in found["items"]] == ids[:2]
    yesterday = TODAY - timedelta(days=1)
    expected = {
        "item_id": ids[2],
        "market_hash_name": NAMES[2],
        "closes": 2,
        "first": f"{yesterday:%Y-%m-%d}T00:00:00Z",
    }
    assert found["left_out"] == [expected]
    alone = client.get(f"/api/v1/compare?ids={ids[2]}&window=90d").get_json()
    assert (alone["since"], alone["items"][0]["n"], alone["left_out"]) == (expected["first"], 2, []), (
        "with itself it can be"
    )


def test_one_close_is_nothing_to_compare(client: FlaskClient, runtime: Runtime, ids: list[int]) -> None:
    held = runtime.services
    Ingest(held.database, held.redis, heartbeat=timedelta(0)).store(
        "steam", Batch([quote("Fracture Case", 50, TODAY)]), Report("steam", TODAY)
    )
    lone = known(runtime)["Fracture Case"]
    found = client.get(f"/api/v1/compare?ids={lone}&window=90d").get_json()
    assert (found["since"], found["time"], found["items"], found["correlation"]["matrix"]) == (None, [], [], [])
    assert [one["closes"] for one in found["left_out"]] == [1]


def test_a_pair_stands_beside_an_item_in_its_own_currency(
    client: FlaskClient, runtime: Runtime, ids: list[int]
) -> None:
    pair = add_pair(runtime)
    found = client.get(f"/api/v1/compare?ids={pair},{ids[0]}&window=90d").get_json()
    assert [(item["item_id"], item["currency"]) for item in found["items"]] == [(pair, "USDT"), (ids[0], "USD")]
    assert found["items"][0]["percent_change"] == pytest.approx(100)
    assert found["items"][0]["max_drawdown"] == 0


def test_the_index_is_that_of_the_market(client: FlaskClient, ids: list[int]) -> None:
    found = client.get(f"/api/v1/compare?ids={ids[0]},{ids[1]}&window=90d").get_json()
    [index] = found["indices"]
    assert (index["market"], index["name"], index["levels"][0]) == ("steam:730", "CS2 index", 100)
    item = found["items"][0]
    assert item["index_n"] == DAYS - 1
    assert item["index_correlation"] == pytest.approx(1, abs=0.02), "it swings with the basket that it is part of"
    assert item["beta"] > 0
    short = client.get(f"/api/v1/compare?ids={ids[0]},{ids[1]}&window=7d").get_json()
    assert all(one["beta"] is None and one["index_correlation"] is None for one in short["items"])


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("ids=1,x", 400, "ids"),
        ("ids=1,2,3,4,5,6,7,8,9,10,11", 400, "more than 10"),
        ("ids=4000000000", 400, "no item"),
        ("ids=1&window=2d", 400, "window"),
        ("", 400, "ids"),
        ("ids=999999", 404, "999999"),
    ],
)
def test_what_is_asked_wrongly(client: FlaskClient, ids: list[int], query: str, status: int, word: str) -> None:
    reply = client.get(f"/api/v1/compare?{query}")
    assert (reply.status_code, word in reply.get_json()["error"]) == (status, True)
