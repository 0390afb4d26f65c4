"""Items on hold, phases, and inventories that lose most of what they had: one answer from import, page and profile."""

from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from app.portfolio.inventory.errors import InventoryError, Reason
from app.portfolio.inventory.trade_holds import hold_end
from tests.portfolio.conftest import ME, Bench, Caller
from tests.upstream.app import UpstreamApp
from tests.upstream.inventory import Owner, invented

KARAMBIT, REDLINE, MEDAL = "★ Karambit | Doppler (Factory New)", "AK-47 | Redline (Field-Tested)", "2021 Service Medal"
HELD = {"type": "html", "value": "Tradable/Marketable After Dec 02, 2026 (8:00:00) GMT"}
END = datetime(2026, 12, 2, 8, tzinfo=UTC)
EMPTY: dict[str, Any] = {"success": 1, "total_inventory_count": 0, "rwgrsn": -2}


def kind(number: int, name: str, *, sellable: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "classid": str(number),
        "instanceid": "0",
        "market_hash_name": name,
        "marketable": sellable,
        "tradable": sellable,
        **more,
    }


def inventory() -> Owner:
    """A Karambit on hold, a Redline, a Redline on hold, two medals on one stack."""
    assets = [(1, 1, "1"), (2, 2, "1"), (3, 3, "1"), (4, 4, "2")]
    kinds = [
        kind(1, KARAMBIT, sellable=0, owner_descriptions=[HELD]),
        kind(2, REDLINE),
        kind(3, REDLINE, sellable=0, owner_descriptions=[HELD]),
        kind(4, MEDAL, sellable=0, market_tradable_restriction=7),
    ]
    return Owner([{
        "success": 1, "total_inventory_count": 4, "rwgrsn": -2, "descriptions": kinds,
        "assets": [{"assetid": str(a), "classid": str(c), "instanceid": "0", "amount": n} for a, c, n in assets],
        "asset_properties": [{"assetid": "1", "asset_properties": [{"propertyid": 7, "int_value": "415"}]}],
    }])  # fmt: skip


