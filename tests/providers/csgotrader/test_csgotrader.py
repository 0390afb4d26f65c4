from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.providers.csgotrader.files import READERS, Offer
from app.providers.csgotrader.provider import CsgotraderProvider
from app.providers.registry import ProviderSettings

ALL = ",".join(READERS)


def test_every_file_in_its_own_shape(upstream: Any, cycle: Callable[..., Any]) -> None:
    result = cycle(upstream.provider("csgotrader", markets=ALL))
    prices = {item.name: item.price for item in upstream.world.items}
    assert result.error is None
    assert result.rejected == []
    by_source: dict[str, dict[str, int]] = {}
    for quote in result.quotes:
        by_source.setdefault(quote.source, {})[quote.market_hash_name] = quote.price
    assert set(by_source) == {f"csgotrader:{market}" for market in READERS}
    for source, found in by_source.items():
        assert found.items() <= prices.items(), source
        if source != "csgotrader:skinport":  # which leaves out what is out of stock
            assert found == prices, source
    assert [batch.done for batch in result.batches] == [False] * (len(READERS) - 1) + [True]


@pytest.mark.parametrize(
    ("market", "value", "offer"),
    [
        ("steam", {"last_24h": 1.234, "last_7d": 2.0}, Offer(123)),
        ("steam", {"last_24h": None, "last_7d": 2.0}, Offer(None)),
        ("skinport", {"suggested_price": 9.0, "starting_at": 5.55}, Offer(555)),
        ("skinport", {"suggested_price": 9.0, "starting_at": None}, Offer(None)),
        ("buff163", {"starting_at": {"price": 2.5}, "highest_order": {"price": 2.25}}, Offer(250, 225)),
        ("buff163", {"starting_at": {"price": None, "doppler": {"Ruby": 900.0, "Phase 1": 300.5}}}, Offer(30050)),
        ("buff163", {"starting_at": None, "highest_order": None}, Offer(None)),
        ("buff163", {"starting_at": {"price": None, "doppler": {}}, "highest_order": {"price": None}}, Offer(None)),
        ("csfloat", {"price": 3.0, "doppler": {"Ruby": 1.0}}, Offer(300)),
        ("csmoney", {"price": 0}, Offer(None)),
        ("youpin", 4.2, Offer(420)),
        ("youpin", {"price": 4.2}, Offer(420)),
        ("csgotm", "3.450", Offer(345)),
        ("csgotm", None, Offer(None)),
        ("bitskins", {"price": "1.10", "instant_sale_price": None}, Offer(110)),
        ("lootfarm", 0.004, Offer(None)),
        ("swapgg", 7, Offer(700)),
        ("csgoempire", None, Offer(None)),
    ],
)
def test_shapes(market: str, value: Any, offer: Offer) -> None:
    assert READERS[market](value) == offer


@pytest.mark.parametrize(
    ("market", "value"),
    [
        ("steam", 5.0),
        ("steam", {"price": 5.0}),
        ("skinport", {"price": 5.0}),
        ("buff163", {"price": 5.0}),
        ("csfloat", {"value": 1}),
        ("csgotm", "a lot"),
        ("lootfarm", -1),
        ("youpin", [1]),
    ],
)
def test_shapes_that_are_refused(market: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        READERS[market](value)


def test_an_unchanged_file_gives_no_quotes(upstream: Any, cycle: Callable[..., Any]) -> None:
    first = cycle(upstream.provider("csgotrader"))
    again = cycle(upstream.provider("csgotrader"), first.cursor)
    assert len(first.quotes) == 120
    assert again.quotes == []
    assert again.batches[-1].done
    assert again.cursor == first.cursor
    assert upstream.app.seen[-1].headers["if-none-match"].startswith('"buff163')


def test_the_same_content_under_a_new_etag_is_still_unchanged(upstream: Any, cycle: Callable[..., Any]) -> None:
    first = cycle(upstream.provider("csgotrader"))
    upstream.world.replace(upstream.world.items, datetime.now(UTC) + timedelta(hours=-1))
    again = cycle(upstream.provider("csgotrader"), first.cursor)
    assert again.quotes == []
    etags = [result.cursor["files"]["steam"]["etag"] for result in (first, again)]
    assert etags[0] != etags[1]


def test_the_time_is_last_modified(upstream: Any, cycle: Callable[..., Any]) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).replace(microsecond=0)
    upstream.world.replace(upstream.world.items, yesterday)
    assert {quote.quoted_at for quote in cycle(upstream.provider("csgotrader")).quotes} == {yesterday}


