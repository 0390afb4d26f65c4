"""Updates: parses price, measure and levels messages from Redis and encodes them for clients."""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from app.live.binary import Encoding, Row, pack_row, record, records_frame, rows_frame
from app.live.lag import NOT_KNOWN, Moments, take_moments
from app.live.protocol import MAX_ITEM_ID, text_frame

Kind = Literal["price", "volatility", "levels"]
Variant = tuple[Kind, str]
"""What only a newer value of the same may replace: prices and levels by source, measures by source and window."""


class UpdateError(ValueError):
    """A message in Redis that does not have the contract's shape."""


@dataclass(slots=True, eq=False)
class Update:
    """One price, measure or change of levels: the message as it goes out, and what is needed to sort it."""

    item_id: int
    variant: Variant
    at: datetime
    message: dict[str, Any]
    epoch: str = ""
    """The row of numbers that its offset is of; empty for one that is not numbered."""
    position: int = 0
    """Its offset; of one that is not numbered, the offset that follows (see `History`)."""
    moments: Moments = NOT_KNOWN
    """When it was received, stored and published."""
    frame: bytes = b""
    """The WebSocket frame, made when the first client needs it."""
    row: Row | None = None
    """Its part of a frame of `tracera.v2.binary`, made when the first client needs it."""
    alone: bytes = b""
    """Such a frame with this price alone, as most are."""

    def as_row(self) -> Row:
        """Its part of a frame of `tracera.v2.binary`, made once; without numbers where it goes as JSON."""
        packed = pack_row(self.item_id, self.message, self.at) if self.variant[0] == "price" else b""
        offset, published = self.position if self.epoch else -1, self.moments.published
        self.row = Row(packed, self.variant[1].encode(), offset, math.inf if published is None else published)
        return self.row

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
    variant, at = _variant(message), _time(message.get("timestamp"))
    # Clients know the epoch from elsewhere; an offset without one means nothing.
    epoch, offset = message.pop("epoch", None), message.get("offset")
    moments = take_moments(message)
    if variant[0] == "price" and isinstance(epoch, str) and epoch and type(offset) is int and offset > 0:
        return Update(item_id, variant, at, message, sys.intern(epoch), offset, moments)
    message.pop("offset", None)
    return Update(item_id, variant, at, message, moments=moments)


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
        case "levels":
            if not isinstance(message.get("events"), list):
                raise UpdateError(f"events {message.get('events')!r} is not an array")
            return "levels", _text(message, "source")
    raise UpdateError(f"type {message.get('type')!r} is not price, volatility or levels")


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


def encode(updates: Sequence[Update], encoding: Encoding) -> bytes:
    """WebSocket frames that say all of this, for one write; prices go into binary frames where that was agreed."""
    match encoding:
        case "json":
            return b"".join([update.frame or update.encoded() for update in updates])
        case "v1":
            return _encode_v1(updates)
        case "v2":
            return _encode_v2(updates)


def _encode_v1(updates: Iterable[Update]) -> bytes:
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
        frames.append(records_frame(records))
    return b"".join(frames)


def _encode_v2(updates: Sequence[Update]) -> bytes:
    if len(updates) == 1:
        return updates[0].alone or _alone(updates[0])
    rows = [update.row or update.as_row() for update in updates]
    if all([row.packed for row in rows]):  # noqa: C419 - a list takes half the time
        return rows_frame(rows)
    return _with_text(updates, rows)


def _with_text(updates: Sequence[Update], rows: Sequence[Row]) -> bytes:
    """Frames of rows, and text for what no row can say."""
    frames: list[bytes] = []
    together: list[Row] = []
    for update, row in zip(updates, rows, strict=True):
        if row.packed:
            together.append(row)
            continue
        # Prices stay in the order of their offsets; measures may stand anywhere.
        if together and update.variant[0] == "price":
            frames.append(rows_frame(together))
            together = []
        frames.append(update.encoded())
    if together:
        frames.append(rows_frame(together))
    return b"".join(frames)


def _alone(update: Update) -> bytes:
    row = update.row or update.as_row()
    update.alone = rows_frame([row]) if row.packed else update.encoded()
    return update.alone
