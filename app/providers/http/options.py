"""HTTP options: timeouts, size limits and retries of a provider's requests."""

from dataclasses import dataclass
from typing import Self

from app.providers.settings import ProviderSettings


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Limits of one provider's requests; times in seconds, sizes in bytes.

    `total_timeout` bounds one attempt from the first byte sent to the last received, so that a body that drips ends
    too. `throttle_pause` is the pause after a 429 without Retry-After, doubled each time; a request that would have to
    wait longer than `patience` for a pause to end is not sent but refused at once. Without `json_only` a reply may say that
    it is XML.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    total_timeout: float = 120.0
    max_body: int = 64 << 20
    attempts: int = 3
    retry_wait: float = 0.5
    retry_wait_max: float = 20.0
    throttle_pause: float = 60.0
    patience: float = 90.0
    json_only: bool = True

    @classmethod
    def of(cls, settings: ProviderSettings) -> Self:
        """The options, with the extras of the same names in place of the defaults."""
        default = cls()
        return cls(
            connect_timeout=settings.number("connect_timeout", default.connect_timeout),
            read_timeout=settings.number("read_timeout", default.read_timeout),
            total_timeout=settings.number("total_timeout", default.total_timeout),
            max_body=settings.integer("max_body", default.max_body),
            attempts=max(1, settings.integer("attempts", default.attempts)),
            retry_wait=settings.number("retry_wait", default.retry_wait),
            retry_wait_max=settings.number("retry_wait_max", default.retry_wait_max),
            throttle_pause=settings.number("throttle_pause", default.throttle_pause),
            patience=settings.number("patience", default.patience),
        )
