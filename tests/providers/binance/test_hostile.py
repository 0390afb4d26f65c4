"""Whatever the exchange sends: an event, or a refusal with a sentence; never another error."""

import asyncio
import contextlib
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.providers.binance import wire
from app.providers.exchange import Kline
from tests.exchange.market import Listing, Market
from tests.providers.binance.conftest import BTC, session
from tests.providers.binance.test_wire import BOOK, EVENT, ROW, TICKER

NOW = 1_795_828_440_000
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["0.1", "100.5", "BTCUSDT"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
STREAMS = {"btcusdt@kline_1m": EVENT, "btcusdt@miniTicker": TICKER, "btcusdt@bookTicker": BOOK}


@st.composite
def spoilt(draw: st.DrawFn, event: dict[str, Any]) -> dict[str, Any]:
    """The event with some values replaced or gone, one level down too."""
    result = dict(event)
    for key in draw(st.sets(st.sampled_from(sorted(event)), min_size=1)):
        if isinstance(result[key], dict) and draw(st.booleans()):
            result[key] = draw(spoilt(result[key]))
        elif draw(st.booleans()):
            result[key] = draw(VALUES)
        else:
            del result[key]
    return result


EVENTS = st.sampled_from(sorted(STREAMS)).flatmap(lambda name: st.tuples(st.just(name), spoilt(STREAMS[name])))


@given(EVENTS)
def test_spoilt_events_are_read_ignored_or_refused(event: tuple[str, dict[str, Any]]) -> None:
    with contextlib.suppress(ValueError):
        wire.stream_event(*event, {"BTCUSDT": BTC})


@given(st.lists(VALUES, max_size=13) | VALUES, st.sets(st.integers(0, 11)))
def test_spoilt_rows_are_read_or_refused(values: Any, places: set[int]) -> None:
    row = list(ROW)
    for place in places:
        row[place] = values
    for candidate in (values, row):
        with contextlib.suppress(ValueError):
            wire.kline_row(candidate, BTC, "1m", NOW)


@given(VALUES, spoilt(Listing("BTCUSDT", "BTC").entry()), spoilt(Listing("BTCUSDT", "BTC").entry()["filters"][0]))
def test_spoilt_entries_are_read_or_refused(value: Any, entry: dict[str, Any], price_filter: dict[str, Any]) -> None:
    filtered = {**Listing("BTCUSDT", "BTC").entry(), "filters": [price_filter]}
    for candidate in (value, entry, filtered):
        with contextlib.suppress(ValueError):
            wire.symbol(candidate)


@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(st.lists(EVENTS | VALUES, min_size=50, max_size=200))
def test_a_socket_lives_through_nonsense(messages: list[Any]) -> None:
    market = Market(Listing("BTCUSDT", "BTC"))

    async def run() -> None:
        async with session(market) as it:
            await it.watch()
            (client,) = it.exchange.streams.clients
            for message in messages:
                pair = isinstance(message, tuple)
                await client.connection.send(
                    json.dumps({"stream": message[0], "data": message[1]} if pair else message)
                )
            market.trade("BTCUSDT", "4711.5")
            await it.until(lambda: any(bar.close == 471_150 for bar in it.of(Kline)))
            assert it.adapter.connections()[0].reconnects == 0

    asyncio.run(run())
