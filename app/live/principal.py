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

    def counted_as(self) -> list[str]:
        """The keys under which its connections are counted: its address, and its user."""
        keys = [] if self.address is None else [f"ip:{self.address}"]
        return keys if self.user_id is None else [*keys, f"user:{self.user_id}"]


VISITOR = Principal()
