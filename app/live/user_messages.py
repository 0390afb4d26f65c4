"""User messages: from Redis to the WebSockets of one user."""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.live.protocol import text_frame
from app.live.updates import UpdateError

CHANNEL: Final = "portfolio"


@dataclass(frozen=True, slots=True)
class UserMessage:
    """A message and the id of the user it is for, which the message itself does not repeat."""

    user_id: int
    message: dict[str, Any]

    def encoded(self) -> bytes:
        """The WebSocket frame."""
        return text_frame(self.message)


def parse_user_message(payload: bytes) -> UserMessage:
    """Read one message of the channel; its own type becomes `event`.

    Raises:
        UpdateError: it does not have the contract's shape, or names no user.
    """
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise UpdateError(f"not JSON: {error}") from None
    if not isinstance(message, dict) or not isinstance(event := message.get("type"), str):
        raise UpdateError("not an object with a type")
    user_id = message.get("user_id")
    if type(user_id) is not int or user_id <= 0:
        raise UpdateError(f"user_id {user_id!r} is not a positive integer")
    data = {name: value for name, value in message.items() if name not in {"type", "user_id"}}
    return UserMessage(user_id, {"type": "portfolio", "event": event, **data})