def test_a_last_modified_that_says_nothing_is_not_believed(
    upstream: Any, cycle: Callable[..., Any], sell: Callable[..., None]
) -> None:
    future = datetime.now(UTC) + timedelta(days=30)
    upstream.world.replace(upstream.world.items, future)
    first = cycle(upstream.provider("csgotrader"))
    assert all(abs(quote.quoted_at - datetime.now(UTC)) < timedelta(minutes=1) for quote in first.quotes)
    # Other content under the same date: then the date is not that of the content.
    stuck = (datetime.now(UTC) - timedelta(days=3)).replace(microsecond=0)
    upstream.world.replace(upstream.world.items, stuck)
    provider = upstream.provider("csgotrader", markets="csfloat")
    before = cycle(provider)
    sell({"A": 5})
    upstream.world.replace(upstream.world.items, stuck)
    after = cycle(provider, before.cursor)
    assert {quote.quoted_at for quote in before.quotes} == {stuck}
    assert all(abs(quote.quoted_at - datetime.now(UTC)) < timedelta(minutes=1) for quote in after.quotes)


@pytest.mark.parametrize("broken", ["steam", "skinport", "buff163"])
def test_one_broken_file_does_not_spoil_the_others(upstream: Any, cycle: Callable[..., Any], broken: str) -> None:
    upstream.app.faults.add("html", f"/latest/{broken}.json")
    result = cycle(upstream.provider("csgotrader", markets="steam,skinport,buff163"))
    assert result.error is None
    assert {quote.source for quote in result.quotes} == {
        f"csgotrader:{market}" for market in ("steam", "skinport", "buff163") if market != broken
    }
    (sentence,) = result.rejected
    assert f"/latest/{broken}.json: HTML where JSON was expected" in sentence
    assert [batch.done for batch in result.batches] == [False, True]
    assert broken not in result.cursor["files"]


def test_a_broken_file_keeps_what_was_known_of_it(upstream: Any, cycle: Callable[..., Any]) -> None:
    first = cycle(upstream.provider("csgotrader"))
    upstream.app.faults.add("500", "/latest/steam.json")
    again = cycle(upstream.provider("csgotrader"), first.cursor)
    assert again.cursor["files"]["steam"] == first.cursor["files"]["steam"]


def test_all_broken_is_an_error_that_says_when_to_come_back(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.app.faults.add("html", "/latest/steam.json")
    upstream.app.faults.add("429", "/latest/buff163.json", retry_after="77")
    error = cycle(upstream.provider("csgotrader")).error
    assert (error.kind, error.retry_after) == ("throttled", 77.0)
    assert "none of 2 files" in str(error)


def test_each_market_is_a_source() -> None:
    provider = CsgotraderProvider(ProviderSettings(extras={"markets": " steam, csfloat ,steam"}))
    assert provider.sources == ("csgotrader:steam", "csgotrader:csfloat")
    assert len(CsgotraderProvider(ProviderSettings()).sources) == len(READERS)


def test_an_unknown_market_is_refused() -> None:
    with pytest.raises(ValueError, match="no file nope; there are steam"):
        CsgotraderProvider(ProviderSettings(extras={"markets": "steam,nope"}))


@pytest.mark.parametrize("cursor", [{"files": 5}, {"files": {"steam": "x"}}, {"files": {"steam": {"etag": 5}}}])
def test_a_broken_cursor_is_as_none(upstream: Any, cycle: Callable[..., Any], cursor: dict[str, Any]) -> None:
    assert len(cycle(upstream.provider("csgotrader"), cursor).quotes) == 120
