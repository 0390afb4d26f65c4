"""Watchlist: items subscribed to at once do not count against the client's limit."""

from dataclasses import replace

from app.live.principal import Principal
from app.live.settings import LiveSettings
from tests.live.support import Valkey, hear, price, running, say, subscribe


async def authorize(scope: dict[str, object]) -> Principal:
    return Principal(user_id=3)


async def watchlist(user_id: int) -> list[int]:
    return [101, 102, 103, 104]


def test_a_long_watchlist_leaves_room_for_the_page(settings: LiveSettings, valkey: Valkey) -> None:
    narrow = replace(settings, max_items=3)
    with running(narrow, authorize=authorize, watchlist=watchlist) as live, live.connect() as client:
        assert hear(client) == {"type": "auto_subscribe", "item_ids": [101, 102, 103]}
        subscribe(client, 1, 2, 3)
        valkey.publish(price(3, 30))
        assert hear(client)["item_id"] == 3
        say(client, "subscribe", 4)
        assert hear(client) == {"type": "error", "error": "at most 3 items may be subscribed to"}
