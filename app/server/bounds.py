"""HTTP bounds: sizes of requests, times of slow clients, and numbers of connections."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpBounds:
    """Sizes are in bytes, times in seconds."""

    request_line: int = 8 * 1024
    """Longest address of a request; a longer one is answered by 414."""
    header: int = 16 * 1024
    """Longest single header, name and value; a longer one is answered by 431, as is all else about headers."""
    headers: int = 100
    """Most headers of one request, trailers included."""
    head: int = 64 * 1024
    """All headers together, and all bytes of a request that are neither headers nor body (chunk extensions)."""
    head_seconds: float = 10.0
    """Time for a whole head, from the connection or the answer before; then 408, or the end if nothing came."""
    pipelined: int = 16
    """Requests that one connection may have waiting behind the one that is answered."""
    body_seconds: float = 10.0
    """Time for a body, in addition to what `body_rate` gives; then 408."""
    body_rate: int = 16 * 1024
    """Bytes a second that a body may need, at the least."""
    spool: int = 64 * 1024
    """A longer body is spooled to disk."""
    uploads: int = 256 * 1024 * 1024
    """All bodies together that are being received or worked on; then 503."""
    discard: int = 32 * 1024 * 1024
    """What may still come of a body after its answer was given; then the connection is cut."""
    stall_seconds: float = 20.0
    """A client that has not taken 32 kB of what waits for it within this time is cut off."""
    per_address: int = 200
    """Connections of one address, WebSockets not counted; 0: no limit."""
    connections: int = 4_000
    """All connections, WebSockets not counted; 0: no limit."""


SLICE = 32 * 1024
"""What is written to a connection at once: at most this and the transport's 64 kB wait for one client."""
