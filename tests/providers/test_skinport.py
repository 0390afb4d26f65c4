import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.providers.skinport import _quote, _version

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ROW = {
    "market_hash_name": "A",
    "version": None,
    "currency": "USD",
    "min_price": 1.33,
    "quantity": 16,
    "updated_at": 1_790_000_000,
}


def test_one_quote_per_name(upstream: Any, cycle: Callable[..., Any]) -> None:
    result = cycle(upstream.provider("skinport"))
    doppler = next(
        quote for quote in result.quotes if quote.market_hash_name == "★ Talon Knife | Doppler (Factory New)"
    )
    item = upstream.world.by_name[doppler.market_hash_name]
    assert doppler.price == item.price  # the cheapest of three phases
    assert doppler.listings == 3 * item.listings
    assert (doppler.source, doppler.currency, doppler.volume, doppler.median) == ("skinport", "USD", None, None)
    names = [quote.market_hash_name for quote in result.quotes]
    assert len(names) == len(set(names))


def test_what_is_out_of_stock_has_no_quote_and_is_no_fault(upstream: Any, cycle: Callable[..., Any]) -> None:
    result = cycle(upstream.provider("skinport"))
    offered = {item.name for item in upstream.world.items if item.seed % 5 or " Doppler (" in item.name}
    assert 0 < len(offered) < 60
    assert {quote.market_hash_name for quote in result.quotes} == offered
    assert result.rejected == []
    assert result.batches[0].done


def test_the_request_is_what_the_market_demands(upstream: Any, cycle: Callable[..., Any]) -> None:
    cycle(upstream.provider("skinport"))
    (request,) = upstream.app.seen
    assert request.query == {"app_id": "730", "currency": "USD", "tradable": "0"}
    assert request.headers["accept-encoding"] == "br"
    assert "authorization" not in request.headers


def test_cloudflare_is_called_by_its_name(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.app.faults.add("cloudflare")
    assert "Cloudflare refuses requests from this address" in str(cycle(upstream.provider("skinport")).error)


def test_the_lowest_version_wins_and_the_newest_time_stands() -> None:
    dear = {**ROW, "version": "Ruby", "min_price": 500.0, "quantity": 1, "updated_at": 1_790_000_500}
    none = {**ROW, "version": "Sapphire", "min_price": None, "quantity": 0, "updated_at": 1_790_000_900}
    quote = _quote([_version(row, NOW) for row in (dear, ROW, none)])
    assert quote is not None
    assert (quote.price, quote.listings) == (133, 17)
    assert quote.quoted_at == datetime.fromtimestamp(1_790_000_500, UTC)
    assert _quote([_version(none, NOW)]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "EUR"},
        {"min_price": "cheap"},
        {"min_price": -1.0},
        {"min_price": []},
        {"quantity": -1},
        {"updated_at": 1_790_000_000_000},
        {"updated_at": None},
        {"market_hash_name": None},
    ],
)
def test_rows_that_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        _version({**ROW, **change}, NOW)


def test_a_renamed_price_is_schema_drift() -> None:
    row = {key: value for key, value in ROW.items() if key != "min_price"}
    with pytest.raises(ValueError, match="A: no min_price"):
        _version({**row, "lowest_price": 1.33}, NOW)


def test_eight_requests_in_five_minutes(upstream: Any) -> None:
    provider = upstream.provider("skinport", requests=8, period=0.5)

    async def run() -> float:
        begun = time.monotonic()
        for _ in range(9):
            async for _batch in provider.fetch({}):
                pass
        await provider.aclose()
        return time.monotonic() - begun

    assert asyncio.run(run()) >= 0.5
