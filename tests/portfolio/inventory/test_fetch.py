import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from app.portfolio.inventory.errors import InventoryError, Reason
from app.portfolio.inventory.fetch import Inventory, InventoryRef, fetch_inventory
from app.portfolio.inventory.null_replies import NullReplies
from app.portfolio.inventory.phases import phase
from app.providers.http.client import MarketHttp
from app.providers.http.limiter import RateLimiter
from db.portfolio.holdings import Asset
from tests.portfolio.conftest import ME, QUICK, Bench
from tests.upstream.app import UpstreamApp
from tests.upstream.inventory import FOLDER, GERMAN, PAGED, Owner, german, invented, old, paged

DOPPLER = "★ Karambit | Doppler (Factory New)"
recorded = pytest.mark.skipif(not FOLDER.exists(), reason="the recorded inventories are absent")


def fetch(url: str, place: InventoryRef, count: int = 2000) -> tuple[Inventory, list[tuple[int, int | None]]]:
    steps: list[tuple[int, int | None]] = []

    async def run() -> Inventory:
        http = MarketHttp("steam", url, limiter=RateLimiter(0, 60), options=QUICK)
        try:
            return await fetch_inventory(
                http, place, count=count, progress=lambda *step: steps.append(step), nulls=NullReplies()
            )
        finally:
            await http.aclose()

    return asyncio.run(run()), steps


@recorded
def test_the_german_inventory_is_complete(desk: Bench) -> None:
    result = desk.run(german())
    # By hand, from the file: 395 assets of 87 descriptions, 28 of them coins, medals and XP that cannot be sold.
    assert (result["imported_assets"], result["added"], result["not_marketable"], result["hidden"]) == (395, 395, 28, 0)
    names = Counter(name for _, name, _ in desk.holdings())
    assert sum(names.values()) == 395
    assert names["Paris 2023 Contenders Sticker Capsule"] == 80  # "Aufkleberkapsel …" on the page, English here
    assert not any("Aufkleber" in name or "Behälter" in name for name in names)


@recorded
def test_the_old_format_is_complete(desk: Bench) -> None:
    result = desk.run(old())
    assert (result["imported_assets"], result["not_marketable"]) == (69, 4)
    rows = desk.importer.database.rows(
        "SELECT market_hash_name, tradable_after FROM user_portfolio_holdings WHERE marketable AND NOT tradable ORDER BY 1"
    )
    assert [row["market_hash_name"] for row in rows] == [
        "CZ75-Auto | Victoria (Minimal Wear)",
        "Glock-18 | Weasel (Field-Tested)",
        "USP-S | Kill Confirmed (Well-Worn)",
    ]
    assert all(row["tradable_after"].isoformat() == "2016-10-30T07:00:00+00:00" for row in rows)


@pytest.mark.slow
@recorded
def test_77_073_items_on_39_pages(steam: UpstreamApp, steam_url: str) -> None:
    steam.world.inventories[PAGED] = paged()
    found, steps = fetch(steam_url, InventoryRef(PAGED, 753, 6))
    assert len(found.assets) == len({asset.steam_asset_id for asset in found.assets}) == 77_073
    assert found.hidden == 0
    assert len(steps) == 39
    assert steps[0] == (2000, 77_073)
    # One stack of 4,780 gems, everything else single.
    assert sum(asset.quantity for asset in found.assets) == 77_073 - 1 + 4_780


def missing_middle(owner: Owner) -> None:
    owner.serve = lambda page: page + (page == 5)


def missing_short_end(owner: Owner) -> None:
    owner.pages = [*owner.pages[:37], {key: value for key, value in owner.pages[37].items() if "more" not in key}]


def jump_to_the_end(owner: Owner) -> None:
    owner.serve = lambda page: page if page < 2 else 38


def repeated(owner: Owner) -> None:
    owner.serve = lambda page: page if page < 4 else page - 1


def out_of_order(owner: Owner) -> None:
    owner.serve = lambda page: {3: 4, 4: 3}.get(page, page)


def throttled(owner: Owner) -> None:
    owner.answers[15] = (429, b"null")


def throttled_quietly(owner: Owner) -> None:
    owner.answers[15] = (200, b"null")


def empty_in_between(owner: Owner) -> None:
    owner.answers[7] = (200, json.dumps({**owner.pages[7], "assets": []}).encode())


def cut(owner: Owner) -> None:
    owner.answers[20] = (200, json.dumps(owner.pages[20]).encode()[:-500])


def grown(owner: Owner) -> None:
    owner.answers[9] = (200, json.dumps({**owner.pages[9], "total_inventory_count": 77_074}).encode())


