"""Updates: parses price and measure messages from Redis and encodes them for clients."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from app.live.protocol import MAX_ITEM_ID, binary_frame, record, text_frame

Kind = Literal["price", "volatility"]
Variant = tuple[Kind, str]
"""What only a newer value of the same may replace: prices by source, measures by source and window."""


class UpdateError(ValueError):
    """A message in Redis that does not have the contract's shape."""


@dataclass(slots=True, eq=False)
class Update:
    """One price or measure: the message as it goes out, and what is needed to sort it."""

    item_id: int
    variant: Variant
    at: datetime
    message: dict[str, Any]
    frame: bytes = b""
    """The WebSocket frame, made when the first client needs it."""

    def encoded(self) -> bytes:
        """The WebSocket frame, made once."""
        if not self.frame:
            self.frame = text_frame(self.message)
        return self.frame


def parse_updates(payload: bytes) -> tuple[list[Update], list[str]]:
    """Read one message, or an array of them, in the contract's shape; the second list says why others were refused.

    Raises:
        UpdateError: the payload is not JSON at all.
    """
    try:
        decoded = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise UpdateError(f"not JSON: {error}") from None
    updates, refused = [], []
    for message in decoded if isinstance(decoded, list) else [decoded]:
        try:
            updates.append(parse_update(message))
        except UpdateError as error:
            refused.append(str(error))
    return updates, refused


def parse_update(message: object) -> Update:
    """Check one decoded message.

    Raises:
        UpdateError: it does not have the contract's shape.
    """
    if not isinstance(message, dict):
        raise UpdateError("not an object")
    item_id = message.get("item_id")
    if type(item_id) is not int or not 0 < item_id <= MAX_ITEM_ID:
        raise UpdateError(f"item_id {item_id!r} is not a positive integer")
    return Update(item_id, _variant(message), _time(message.get("timestamp")), message)


def _variant(message: dict[str, Any]) -> Variant:
    match message.get("type"):
        case "price":
            if type(message.get("price")) is not int:
                raise UpdateError(f"price {message.get('price')!r} is not an integer in minor units")
            volume = message.get("volume")
            if volume is not None and type(volume) not in (int, float):
                raise UpdateError(f"volume {volume!r} is not a number")
            return "price", _text(message, "source")
        case "volatility":
            return "volatility", f"{_text(message, 'window')} {message.get('source', '')}"
    raise UpdateError(f"type {message.get('type')!r} is not price or volatility")


def _text(message: dict[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise UpdateError(f"{name} {value!r} is not a name")
    return value


def _time(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None:
        raise UpdateError(f"timestamp {value!r} is not an RFC 3339 time")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def encode(updates: Iterable[Update], *, binary: bool) -> bytes:
    """WebSocket frames that say all of this, for one write; prices go into one binary frame where that was agreed."""
    if not binary:
        return b"".join([update.frame or update.encoded() for update in updates])
    prices: dict[int, Update] = {}
    frames = []
    for update in updates:
        if update.variant[0] != "price":
            frames.append(update.encoded())
        # A record has no room for the source: the item's newest quote stands for it.
        elif (known := prices.get(update.item_id)) is None or update.at >= known.at:
            prices[update.item_id] = update
    if prices:
        records = (record(key, u.message["price"], u.message.get("volume")) for key, u in prices.items())
        frames.append(binary_frame(records))
    return b"".join(frames)
