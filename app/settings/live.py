"""Live settings: how often prices are written to clients, and what a client may use."""

from pydantic import Field
from pydantic_settings import BaseSettings


class LiveFields(BaseSettings):
    """The live path's tick and bounds."""

    live_tick: float = Field(
        default=0.05, ge=0.005, le=10, description="Seconds between two writes of prices to a client at least."
    )
    live_max_clients: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Open WebSockets of one process; more are refused with 503."
    )
    live_max_items: int = Field(
        default=500, ge=1, le=100_000, description="Items that a client may subscribe to beside its watchlist."
    )
    live_high_water: int = Field(
        default=64 * 1024,
        ge=4096,
        le=2**30,
        description="Bytes that may wait in a client's socket; beyond that it gets the newest prices alone, once it has read on.",
    )
    live_max_buffer: int = Field(
        default=1024 * 1024,
        ge=4096,
        le=2**30,
        description="Bytes of answers that may wait for a client; one that lets more wait is closed with 1013.",
    )
    live_patience: float = Field(
        default=10.0, ge=0.1, le=600, description="Seconds after which a client that does not read is closed with 1013."
    )