@pytest.mark.slow
@recorded
@pytest.mark.parametrize(
    ("spoil", "reason", "words"),
    [
        (missing_middle, Reason.INCOMPLETE, "75,073 of 77,073 items, and pages are missing"),
        (missing_short_end, Reason.INCOMPLETE, "76,000 of 77,073 items, and pages are missing"),
        (jump_to_the_end, Reason.INCOMPLETE, "5,073 of 77,073 items, and pages are missing"),
        (repeated, Reason.INCOMPLETE, "repeated or out of order"),
        (out_of_order, Reason.INCOMPLETE, "missing"),
        (throttled, Reason.THROTTLED, "takes no more requests"),
        (throttled_quietly, Reason.THROTTLED, "takes no more requests"),
        (empty_in_between, Reason.INCOMPLETE, "an empty page"),
        (cut, Reason.MALFORMED, "no inventory"),
        (grown, Reason.CHANGED, "changed while it was read"),
    ],
)
def test_spoiled_pages_end_in_a_clear_error(
    steam: UpstreamApp, steam_url: str, spoil: Any, reason: Reason, words: str
) -> None:
    owner = paged()
    spoil(owner)
    steam.world.inventories[PAGED] = owner
    with pytest.raises(InventoryError, match=words) as caught:
        fetch(steam_url, InventoryRef(PAGED, 753, 6))
    assert caught.value.reason is reason
    assert "as they were" in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize(
    ("status", "body", "reason", "words"),
    [
        (403, b"null", Reason.PRIVATE, "Privacy Settings"),
        (401, b"null", Reason.PRIVATE, "Privacy Settings"),
        (404, b"null", Reason.NOT_FOUND, "no such account"),
        (400, b"null", Reason.MALFORMED, "status 400"),
        (429, b"null", Reason.THROTTLED, "try again in"),
        (200, b"null", Reason.THROTTLED, "try again in"),
        (500, b'{"error":"EYldRefreshAppIfNecessary failed with EResult 55 (55)"}', Reason.UNAVAILABLE, "few minutes"),
        (502, b"<html>Bad Gateway</html>", Reason.UNAVAILABLE, "status 502"),
        (503, b"<html>maintenance</html>", Reason.UNAVAILABLE, "status 503"),
        (200, b"<!DOCTYPE html><html>maintenance</html>", Reason.MALFORMED, "maintenance"),
        (302, b"", Reason.MALFORMED, "no inventory"),
        (200, b'{"success":1,"assets":[{"assetid":"1","clas', Reason.MALFORMED, "no inventory"),
        (200, b'{"success":false,"Error":"This profile is private."}', Reason.PRIVATE, "This profile is private"),
        (200, b'{"success":1,"assets":[{"assetid":"1"}]}', Reason.MALFORMED, "not understood"),
        (200, b'{"success":1,"assets":[{"assetid":"1","classid":"9","amount":"-3"}]}', Reason.MALFORMED, "amount -3"),
        (200, b"[1,2,3]", Reason.MALFORMED, "no inventory"),
    ],
)
def test_every_error_says_what_to_do_and_changes_nothing(
    desk: Bench, at: int, status: int, body: bytes, reason: Reason, words: str
) -> None:
    desk.run(invented(2500))
    before = desk.holdings()
    owner = invented(2500, start=2 * 10**10)
    owner.answers[at] = (status, body)
    with pytest.raises(InventoryError, match=words) as caught:
        desk.run(owner)
    if not (at and status == 200 and reason is Reason.MALFORMED):
        assert caught.value.reason is reason
    assert desk.holdings() == before
    assert len(before) == 2500


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "reason"), [
    ("cloudflare", Reason.UNAVAILABLE), ("truncated", Reason.UNAVAILABLE), ("silence", Reason.UNAVAILABLE),
    ("endless", Reason.TOO_LARGE), ("bomb", Reason.TOO_LARGE), ("garbage", Reason.TOO_LARGE), ("redirect", Reason.MALFORMED),
    ("html", Reason.MALFORMED), ("cut", Reason.MALFORMED), ("429", Reason.THROTTLED), ("500", Reason.UNAVAILABLE),
])  # fmt: skip
def test_faults_of_the_wire_change_nothing(desk: Bench, kind: str, reason: Reason) -> None:
    desk.run(invented(30))
    before = desk.holdings()
    desk.steam.faults.add(kind, "inventory", size=20_000_000, seconds=6.0)
    with pytest.raises(InventoryError) as caught:
        desk.run(invented(30, start=3 * 10**10))
    assert caught.value.reason is reason
    assert desk.holdings() == before


def test_a_count_over_the_cap_is_asked_again_without_one(desk: Bench) -> None:
    desk.importer = type(desk.importer)(
        desk.importer.database, desk.importer.redis, type(desk.importer.options)(desk.importer.options.steam_url, page_size=5000,
        requests_per_minute=0, http=QUICK))  # fmt: skip
    assert desk.run(invented(10))["imported_assets"] == 10
    assert ["count" in request.query for request in desk.steam.asked("/inventory/")] == [True, False]


