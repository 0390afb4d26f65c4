"""Principal: the visitor or user that opened a WebSocket, as found at the handshake."""

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """A visitor, or a user with the credential that was used.

    `credential` is opaque here; the revocation check tells by it whether the user is still signed in.
    """

    address: str | None = None
    user_id: int | None = None
    credential: Hashable = None


VISITOR = Principal()
