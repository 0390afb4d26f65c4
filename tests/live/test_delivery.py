"""Delivery to a connection in memory, whose buffer the test fills and empties."""

from app.live.delivery import Delivery
from app.live.settings import LiveSettings
from app.live.subscriptions import Client, Subscriptions
from app.live.updates import Update, encode, parse_update
from tests.live.support import BASE_URL, price


class Memory:
    """A connection that keeps what is written."""

    is_open = True

    def __init__(self) -> None:
        self.waiting = 0
        self.frames: list[bytes] = []

    def buffered(self) -> int:
        return self.waiting

    def has_left(self) -> bool:
        return False

    def write_frames(self, frames: bytes) -> bool:
        self.frames.append(frames)
        return True

    def offer_frames(self, frames: bytes, most: int) -> bool:
        return self.waiting <= most and self.write_frames(frames)

    def close(self, code: int, reason: str) -> bool:
        raise AssertionError((code, reason))


def update(item_id: int, offset: int) -> Update:
    message = price(item_id, offset, second=offset)
    return parse_update(message | {"epoch": "e", "offset": offset})


def test_what_waits_goes_out_before_what_is_newer_and_in_the_order_of_offsets() -> None:
    settings = LiveSettings(base_url=BASE_URL, redis_url="unix:///none")
    connection = Memory()
    client, delivery = Client(connection), Delivery(settings)
    Subscriptions().assign(client, [1, 2, 3])

    def send(*updates: Update) -> None:
        delivery.send([client], encode(updates, "json"), updates)

    connection.waiting = settings.high_water + 1
    send(update(1, 1), update(2, 2))
    newest = update(1, 3)
    send(newest)
    connection.waiting = 0  # read meanwhile; what it did not get comes first
    last = update(3, 4)
    send(last)
    assert connection.frames == []
    delivery.catch_up()
    assert connection.frames == [encode([update(2, 2), newest, last], "json")]
    assert delivery.meter.total == 3
