"""Principal: the visitor or user that opened a WebSocket, as found at the handshake."""

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """A visitor, or a user with what they signed in with.

    `proof` means something to the middleware alone, which can tell by it whether the user is still signed in.
    """

    address: str | None = None
    user_id: int | None = None
    proof: Hashable = None


VISITOR = Principal()
