"""Rows as Steam has been seen to give them, and as it should never give them."""

from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from app.providers.base import ProviderError
from app.providers.http.client import MarketHttp
from app.providers.http.limiter import RateLimiter
from app.providers.http.replies import Reply
from app.providers.steam.items import image_url, rarity_and_type
from app.providers.steam.search import ENDPOINTS, unwrap

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "rarity", "item_type"),
    [
        ("Classified Rifle", "Classified", "Rifle"),
        ("★ Covert Knife", "Covert", "Knife"),
        ("★ StatTrak™ Covert Knife", "Covert", "Knife"),
        ("StatTrak™ Mil-Spec Grade SMG", "Mil-Spec Grade", "SMG"),
        ("Souvenir Consumer Grade Pistol", "Consumer Grade", "Pistol"),
        ("★ Extraordinary Gloves", "Extraordinary", "Gloves"),
        ("Base Grade Container", "Base Grade", "Container"),
        ("StatTrak™ High Grade Music Kit", "High Grade", "Music Kit"),
        ("Master Agent", "Master", "Agent"),
        ("Sniper Rifle", None, "Sniper Rifle"),
        ("", None, None),
        (None, None, None),
        (5, None, None),
    ],
)
def test_type_texts(text: Any, rarity: str | None, item_type: str | None) -> None:
    assert rarity_and_type(text) == (rarity, item_type)


@pytest.mark.parametrize("icon", [None, "", "../../x", "a b", 'x"onerror=', "a" * 2000, 5])
def test_what_is_no_icon_gives_no_picture(icon: Any) -> None:
    assert image_url(icon) is None


def test_the_buyer_s_price_of_the_new_search_includes_both_fees() -> None:
    row = {
        "strHash": "A",
        "cSellOrders": 5,
        "eCurrency": 1,
        "strMinSellSubtotal": "$5.70",
        "unSteamFee": 28,
        "unPublisherFee": 57,
    }
    quote = ENDPOINTS["query"].quote(row, NOW)
    assert quote is not None
    assert quote.price == 655
    with pytest.raises(ValueError, match="not USD"):
        ENDPOINTS["query"].quote({**row, "eCurrency": 5}, NOW)
    assert ENDPOINTS["query"].quote({**row, "strMinSellSubtotal": ""}, NOW) is None


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"hash_name": "A"},
        {"hash_name": "A", "sell_price": "1.5"},
        {"hash_name": "A", "sell_price": -3},
        {"hash_name": "A", "sell_price": 1.5},
        {"hash_name": "A", "sell_price": 3, "sell_listings": "many"},
        {"hash_name": ["A"], "sell_price": 3},
        {"hash_name": "A", "sell_price": 3, "asset_description": {"appid": 440}},
    ],
)
def test_rows_that_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ENDPOINTS["legacy"].quote(row, NOW)


def test_a_row_without_a_description_still_has_its_price() -> None:
    quote = ENDPOINTS["legacy"].quote({"hash_name": "A", "sell_price": 3, "asset_description": []}, NOW)
    assert quote is not None
    assert (quote.price, quote.image_url, quote.rarity, quote.listings) == (3, None, None, None)


@pytest.mark.parametrize("success", [False, 2, 16, "no", [], {}])
def test_a_reply_that_is_no_success_is_refused(success: Any) -> None:
    http = MarketHttp("steam", "http://127.0.0.1:9", limiter=RateLimiter(0, 0.0))
    body = orjson.dumps({"success": success, "data": {}})
    with pytest.raises(ProviderError, match="success is"):
        unwrap(http, Reply("steam: GET /x", 200, httpx.Headers(), body, NOW))
