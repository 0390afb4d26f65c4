from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.providers.priceempire import PriceempireProvider, steam_name
from app.providers.registry import ProviderSettings

KEY = "123e4567-e89b-42d3-a456-426614174000"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("key", [None, "", "secret", "123e4567-e89b-12d3-a456-426614174000", KEY + "0"])
def test_a_key_that_is_no_uuid_v4_is_refused_at_once(key: str | None) -> None:
    with pytest.raises(ValueError, match="TRACERA_PRICEEMPIRE_KEY") as caught:
        PriceempireProvider(ProviderSettings(key=key))
    assert key is None or not key or key not in str(caught.value)


def test_the_whole_market(upstream: Any, cycle: Callable[..., Any]) -> None:
    result = cycle(upstream.provider("priceempire"))
    assert {quote.market_hash_name: quote.price for quote in result.quotes} == {
        item.name: item.price for item in upstream.world.items
    }
    assert {quote.source for quote in result.quotes} == {"priceempire"}
    assert {quote.quoted_at for quote in result.quotes} == {datetime(2026, 11, 20, 12, 13, 7, 393000, tzinfo=UTC)}
    (request,) = upstream.app.seen
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.query == {"app_id": "730", "sources": "buff163", "currency": "USD"}


def row(*prices: dict[str, Any], name: str = "A") -> dict[str, Any]:
    return {"market_hash_name": name, "prices": list(prices)}


def offer(market: str, price: Any, **more: Any) -> dict[str, Any]:
    return {"provider_key": market, "price": price, "count": 4, "updated_at": "2026-11-20T10:00:00Z", **more}


def provider(*sources: str) -> PriceempireProvider:
    return PriceempireProvider(ProviderSettings(key=KEY, extras={"sources": ",".join(sources)}))


def test_the_first_listed_source_with_a_price() -> None:
    both = provider("buff163", "steam")
    first = both._quote(row(offer("steam", 500), offer("buff163", 400)), NOW)
    second = both._quote(row(offer("steam", 500), offer("buff163", None)), NOW)
    assert first is not None
    assert second is not None
    assert (first.price, second.price) == (400, 500)
    assert (first.source, first.listings, first.quoted_at.hour) == ("priceempire", 4, 10)
    assert both._quote(row(offer("skinport", 5)), NOW) is None
    assert both._quote(row(offer("buff163", 0)), NOW) is None


def test_a_missing_time_is_that_of_the_reply() -> None:
    quote = provider()._quote(row(offer("buff163", 5, updated_at=None)), NOW)
    assert quote is not None
    assert quote.quoted_at == NOW


@pytest.mark.parametrize(
    "wrong",
    [
        {"market_hash_name": "A"},
        row(offer("buff163", 1.5)),
        row(offer("buff163", 5, updated_at="yesterday")),
        row(offer("buff163", 5, count=-1)),
        {"market_hash_name": "A", "prices": [5]},
        row(offer("buff163", 5), name="AK-47 | Case Hardened (Factory New) - Blue Gem"),
    ],
)
def test_rows_that_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        provider()._quote(wrong, NOW)


def test_strange_provider_keys_are_passed_over() -> None:
    quote = provider()._quote(row({"provider_key": ["x"], "price": 1}, offer("buff163", 7)), NOW)
    assert quote is not None
    assert quote.price == 7


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("★ Talon Knife | Doppler (Factory New) - Ruby", "★ Talon Knife | Doppler (Factory New)"),
        ("Glock-18 | Gamma Doppler (Minimal Wear) - Phase 3", "Glock-18 | Gamma Doppler (Minimal Wear)"),
        ("AK-47 | Redline (Field-Tested)", "AK-47 | Redline (Field-Tested)"),
        ("Sticker | A - B", "Sticker | A - B"),
    ],
)
def test_names_as_steam_has_them(name: str, expected: str) -> None:
    assert steam_name(name) == expected


def test_phases_of_one_name_become_one_quote(upstream: Any, cycle: Callable[..., Any]) -> None:
    names = [quote.market_hash_name for quote in cycle(upstream.provider("priceempire")).quotes]
    assert len(names) == len(set(names)) == 60


def test_a_refused_key_says_so(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.app.faults.add("denied")
    error = cycle(upstream.provider("priceempire")).error
    assert (error.kind, error.status) == ("auth", 401)
    assert "Invalid API key" in str(error)