@pytest.mark.parametrize(
    ("description", "end"),
    [
        ({"owner_descriptions": [HELD]}, END),
        ({"descriptions": [{"value": " "}, {"value": "Tradable After Dec 02, 2026 (8:00:00) GMT"}]}, END),
        ({"owner_descriptions": [{"value": "This item is trade-protected and cannot be transferred until Dec 02, 2026 (8:00:00) GMT"}]}, END),
        ({"owner_descriptions": [{"value": "Tradable/Marketable After [date]1796198400[/date]"}]}, END),
        ({"cache_expiration": "2026-12-02T08:00:00Z"}, END),
        ({"owner_descriptions": [{"value": "Tradable After Feb 30, 2026 (8:00:00) GMT"}]}, None),
        ({"descriptions": [{"value": "Found on Dec 02, 2026 (8:00:00) GMT"}], "owner_descriptions": ""}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_end_of_a_hold_is_read_in_every_form(description: dict[str, Any], end: datetime | None) -> None:
    assert hold_end(description) == end


def test_one_inventory_has_one_answer(working: None, me: Caller, client: FlaskClient, steam: UpstreamApp) -> None:
    steam.world.inventories[ME] = inventory()
    imported = me.json("POST", "/portfolio/import")
    own = me.json("GET", "/portfolio")
    looked = client.get(f"/api/v1/profiles/value?profile={ME}").json
    assert looked is not None
    assert (imported["not_marketable"], own["not_marketable"], looked["not_marketable"]) == (2, 2, 2)
    assert (own["item_count"], own["total_value"]) == (looked["item_count"], looked["total_value"])
    assert own["unpriced"] == looked["unpriced"] == [REDLINE, KARAMBIT]
    names = ("market_hash_name", "quantity", "total_value", "marketable", "not_marketable", "tradable", "tradable_after",
             "phases", "phase_price_unknown")  # fmt: skip
    rows = [{name: row[name] for name in names} for row in own["holdings"]]
    assert rows == [{name: row[name] for name in names} for row in looked["holdings"]]
    found = {row["market_hash_name"]: row for row in rows}
    assert {name: row["quantity"] for name, row in found.items()} == {KARAMBIT: 1, REDLINE: 2, MEDAL: 2}
    assert found[KARAMBIT]["tradable_after"] == found[REDLINE]["tradable_after"] == "2026-12-02T08:00:00Z"
    assert (found[KARAMBIT]["phases"], found[KARAMBIT]["phase_price_unknown"]) == ({"Ruby": 1}, True)
    assert (found[REDLINE]["phases"], found[MEDAL]["marketable"]) == ({}, False)


def test_what_cannot_be_sold_is_counted_beside_what_can(
    working: None, me: Caller, client: FlaskClient, steam: UpstreamApp
) -> None:
    # Two of one name, one of which has no date and can never be sold.
    steam.world.inventories[ME] = Owner([{
        "success": 1, "total_inventory_count": 2, "rwgrsn": -2, "descriptions": [kind(1, REDLINE), kind(2, REDLINE, sellable=0)],
        "assets": [{"assetid": str(at), "classid": str(at), "instanceid": "0", "amount": "1"} for at in (1, 2)],
    }])  # fmt: skip
    assert me.json("POST", "/portfolio/import")["not_marketable"] == 1
    looked = client.get(f"/api/v1/profiles/value?profile={ME}").json
    assert looked is not None
    for found in (me.json("GET", "/portfolio"), looked):
        assert (found["item_count"], found["not_marketable"]) == (2, 1)


def test_an_inventory_that_is_suddenly_empty_asks_first(
    working: None, me: Caller, steam: UpstreamApp, redis_client: redis.Redis
) -> None:
    steam.world.inventories[ME] = invented(3)
    me.json("POST", "/portfolio/import")
    redis_client.flushdb()  # the cooldown of the last import is over
    steam.world.inventories[ME] = Owner([EMPTY])
    asked = me.json("POST", "/portfolio/import", 409)
    assert (asked["reason"], asked["gone"]) == ("confirm", 3)
    assert "a context that Steam shows to their owner alone" in asked["error"]
    assert me.json("GET", "/portfolio")["item_count"] == 3
    # Asked again with a smaller number than are gone it asks again; nothing waits in between.
    assert me.json("POST", "/portfolio/import?drop=2", 409)["gone"] == 3
    done = me.json("POST", "/portfolio/import?drop=3")
    assert (done["removed"], me.json("GET", "/portfolio")["item_count"]) == (3, 0)


def test_half_may_go_without_a_question_and_more_may_not(desk: Bench) -> None:
    desk.run(invented(100))
    assert desk.run(invented(50))["removed"] == 50
    with pytest.raises(InventoryError, match="no longer shows 26 of your 50 items") as caught:
        desk.run(invented(24))
    assert (caught.value.reason, caught.value.gone, caught.value.status) == (Reason.CONFIRM, 26, 409)
    assert len(desk.holdings()) == 50


def test_a_null_for_one_profile_blocks_no_other(desk: Bench) -> None:
    for at in range(1, 4):
        spoiled = invented(1)
        spoiled.answers[0] = (200, b"null")
        desk.steam.world.inventories[str(76561198000001000 + at)] = spoiled
    desk.steam.world.inventories[ME] = invented(5)
    for _ in range(5):  # the same profile again and again is still one
        with pytest.raises(InventoryError, match="takes no more requests"):
            desk.importer.inventory_of("76561198000001001")
        assert desk.importer._limiter.paused_for() == 0
    assert len(desk.importer.inventory_of(ME)[1].assets) == 5
    for at in range(1, 4):
        with pytest.raises(InventoryError, match="takes no more requests"):
            desk.importer.inventory_of(str(76561198000001000 + at))
    assert desk.importer._limiter.paused_for() > 0
