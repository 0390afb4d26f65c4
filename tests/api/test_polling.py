"""How often each provider reads an item, as JSON."""

from datetime import UTC, datetime, timedelta

import numpy as np
from flask.testing import FlaskClient

from app.runtime import Runtime
from db.operations import polling, providers
from db.operations.polling import Planned
from tests.api.conftest import Market

WHOLE, PAGES = ["with everything it lists"], ["with the whole market, page by page"]


def test_an_item_says_how_often_each_provider_reads_it_and_why(
    client: FlaskClient, runtime: Runtime, market: Market
) -> None:
    database, now = runtime.services.database, datetime.now(UTC)
    address = f"/api/v1/items/{market.ids[0]}/polling"
    third = market.ids[2]
    assert client.get(f"/api/v1/items/{third}/polling").get_json() == {"item_id": third, "polls": []}
    for name, interval in (("steam", 60), ("skinport", 300)):
        providers.register(database, name, simulated=False, interval=interval)
    soon = now + timedelta(minutes=3)
    providers.succeeded(database, "skinport", at=now, seconds=1, stored=1, next_attempt=soon)
    planned = Planned(
        item_id=np.array(market.ids[:1]), interval=np.array([480.0]), in_demand=np.array([True]), liquidity=np.array([0.9]),
        volatility=np.array([0.1]),
    )  # fmt: skip
    polling.save(database, "steam", planned, at=now, per_minute=7.5, pass_seconds=28_000)
    polling.polled(database, "steam", market.ids[0], now + timedelta(minutes=1))
    skinport, steam = client.get(address).get_json()["polls"]
    assert (skinport["provider"], skinport["every"], skinport["why"]) == ("skinport", 300, WHOLE)
    assert datetime.fromisoformat(skinport["next"]) == soon
    assert (steam["provider"], steam["every"]) == ("steam", 480)
    assert steam["why"] == ["somebody here holds or watches it", "it trades a lot"]
    assert datetime.fromisoformat(steam["next"]) == now + timedelta(minutes=9)
    other = client.get(f"/api/v1/items/{market.ids[1]}/polling").get_json()["polls"]
    assert other == [{"provider": "steam", "every": 28_000, "next": None, "why": PAGES}]
    (plan,) = client.get("/api/v1/polling").get_json()
    assert (plan["provider"], plan["demanded"], plan["demanded_median"], plan["others"]) == ("steam", 1, 480, 0)
    assert plan["others_median"] is None


def test_a_plan_that_was_given_up_is_none(client: FlaskClient, runtime: Runtime, market: Market) -> None:
    database, empty = runtime.services.database, np.array([])
    planned = Planned(np.array([], dtype=np.int64), empty, np.array([], dtype=np.bool_), empty, empty)
    providers.register(database, "steam", simulated=False, interval=60)
    polling.save(database, "steam", planned, at=datetime.now(UTC) - timedelta(hours=2), per_minute=7.5, pass_seconds=9)
    assert client.get("/api/v1/polling").get_json() == []
    (poll,) = client.get(f"/api/v1/items/{market.ids[0]}/polling").get_json()["polls"]
    assert poll["why"] == WHOLE


def test_there_is_no_plan_at_first(client: FlaskClient, market: Market) -> None:
    assert client.get("/api/v1/polling").get_json() == []
    assert client.get("/api/v1/items/2000000000/polling").status_code == 404
