"""WebSocket protocol: parses what clients send and encodes frames (docs/live.md)."""

import struct
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

PATH: Final = "/api/v1/ws"
POLICY_VIOLATION: Final = 1008
"""The close code for a client that breaks the protocol's limits."""
MAX_MESSAGE: Final = 16 * 1024
"""Bytes of one message from a client."""
MAX_ITEM_ID: Final = 2**32 - 1
"""Item ids are u32 in binary frames."""

_TEXT: Final = 0x81
_BINARY: Final = 0x82

Action = Literal["subscribe", "unsubscribe", "resume", "ping"]
MAX_EPOCH: Final = 64
"""Characters of an epoch's name."""


class ClientError(ValueError):
    """A client's message that is refused; the text is sent to the client."""


@dataclass(frozen=True, slots=True)
class Request:
    """A valid message from a client.

    `item_ids` is empty for a ping, `epoch` and `offset` are those of `resume`, `position` tells whether a ping asks for it.
    """

    action: Action
    item_ids: tuple[int, ...] = ()
    epoch: str = ""
    offset: int = 0
    position: bool = False


def parse_request(text: str | None) -> Request:
    """Understand one message of a client; None stands for one that is not text.

    Raises:
        ClientError: not text, too large, not JSON, an unknown action, or values that are none of it.
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
            return Request("ping", position=message.get("position") is True)
        case "subscribe" | "unsubscribe" as action:
            return Request(action, _item_ids(message.get("item_ids")))
        case "resume" as action:
            item_ids = _item_ids(message.get("item_ids"))
            return Request(action, item_ids, _epoch(message.get("epoch")), _offset(message.get("offset")))
    raise ClientError("action must be one of subscribe, unsubscribe, resume, ping")


def _epoch(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_EPOCH:
        raise ClientError(f"epoch must be a text of 1 to {MAX_EPOCH} characters")
    return value


def _offset(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ClientError("offset must be a whole number, 0 or more")
    return value


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


def binary_frame(payload: bytes) -> bytes:
    """One unmasked WebSocket binary frame (RFC 6455, 5.2)."""
    return _frame(_BINARY, payload)


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:  # noqa: PLR2004 - RFC 6455: 126 and 127 announce a 16- and a 64-bit length
        return bytes((opcode, size)) + payload
    if size < 2**16:
        return struct.pack("!BBH", opcode, 126, size) + payload
    return struct.pack("!BBQ", opcode, 127, size) + payload