def test_empty_and_hidden_inventories(desk: Bench) -> None:
    empty = Owner([{"success": 1, "total_inventory_count": 0, "rwgrsn": -2}])
    assert desk.run(empty)["imported_assets"] == 0
    # Only items on hold: a total, but no assets.
    assert desk.run(Owner([{"success": 1, "total_inventory_count": 7, "rwgrsn": -2}]))["hidden"] == 7
    some = invented(10)
    some.pages = [{**some.pages[0], "total_inventory_count": 12}]
    result = desk.run(some)
    assert (result["imported_assets"], result["hidden"]) == (10, 2)
    assert "hides 2 more" in str(result["message"])
    # The old format says nothing of a total, and has arrays where objects are empty.
    assert (
        desk.run(Owner([{"success": True, "rgInventory": [], "rgDescriptions": [], "more": False}]), drop=10)["removed"]
        == 10
    )


def test_the_old_format_in_pages(desk: Bench) -> None:
    kinds = {
        "5_0": {"classid": "5", "instanceid": "0", "market_hash_name": "Glove Case", "marketable": 1, "tradable": 1}
    }
    pages: list[Any] = [
        {"success": True, "rgInventory": {str(number): {"id": str(number), "classid": "5", "instanceid": "0", "amount": "2"}},
         "rgDescriptions": kinds, "more": number == 1, "more_start": 1 if number == 1 else False}
        for number in (1, 2)
    ]  # fmt: skip
    desk.run(Owner(pages))
    assert desk.holdings() == [("1", "Glove Case", 2), ("2", "Glove Case", 2)]


def test_details_are_kept(desk: Bench) -> None:
    reply = {
        "success": 1, "total_inventory_count": 2, "rwgrsn": -2,
        "assets": [{"assetid": "7", "classid": "1", "instanceid": "2", "amount": "1"},
                   {"assetid": "8", "classid": "1", "instanceid": "2", "amount": "3"}],
        "descriptions": 2 * [{"classid": "1", "instanceid": "2", "market_hash_name": DOPPLER, "marketable": 1, "tradable": 0,
                              "icon_url": "abc"}],
        "asset_properties": [{"assetid": "7", "asset_properties": [
            {"propertyid": 1, "name": "Pattern Template", "int_value": "706"}, {"propertyid": 2, "name": "Wear Rating", "float_value": "0.0117"},
            {"propertyid": 5, "string_value": "mine"}, {"propertyid": 7, "int_value": "415"}]}],
    }  # fmt: skip
    desk.run(Owner([reply]))
    first, second = desk.importer.database.rows("SELECT * FROM user_portfolio_holdings ORDER BY steam_asset_id")
    kept = [
        first[name] for name in ("paint_seed", "float_value", "name_tag", "phase", "tradable", "marketable", "icon")
    ]
    assert kept == [706, 0.0117, "mine", "Ruby", False, True, "abc"]
    assert (second["quantity"], second["paint_seed"], second["float_value"], second["phase"]) == (3, None, None, None)


def test_an_import_replaces_and_reports(desk: Bench) -> None:
    first = desk.run(invented(100))
    assert (first["added"], first["removed"], first["unpriced"]) == (100, 0, 100)
    born = desk.importer.database.row("SELECT min(created_at) AS at FROM user_portfolio_holdings")
    second = desk.run(invented(100, start=10**10 - 40))
    assert (second["added"], second["removed"]) == (40, 40)
    again = desk.importer.database.row(
        "SELECT min(created_at) AS at, min(imported_at) AS seen FROM user_portfolio_holdings"
    )
    assert born
    assert again
    assert again["at"] == born["at"] < again["seen"]  # what stayed keeps its first day
    record = desk.importer.database.row("SELECT * FROM user_portfolio_imports")
    assert record
    assert (record["imported_assets"], record["added"], record["removed"], record["steam_id"]) == (
        100,
        40,
        40,
        ME,
    )


@recorded
def test_a_public_profile_is_valued_without_a_trace(desk: Bench) -> None:
    desk.steam.world.inventories[GERMAN] = german()
    for text in (
        GERMAN,
        "sammler",
        f"https://steamcommunity.com/profiles/{GERMAN}/",
        "https://steamcommunity.com/id/sammler/inventory",
    ):
        steam_id, found = desk.importer.inventory_of(text)
        assert (steam_id, len(found.assets)) == (GERMAN, 395)
    assert desk.holdings() == []


def test_phases() -> None:
    name = "★ Flip Knife | Gamma Doppler (Minimal Wear)"
    assert [phase(name, index) for index in (568, 572, None, 1)] == ["Emerald", "Phase 4", None, None]
    assert phase("AK-47 | Redline (Field-Tested)", 415) is None


def test_an_asset_is_what_the_table_holds(desk: Bench) -> None:
    desk.run(invented(1))
    row = desk.importer.database.row("SELECT * FROM user_portfolio_holdings")
    assert row
    assert set(Asset.__dataclass_fields__) <= set(row)
