import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from app.providers.base import ProviderError, VolumeKind
from app.providers.steam.provider import SteamProvider
from tests.upstream.data import load_snapshot, snapshots, synthetic

LEGACY, QUERY = "/market/search/render/", "/market/search"


def starts(upstream: Any) -> list[int]:
    return [int(request.query["start"]) for request in upstream.app.asked(LEGACY)]


def test_a_pass_over_the_whole_market(upstream: Any, cycle: Callable[..., Any]) -> None:
    result = cycle(upstream.provider("steam", batch_quotes=25))
    assert {quote.market_hash_name: quote.price for quote in result.quotes} == {
        item.name: item.price for item in synthetic(60)
    }
    assert [batch.done for batch in result.batches] == [False, True]
    assert [batch.cursor["start"] for batch in result.batches] == [30, 0]
    assert starts(upstream) == [0, 10, 20, 30, 40, 50]
    assert result.rejected == []


def test_what_a_quote_holds(upstream: Any, cycle: Callable[..., Any], sell: Callable[..., None]) -> None:
    sell({"★ Karambit": 176_00})
    (quote,) = cycle(upstream.provider("steam")).quotes
    item = upstream.world.by_name["★ Karambit"]
    assert (quote.source, quote.market, quote.currency, quote.price) == ("steam", "steam:730", "USD", 17600)
    assert (quote.rarity, quote.item_type, quote.listings) == ("Covert", "Knife", item.listings)
    assert quote.image_url == f"https://community.fastly.steamstatic.com/economy/image/{item.icon}/360fx360f"
    assert (quote.volume, quote.volume_kind, quote.median) == (None, None, None)
    assert quote.quoted_at.utcoffset().total_seconds() == 0


