"""Transport: what the hub needs of a client's connection, whichever server holds it."""

from typing import Protocol


class Connection(Protocol):
    """What the hub needs of a client's connection."""

    @property
    def is_open(self) -> bool:
        """Whether frames may still be written."""
        ...

    def buffered(self) -> int:
        """Bytes written that the client has not taken yet."""
        ...

    def has_left(self) -> bool:
        """Whether the client has ended the connection although nothing is read that would say so."""
        ...

    def write_frames(self, frames: bytes) -> bool:
        """Write whole WebSocket frames, in order with the server's own; False once closing has begun."""
        ...

    def offer_frames(self, frames: bytes, most: int) -> bool:
        """Write whole frames where at most so many bytes wait to be taken; else, and once closing has begun, False."""
        ...

    def close(self, code: int, reason: str) -> bool:
        """Begin closing; False when that had begun before."""
        ...
