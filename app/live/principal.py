"""Who opens a connection, as the guard found at the handshake."""

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guest:
    """A visitor, or a user with what they signed in with.

    `proof` means something to the guard alone, which can tell by it whether the user is still signed in.
    """

    address: str | None = None
    user_id: int | None = None
    proof: Hashable = None


VISITOR = Guest()