def test_pages_may_be_larger_than_asked_for(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.world.page_size = 25
    assert len(cycle(upstream.provider("steam", page_size=10)).quotes) == 60
    assert starts(upstream) == [0, 25, 50]


def test_it_resumes_where_it_was_interrupted(upstream: Any, cycle: Callable[..., Any]) -> None:
    first = cycle(upstream.provider("steam", batch_quotes=20), most=1)
    second = cycle(upstream.provider("steam"), first.cursor)
    assert first.cursor["start"] == 20
    assert first.cursor["total"] == 60
    assert second.batches[-1].done
    assert starts(upstream) == [0, 10, 20, 30, 40, 50]
    assert len({quote.market_hash_name for quote in first.quotes + second.quotes}) == 60
    assert second.cursor["start"] == 0


def test_what_was_read_before_a_fault_is_kept(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.app.faults.add("429", "steam", after=3, times=1)
    provider = upstream.provider("steam")
    first = cycle(provider)
    assert first.error.kind == "throttled"
    assert (len(first.quotes), first.batches[-1].done, first.cursor["start"]) == (30, False, 30)
    second = cycle(provider, first.cursor)
    assert len({quote.market_hash_name for quote in first.quotes + second.quotes}) == 60
    assert second.batches[-1].done


@pytest.mark.parametrize("kind", ["empty", "null"])
def test_an_empty_page_before_the_end_is_throttling_and_no_end(
    upstream: Any, cycle: Callable[..., Any], kind: str
) -> None:
    upstream.app.faults.add(kind, "steam", after=2)
    result = cycle(upstream.provider("steam"))
    assert result.error.kind == "throttled"
    assert result.error.retry_after > 0
    assert result.cursor["start"] == 20
    assert not any(batch.done for batch in result.batches)


def test_the_pause_grows_with_every_empty_page(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.app.faults.add("empty", "steam")
    provider = upstream.provider("steam")
    assert [cycle(provider).error.retry_after for _ in range(3)] == [0.05, 0.1, 0.2]


def test_a_market_that_shrank_below_the_offset_is_at_its_end(upstream: Any, cycle: Callable[..., Any]) -> None:
    result = cycle(upstream.provider("steam"), {"start": 70, "total": 80, "pass_started": "x", "endpoint": "legacy"})
    assert result.error is None
    assert result.batches[-1].done
    assert result.quotes == []


def test_an_item_that_moves_to_the_next_page_comes_once(
    upstream: Any, cycle: Callable[..., Any], sell: Callable[..., None]
) -> None:
    provider = upstream.provider("steam", pages_per_cycle=1)
    prices = {f"Item {number:02d}": 100 + number for number in range(20)}
    sell(prices)
    first = cycle(provider)
    sell({"A new one": 5, **prices})  # everything moves back by one
    second = cycle(provider, first.cursor)
    third = cycle(provider, second.cursor)
    names = Counter(quote.market_hash_name for result in (first, second, third) for quote in result.quotes)
    assert third.batches[-1].done
    assert set(names.values()) == {1}
    assert set(names) == set(prices)


def test_pages_that_were_read_but_never_stored_are_read_again(upstream: Any, cycle: Callable[..., Any]) -> None:
    provider = upstream.provider("steam", batch_quotes=20)
    first = cycle(provider, most=1)
    lost = cycle(provider, first.cursor, most=1)
    again = cycle(provider, first.cursor)
    assert [quote.market_hash_name for quote in again.quotes][:20] == [quote.market_hash_name for quote in lost.quotes]
    assert len(again.quotes) == 40


def test_an_item_without_offers_has_no_price(
    upstream: Any, cycle: Callable[..., Any], sell: Callable[..., None]
) -> None:
    sell({"A": 0, "B": 3})
    result = cycle(upstream.provider("steam"))
    assert [quote.market_hash_name for quote in result.quotes] == ["B"]
    assert result.rejected == []


@pytest.mark.parametrize("kind", ["html", "redirect", "cut"])
def test_the_other_address_answers_when_one_is_gone(upstream: Any, cycle: Callable[..., Any], kind: str) -> None:
    upstream.app.faults.add(kind, LEGACY)
    result = cycle(upstream.provider("steam"))
    assert {quote.market_hash_name: quote.price for quote in result.quotes} == {
        item.name: item.price for item in synthetic(60)
    }
    assert result.cursor["endpoint"] == "query"
    asked = len(upstream.app.asked(LEGACY))
    again = cycle(upstream.provider("steam"), result.cursor)
    assert len(again.quotes) == 60
    assert len(upstream.app.asked(LEGACY)) == asked  # it remembers which one worked


def test_back_to_the_legacy_address(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.app.faults.add("redirect", QUERY)
    result = cycle(upstream.provider("steam"), {"endpoint": "query"})
    assert len(result.quotes) == 60
    assert result.cursor["endpoint"] == "legacy"


def test_neither_address_answers(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.app.faults.add("redirect", QUERY)
    upstream.app.faults.add("html", LEGACY)
    result = cycle(upstream.provider("steam"))
    assert result.error.kind == "schema"
    assert LEGACY in str(result.error)
    assert "302" in str(result.error)


def test_an_outage_is_no_change_of_address(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.app.faults.add("500", LEGACY)
    assert cycle(upstream.provider("steam")).error.status == 500
    assert [request.path for request in upstream.app.seen] == [LEGACY, LEGACY]


def test_a_change_of_address_in_the_middle_starts_the_pass_again(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.app.faults.add("html", LEGACY, after=3)
    result = cycle(upstream.provider("steam"))
    names = Counter(quote.market_hash_name for quote in result.quotes)
    assert len(names) == 60
    assert set(names.values()) == {1}
    assert result.batches[-1].done


@pytest.mark.slow
@pytest.mark.parametrize(
    "cursor", [{"start": "7"}, {"start": -5, "pass_started": "x"}, {"start": 10}, {"endpoint": "nope", "start": None}]
)
def test_a_cursor_that_is_none_starts_a_new_pass(
    upstream: Any, cycle: Callable[..., Any], cursor: dict[str, Any]
) -> None:
    assert len(cycle(upstream.provider("steam"), cursor).quotes) == 60


def ask(upstream: Any, name: str, method: str) -> Any:
    async def run() -> Any:
        provider = SteamProvider(upstream.settings())
        try:
            return await getattr(provider, method)(name)
        finally:
            await provider.aclose()

    return asyncio.run(run())


def test_price_overview(upstream: Any) -> None:
    item = next(item for item in upstream.world.items if item.volume > 1000)
    quote = ask(upstream, item.name, "price_overview")
    assert (quote.price, quote.volume, quote.median) == (item.price, item.volume, item.price * 98 // 100)
    assert quote.volume_kind is VolumeKind.ROLLING_24H


@pytest.mark.parametrize("name", ["'Two Times' McCoy | TACP Cavalry", "Chips & Salsa | Test (Well-Worn)", "★ Karambit"])
def test_names_travel_unharmed(upstream: Any, name: str) -> None:
    assert ask(upstream, name, "price_overview").market_hash_name == name
    assert ask(upstream, name, "order_book").ask == upstream.world.by_name[name].price


def test_nothing_listed_is_no_quote(upstream: Any, sell: Callable[..., None]) -> None:
    sell({"A": 0})
    assert ask(upstream, "A", "price_overview") is None
    book = ask(upstream, "A", "order_book")
    assert (book.bid, book.ask) == (None, None)


def test_an_unknown_name_is_an_error(upstream: Any) -> None:
    with pytest.raises(ProviderError, match="knows no item 'Nope'"):
        ask(upstream, "Nope", "price_overview")


def test_order_books_in_both_nestings(upstream: Any) -> None:
    nested = {item.seed % 2: item for item in upstream.world.items}
    assert set(nested) == {0, 1}
    for item in nested.values():
        book = ask(upstream, item.name, "order_book")
        assert (book.bid, book.ask) == (item.price * 9 // 10, item.price)
        assert (book.buy_orders, book.sell_orders) == (item.volume, item.listings)


def test_amounts_of_another_region_are_refused(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.world.currency = 5
    with pytest.raises(ProviderError, match="in currency 5, not USD") as caught:
        ask(upstream, "★ Karambit", "order_book")
    assert caught.value.kind == "schema"
    upstream.app.faults.add("html", LEGACY)
    result = cycle(upstream.provider("steam"))
    assert (result.quotes, result.error.kind) == ([], "schema")


def test_the_most_offered_items_get_volume_and_median(upstream: Any, cycle: Callable[..., Any]) -> None:
    result = cycle(upstream.provider("steam", enrich=3))
    enriched = [quote for quote in result.quotes if quote.volume is not None]
    most = sorted(upstream.world.items, key=lambda item: -item.listings)[:3]
    assert [quote.market_hash_name for quote in enriched] == [item.name for item in most]
    assert all(quote.image_url and quote.median for quote in enriched)


def test_a_refused_overview_does_not_spoil_the_pass(upstream: Any, cycle: Callable[..., Any]) -> None:
    upstream.app.faults.add("429", "/market/priceoverview/")
    result = cycle(upstream.provider("steam", enrich=3))
    assert result.error is None
    assert result.batches[-1].done
    assert len(result.quotes) == 60
    assert len(result.rejected) == 1
    assert "no price overview" in result.rejected[0]


@pytest.mark.slow
@pytest.mark.skipif(not snapshots(), reason="the recorded snapshots are not there")
def test_a_recorded_market_comes_back_to_the_cent(upstream: Any, cycle: Callable[..., Any]) -> None:
    items = load_snapshot(snapshots()[-1])
    upstream.world.replace(items)
    upstream.world.page_size = 500
    result = cycle(upstream.provider("steam"))
    assert {quote.market_hash_name: quote.price for quote in result.quotes} == {item.name: item.price for item in items}
    assert result.rejected == []
