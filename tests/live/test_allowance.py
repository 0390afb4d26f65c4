"""What an address may ask for, whichever of its connections asks and however often they are opened again."""

import asyncio
import contextlib
import socket
import time
from dataclasses import replace

import pytest

from app.live.allowance import Allowances
from app.live.principal import Principal
from app.live.settings import LiveSettings
from tests.live.support import Valkey, hear, price, running, say, subscribe
from tests.patience import within

MANY = range(1, 501)


async def by_house(scope: dict[str, list[tuple[bytes, bytes]]]) -> Principal:
    """Take the address from a header, as a guard would behind a proxy."""
    return Principal(dict(scope["headers"]).get(b"x-house", b"a").decode())


def test_a_connection_opened_again_has_no_new_items(settings: LiveSettings) -> None:
    scarce = replace(settings, address_items_per_second=1, address_item_burst=1_000, patience=0.5)
    with running(scarce, authorize=by_house) as live:
        for _ in range(2):
            with live.connect() as client:
                subscribe(client, *MANY)
        with live.connect() as client:
            say(client, "subscribe", *MANY)
            assert "items a second of your address" in hear(client)["error"]
            say(client, "ping")
            assert hear(client) == {"type": "pong"}
        with live.connect(additional_headers={"X-House": "b"}) as neighbour:
            subscribe(neighbour, *MANY)


def test_ten_pages_of_one_address_wait_for_nothing(settings: LiveSettings) -> None:
    slow = replace(settings, address_items_per_second=0.001)
    with running(slow, authorize=by_house) as live, contextlib.ExitStack() as pages:
        for _ in range(10):
            subscribe(pages.enter_context(live.connect()), *MANY)


def test_who_asks_for_more_waits_and_is_served(settings: LiveSettings) -> None:
    scarce = replace(settings, address_items_per_second=1_000, address_item_burst=500)
    with running(scarce, authorize=by_house) as live, live.connect() as first, live.connect() as second:
        subscribe(first, *MANY)
        begun = time.monotonic()
        subscribe(second, *MANY)
        assert 0.3 < time.monotonic() - begun < within(3)


def test_nobody_waits_for_those_who_have_gone(settings: LiveSettings) -> None:
    scarce = replace(settings, address_items_per_second=500, address_item_burst=500)
    with running(scarce, authorize=by_house) as live, contextlib.ExitStack() as held:
        subscribe(held.enter_context(live.connect()), *MANY)
        for _ in range(10):
            gone = held.enter_context(live.connect())
            for _ in range(3):  # the second is not taken while the first waits, and then nothing is read
                say(gone, "subscribe", *MANY)
            gone.socket.shutdown(socket.SHUT_RDWR)
        begun = time.monotonic()
        subscribe(held.enter_context(live.connect()), 1)
        assert time.monotonic() - begun < within(4), "ten who have gone would take ten seconds"


def test_prices_of_a_watchlist_count_too(settings: LiveSettings, valkey: Valkey) -> None:
    async def member(_scope: object) -> Principal:
        return Principal("a", user_id=3)

    async def watched(_user_id: int) -> list[int]:
        return list(MANY)

    valkey.keep(price(1, 100))
    scarce = replace(settings, address_items_per_second=1_000, address_item_burst=500)
    with running(scarce, authorize=member, watchlist=watched) as live:
        for least in (0.0, 0.3):
            with live.connect() as client:
                assert hear(client)["type"] == "auto_subscribe"
                begun = time.monotonic()
                assert hear(client)["price"] == 100
                assert time.monotonic() - begun >= least


def test_addresses_that_used_nothing_up_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.live.allowance.FEW", 3)

    async def ask() -> int:
        allowances = Allowances(rate=1.0, burst=1_000)
        await allowances.take("busy", 500, lambda: True)
        for number in range(20):
            await allowances.take(f"idle {number}", 0, lambda: True)
        begun = time.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await allowances.take("busy", 600, lambda: True)
        assert time.monotonic() - begun >= 0.2, "what it used up is remembered"
        return len(allowances)

    assert asyncio.run(ask()) <= 4
