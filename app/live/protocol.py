"""WebSocket protocol: parses what clients send and encodes frames (CONTRACT.md, "WebSocket")."""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

POLICY_VIOLATION: Final = 1008
"""The close code for a client that breaks the protocol's limits."""
BINARY_SUBPROTOCOL: Final = "tracera.v1.binary"
MAX_MESSAGE: Final = 16 * 1024
"""Bytes of one message from a client."""
MAX_ITEM_ID: Final = 2**32 - 1
"""Item ids are u32 in binary frames."""

_TEXT: Final = 0x81
_BINARY: Final = 0x82
_CHECKSUM = struct.Struct("<I")
_COUNT = struct.Struct("<H")
_RECORD = struct.Struct("<Idd")
MAX_RECORDS: Final = 2**16 - 1

Action = Literal["subscribe", "unsubscribe", "ping"]


class ClientError(ValueError):
    """A client's message that is refused; the text is sent to the client."""


@dataclass(frozen=True, slots=True)
class Request:
    """A valid message from a client; `item_ids` is empty for a ping."""

    action: Action
    item_ids: tuple[int, ...] = ()


def parse_request(text: str | None) -> Request:
    """Understand one message of a client; None stands for one that is not text.

    Raises:
        ClientError: not text, too large, not JSON, an unknown action, or item ids that are not positive integers.
    """
    if text is None:
        raise ClientError("messages are text")
    # A character is at least one byte, so the cheap test saves encoding what is too long anyway.
    if len(text) > MAX_MESSAGE or len(text.encode()) > MAX_MESSAGE:
        raise ClientError(f"a message may have at most {MAX_MESSAGE} bytes")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ClientError("not JSON") from None
    if not isinstance(message, dict):
        raise ClientError("a message is a JSON object")
    match message.get("action"):
        case "ping":
            return Request("ping")
        case "subscribe" | "unsubscribe" as action:
            return Request(action, _item_ids(message.get("item_ids")))
    raise ClientError("action must be one of subscribe, unsubscribe, ping")


def _item_ids(value: object) -> tuple[int, ...]:
    """The ids without repetitions, in the order given."""
    if not isinstance(value, list) or not value:
        raise ClientError("item_ids must be a list of positive integers")
    # type() and not isinstance(): true and false are ints to Python, and not to a client.
    if set(map(type, value)) != {int} or min(value) < 1 or max(value) > MAX_ITEM_ID:
        raise ClientError("item_ids must be a list of positive integers")
    return tuple(dict.fromkeys(value))


def text_frame(message: dict[str, Any]) -> bytes:
    """One unmasked WebSocket text frame (RFC 6455, 5.2) with the message as JSON."""
    return _frame(_TEXT, orjson.dumps(message))


def error_frame(error: str) -> bytes:
    """A refusal, as a WebSocket frame."""
    return text_frame({"type": "error", "error": error})


def binary_frame(records: Iterable[bytes]) -> bytes:
    """One WebSocket binary frame of `tracera.v1.binary` with at most 65,535 of `record`'s results."""
    packed = list(records)
    if len(packed) > MAX_RECORDS:
        raise ValueError(f"{len(packed)} records do not fit one frame")
    body = _COUNT.pack(len(packed)) + b"".join(packed)
    return _frame(_BINARY, _CHECKSUM.pack(zlib.crc32(body)) + body)


def record(item_id: int, price: int, volume: float | None) -> bytes:
    """One price in a binary frame: minor units, and NaN for a volume that is not known."""
    return _RECORD.pack(item_id, price, float("nan") if volume is None else volume)


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:  # noqa: PLR2004 - RFC 6455: 126 and 127 announce a 16- and a 64-bit length
        return bytes((opcode, size)) + payload
    if size < 2**16:
        return struct.pack("!BBH", opcode, 126, size) + payload
    return struct.pack("!BBQ", opcode, 127, size) + payload
