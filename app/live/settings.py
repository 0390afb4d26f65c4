"""Settings of the live path; the process's own settings fill it in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """Times are in seconds, buffer sizes in bytes.

    `redis_url` is anything redis-py understands (`redis://…`, `rediss://…`, `unix:///path?db=N`).
    """

    base_url: str
    redis_url: str
    tick: float = 0.05
    """Least time between two writes of updates to one client."""
    max_items: int = 500
    """Most items one client may be subscribed to."""
    max_clients: int = 10_000
    max_each: int = 0
    """Most connections of one address and of one user at once, in all processes together; 0: no limit."""
    worker: str = ""
    """This process in `worker:all`; empty: there is no other one."""
    revalidation_interval: float = 3.0
    """Seconds between two checks of whether sessions and keys of connected users have ended."""
    high_water: int = 64 * 1024
    """A client with more unread bytes than this gets only the newest values once it has caught up."""
    max_buffer: int = 1024 * 1024
    """A client with more unread bytes than this is closed at once."""
    patience: float = 10.0
    """How long a client may stay behind before it is closed with 1013."""
    messages_per_second: float = 20.0
    frames_per_second: float = 50.0
    """Frames of any kind, pings and fragments included, that a client may send on the average."""
    frame_burst: int = 200
    """Frames that it may send at once; one that sends more is closed with 1008."""
    items_per_second: float = 200.0
    """Items that a client may subscribe to or unsubscribe from on the average."""
    item_burst: int = 1_000
    """Items that it may subscribe to or unsubscribe from at once."""
    address_items_per_second: float = 2_000.0
    """The same for all connections of one address together; who asks for more waits, at most for `patience`."""
    address_item_burst: int = 10_000
    """Items for which the connections of one address wait for nothing."""
    subscribing: int = 1
    """Subscriptions carried out at a time, so that a flood of them does not block the event loop."""
    error_burst: int = 50
    """Refused messages that a client may send in a row before it is closed with 1008; one is forgiven each second."""
    wsgi_workers: int = 10
    stale_after: float | None = None
    """Seconds without a message from Redis after which clients are told that prices are stale; None: never."""
