import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from app.providers.base import ProviderError
from app.providers.csfloat import CsfloatProvider, ListingsPage, _list_of, _listing, _quote
from app.providers.http.replies import Reply
from app.providers.registry import ProviderSettings
from tests.upstream.data import SHARED

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EXAMPLE = SHARED / "doc_examples" / "csfloat_listings_list.json"


def reply(value: Any, **headers: str) -> Reply:
    named = httpx.Headers({key.replace("_", "-"): text for key, text in headers.items()})
    return Reply("csfloat: GET /x", 200, named, orjson.dumps(value), NOW)


def test_the_whole_market(upstream: Any, cycle: Callable[..., Any]) -> None:
    result = cycle(upstream.provider("csfloat"))
    assert {quote.market_hash_name: (quote.price, quote.listings) for quote in result.quotes} == {
        item.name: (item.price, item.listings) for item in upstream.world.items
    }
    assert {quote.source for quote in result.quotes} == {"csfloat"}
    assert upstream.app.seen[0].headers["authorization"] == upstream.settings().key


def test_it_works_without_a_key(upstream: Any, cycle: Callable[..., Any]) -> None:
    provider = CsfloatProvider(ProviderSettings(base_url=upstream.url))
    assert cycle(provider).quotes
    assert "authorization" not in upstream.app.seen[0].headers


@pytest.mark.parametrize("key", ["quantity", "qty"])
def test_both_names_of_the_quantity(key: str) -> None:
    quote = _quote({"market_hash_name": "A", key: 3, "min_price": 260000}, NOW)
    assert quote is not None
    assert (quote.price, quote.listings, quote.quoted_at) == (260000, 3, NOW)


@pytest.mark.parametrize(
    "row",
    [
        {"market_hash_name": "A", "quantity": 0, "min_price": 5},
        {"market_hash_name": "A", "quantity": 1, "min_price": 0},
        {"market_hash_name": "A", "quantity": 1, "min_price": None},
    ],
)
def test_an_item_without_offers_has_no_quote(row: dict[str, Any]) -> None:
    assert _quote(row, NOW) is None


@pytest.mark.parametrize("row", [{"market_hash_name": "A"}, {"market_hash_name": "A", "min_price": 1.5}, {}])
def test_rows_that_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        _quote(row, NOW)


def test_both_shells() -> None:
    assert _list_of(reply([1])) == ([1], None)
    assert _list_of(reply({"data": [1], "cursor": "next"})) == ([1], "next")
    assert _list_of(reply({"data": [1], "cursor": ""})) == ([1], None)
    with pytest.raises(ProviderError, match="no list of rows"):
        _list_of(reply({"listings": []}))


def test_pages_of_listings(upstream: Any) -> None:
    provider = CsfloatProvider(upstream.settings())

    async def run() -> list[ListingsPage]:
        pages = [await provider.listings()]
        while pages[-1].cursor:
            pages.append(await provider.listings(cursor=pages[-1].cursor))
        pages.append(await provider.listings(market_hash_name="★ Karambit"))
        pages.append(await provider.listings(market_hash_name="nobody sells this"))
        await provider.aclose()
        return pages

    first, second, karambit, nothing = asyncio.run(run())
    assert (len(first.listings), len(second.listings)) == (50, 10)
    assert [listing.market_hash_name for listing in karambit.listings] == ["★ Karambit"]
    assert karambit.listings[0].price == upstream.world.by_name["★ Karambit"].price
    assert (nothing.listings, nothing.cursor, nothing.rejected) == ([], None, [])


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the documented examples are not there")
def test_the_documented_listing() -> None:
    listing = _listing(orjson.loads(EXAMPLE.read_bytes())[0], NOW)
    assert (listing.market_hash_name, listing.price, listing.kind) == (
        "M4A4 | Poseidon (Factory New)",
        260000,
        "buy_now",
    )
    assert listing.float_value == pytest.approx(0.02796577662229538)
    assert listing.created_at == datetime(2021, 6, 13, 20, 45, 21, 311794, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "reset", "pause"),
    [
        ("0", "30", 30.0),
        ("0", str(int(NOW.timestamp()) + 45), 45.0),
        ("1", "30", 0.0),
        ("0", "soon", 0.0),
        ("0", "999999", 0.0),
        ("", "", 0.0),
    ],
)
def test_an_exhausted_limit_is_a_pause(left: str, reset: str, pause: float) -> None:
    provider = CsfloatProvider(ProviderSettings())
    provider._obey_limit(reply([], x_ratelimit_remaining=left, x_ratelimit_reset=reset))
    assert provider.http.limiter.paused_for() == pytest.approx(pause, abs=0.5)
