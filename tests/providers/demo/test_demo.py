"""The simulated market: the same course from every side, and lively enough to show."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.providers.base import Batch, Provider, Quote, VolumeKind
from app.providers.demo.catalogue import catalogue
from app.providers.demo.provider import MAX_CATCH_UP, DemoProvider, QuoteGrid
from app.providers.registry import ProviderSettings, build
from app.providers.steam.names import WEARS, match_key, parse_name, slug
from tests.patience import within

START = 1_780_000_000
MINUTE, DAY = 60, 86_400


def moment(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def fetch_at(second: float, cursor: dict[str, Any], settings: ProviderSettings | None = None) -> Batch:
    provider: Provider = DemoProvider(settings, clock=lambda: second)

    async def batches() -> list[Batch]:
        return [batch async for batch in provider.fetch(cursor)]

    (batch,) = asyncio.run(batches())
    return batch


def ticking(first: int, last: int) -> list[Quote]:
    """Quotes of a provider that is polled every two minutes and restarted in between."""
    quotes: list[Quote] = []
    cursor: dict[str, Any] = {"second": first - 1}
    for second in [*range(first + MAX_CATCH_UP - 1, last, MAX_CATCH_UP), last]:
        batch = fetch_at(second, cursor)
        quotes += batch.quotes
        cursor = batch.cursor
    return quotes


@pytest.fixture(scope="module")
def half_hour() -> list[Quote]:
    return ticking(START, START + 30 * MINUTE - 1)


@pytest.fixture(scope="module")
def month() -> QuoteGrid:
    return DemoProvider().history_arrays(moment(START - 30 * DAY), moment(START))


def test_names_are_unique_real_looking_and_classified() -> None:
    items = catalogue()
    names = [item.market_hash_name for item in items]
    assert 480 <= len(items) <= 520
    assert len(set(map(match_key, names))) == len(set(map(slug, names))) == len(names)
    assert all(parse_name(name).market_hash_name == name for name in names)
    kinds = Counter(item.item_type for item in items)
    assert "Other" not in kinds
    assert {"Rifle", "Pistol", "Knife", "Gloves", "Sticker", "Case", "Capsule", "Agent", "Music Kit"} <= kinds.keys()
    assert any(parse_name(name).stattrak for name in names)
    assert any(parse_name(name).souvenir for name in names)


def test_base_prices_span_the_market_and_agree_with_wear_and_quality() -> None:
    prices = {item.market_hash_name: item.base_price for item in catalogue()}
    assert min(prices.values()) < 20
    assert max(prices.values()) > 100_000
    compared = 0
    for name, price in prices.items():
        item = parse_name(name)
        if item.wear in WEARS[1:]:
            better = prices.get(name.replace(item.wear, WEARS[WEARS.index(item.wear) - 1]), price + 1)
            assert price < better or price == 5, name
            compared += 1
        if item.stattrak:
            assert price > prices.get(name.replace("StatTrak™ ", ""), 0), name
    assert compared > 300


def test_every_item_ticks_within_a_minute_and_a_second_brings_8_to_25(half_hour: list[Quote]) -> None:
    seconds = Counter(quote.quoted_at for quote in half_hour)
    assert len(seconds) == 30 * MINUTE
    assert min(seconds.values()) >= 8
    assert max(seconds.values()) <= 25
    by_item: dict[str, list[float]] = {}
    for quote in half_hour:
        by_item.setdefault(quote.market_hash_name, [START - 1]).append(quote.quoted_at.timestamp())
    assert len(by_item) == len(catalogue())
    assert max(np.diff([*times, START + 30 * MINUTE]).max() for times in by_item.values()) <= MINUTE + 1
    counts = sorted(len(times) for times in by_item.values())
    assert counts[-1] > 5 * counts[0]


def test_quotes_are_whole_and_consistent(half_hour: list[Quote]) -> None:
    for quote in half_hour:
        assert quote.bid is not None
        assert quote.ask is not None
        assert 0 < quote.bid < quote.price <= quote.ask
        assert quote.listings is not None
        assert quote.listings >= 1
        assert quote.volume is not None
        assert quote.volume >= 0
    quote = half_hour[0]
    assert (quote.source, quote.market, quote.currency) == ("demo", "steam:730", "USD")
    assert (quote.volume_kind, quote.quoted_at) == (VolumeKind.INTERVAL, moment(START))


@pytest.mark.slow
def test_history_holds_what_ticking_records(half_hour: list[Quote]) -> None:
    provider = DemoProvider()
    times, prices, volumes = provider.history_arrays(
        moment(START - MINUTE), moment(START + 30 * MINUTE), timedelta(seconds=1)
    )
    rows = {item.market_hash_name: row for row, item in enumerate(provider.items())}
    previous: dict[int, int] = {}
    spans = 0
    for quote in half_hour:
        row, column = rows[quote.market_hash_name], int(quote.quoted_at.timestamp()) - int(times[0])
        assert prices[row, column] == quote.price
        if row in previous:
            assert volumes[row, previous[row] : column].sum() == quote.volume
            spans += 1
        previous[row] = column
    assert spans > 20_000
    assert volumes.min() == 0
    assert volumes.sum() > 1_000


@pytest.mark.slow
def test_history_does_not_depend_on_how_it_is_cut() -> None:
    provider = DemoProvider()
    whole = provider.history_arrays(moment(START), moment(START + DAY + 600))
    parts = [
        DemoProvider().history_arrays(moment(START), moment(START + 7 * 3_600 + 5)),
        provider.history_arrays(moment(START + 7 * 3_600 + 5), moment(START + DAY + 600)),
    ]
    assert (whole.times == np.concatenate([part.times for part in parts])).all()
    assert (whole.times % 3_600 == 0).all()
    assert (whole.prices == np.concatenate([part.prices for part in parts], axis=1)).all()


@pytest.mark.slow
def test_volumes_add_up_over_any_step() -> None:
    provider, start, end = DemoProvider(), moment(START // DAY * DAY), moment(START // DAY * DAY + DAY + 1_800)
    hourly = provider.history_arrays(start, end).volumes
    by_minute = provider.history_arrays(start, end, timedelta(minutes=1)).volumes
    assert (hourly.sum(axis=1) == by_minute.sum(axis=1)).all()
    assert by_minute.min() == 0


@pytest.mark.slow
def test_batches_are_the_arrays_row_by_row() -> None:
    provider, start, end = DemoProvider(), moment(START), moment(START + 30 * 3_600)
    times, prices, volumes = provider.history_arrays(start, end)
    batches = list(provider.history(start, end))
    quotes = [quote for batch in batches for quote in batch.quotes]
    assert len(batches) == 2
    assert len(quotes) == prices.size
    assert [quote.price for quote in quotes] == prices.T.ravel().tolist()
    assert [quote.volume for quote in quotes] == volumes.T.ravel().tolist()
    assert [int(quote.quoted_at.timestamp()) for quote in quotes] == np.repeat(times, len(prices)).tolist()
    assert quotes[1].market_hash_name == provider.items()[1].market_hash_name


def test_a_seed_is_another_course() -> None:
    start, end = moment(START), moment(START + DAY)
    same, other = (
        DemoProvider(ProviderSettings(extras={"seed": seed})).history_arrays(start, end).prices for seed in ("730", "7")
    )
    usual = DemoProvider().history_arrays(start, end).prices
    assert (same == usual).all()
    assert (other != usual).mean() > 0.8


def test_the_first_cycle_quotes_everything_once() -> None:
    batch = fetch_at(START + 0.9, {})
    assert {quote.market_hash_name for quote in batch.quotes} == {item.market_hash_name for item in catalogue()}
    assert batch.cursor == {"second": START}
    assert max(quote.quoted_at for quote in batch.quotes) == moment(START)


@pytest.mark.parametrize(
    ("last", "seconds"),
    [(START, 0), (START - 1, 1), (START - 90, 90), (START - DAY, MAX_CATCH_UP), (START + DAY, 0)],
)
def test_cycles_make_up_for_missed_seconds_up_to_a_bound(last: int, seconds: int) -> None:
    batch = fetch_at(START, {"second": last})
    assert len({quote.quoted_at for quote in batch.quotes}) == seconds
    assert batch.cursor == {"second": START}


def test_prices_visibly_move(half_hour: list[Quote]) -> None:
    shown: dict[str, int] = {}
    changes = Counter[datetime]()
    for quote in half_hour:
        if shown.get(quote.market_hash_name, quote.price) != quote.price:
            changes[quote.quoted_at] += 1
        shown[quote.market_hash_name] = quote.price
    a_second = [changes[moment(START + second)] for second in range(MINUTE, 30 * MINUTE)]
    assert np.mean(a_second) > 5
    assert np.mean(np.array(a_second) >= 2) > 0.95


def test_volatility_and_movers_look_like_a_market(month: QuoteGrid) -> None:
    prices = month.prices[np.median(month.prices, axis=1) > 200].astype(float)
    returns = np.diff(np.log(prices), axis=1)
    daily = returns.std(axis=1, ddof=1) * np.sqrt(24)
    low, middle, high = np.quantile(daily, [0.05, 0.5, 0.95])
    assert 0.005 < low < 0.02
    assert 0.02 < middle < 0.05
    assert 0.06 < high < 0.12
    for day in range(1, 30):
        change = prices[:, 24 * day] / prices[:, 24 * (day - 1)] - 1
        assert change.max() > 0.04
        assert change.min() < -0.04
    assert (prices.max(axis=1) / prices.min(axis=1)).max() < 6
    # A shared market: pairs move together more often than not.
    pairs = np.corrcoef(returns)[np.triu_indices(len(returns), 1)]
    assert np.median(pairs) > 0.02


def test_some_prices_jump_as_no_diffusion_does(month: QuoteGrid) -> None:
    prices = month.prices[np.median(month.prices, axis=1) > 1_000].astype(float)
    returns = np.diff(np.log(prices), axis=1)
    jumps = (np.abs(returns) > 6 * returns.std(axis=1, keepdims=True)).sum(axis=1)
    assert 20 < (jumps > 0).sum() < len(prices) / 2


@pytest.mark.slow
def test_ninety_days_of_hours_take_less_than_two_seconds() -> None:
    provider = DemoProvider()
    started = time.process_time()  # other processes' load does not count
    times, prices, volumes = provider.history_arrays(moment(START - 90 * DAY), moment(START))
    elapsed = time.process_time() - started
    print(f"{prices.size:,} hourly quotes in {elapsed:.2f} s")
    assert times.size == 2_160
    assert prices.shape == volumes.shape == (len(provider.items()), 2_160)
    assert prices.dtype == volumes.dtype == times.dtype == np.int64
    assert elapsed < within(2)


def test_history_refuses_what_it_cannot_mean() -> None:
    provider = DemoProvider()
    with pytest.raises(ValueError, match="no time zone"):
        provider.history_arrays(datetime(2026, 1, 1), moment(START))  # noqa: DTZ001 - the very thing that is refused
    with pytest.raises(ValueError, match="whole seconds"):
        provider.history_arrays(moment(START), moment(START + 1), timedelta(milliseconds=1_500))
    empty = provider.history_arrays(moment(START), moment(START - DAY))
    assert empty.times.size == empty.prices.shape[1] == empty.volumes.shape[1] == 0


def test_the_registry_builds_it_with_its_settings() -> None:
    (provider,) = build(["demo"], lambda _: ProviderSettings(interval=2.5, timeout=4.0, extras={"seed": 9}))
    assert isinstance(provider, DemoProvider)
    assert (provider.name, provider.sources, provider.simulated) == ("demo", ("demo",), True)
    assert (provider.interval, provider.timeout, provider.seed) == (2.5, 4.0, 9)
    assert DemoProvider().interval == 1.0
