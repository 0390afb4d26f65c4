"""Market provider base: settings and one HTTP client, shared by every real provider."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from app.providers.http.client import MarketHttp
from app.providers.http.limiter import RateLimiter
from app.providers.http.options import HttpOptions
from app.providers.settings import ProviderSettings


@dataclass(frozen=True, slots=True)
class Defaults:
    """A market's own figures: address, seconds between cycles and for one, and how often it may be asked."""

    base_url: str
    interval: float
    timeout: float
    requests: int
    period: float
    spacing: float = 0.0
    jitter: float = 0.0


class MarketProvider:
    """A provider that asks one host.

    Extras that all of them know: `requests` per `period`, `spacing`, `jitter` (seconds) for the rate limit, and the
    fields of `HttpOptions`.
    """

    name: str
    sources: tuple[str, ...]
    simulated = False

    def __init__(
        self, settings: ProviderSettings, defaults: Defaults, *, headers: Mapping[str, str] | None = None
    ) -> None:
        self.interval = settings.interval if settings.interval is not None else defaults.interval
        self.timeout = settings.timeout if settings.timeout is not None else defaults.timeout
        limiter = RateLimiter(
            settings.integer("requests", defaults.requests),
            settings.number("period", defaults.period),
            spacing=settings.number("spacing", defaults.spacing),
            jitter=settings.number("jitter", defaults.jitter),
        )
        self.http = MarketHttp(
            self.name,
            settings.base_url or defaults.base_url,
            limiter=limiter,
            options=HttpOptions.of(settings),
            headers=headers,
        )

    async def aclose(self) -> None:
        """Release connections; the next request opens new ones."""
        await self.http.aclose()


def encode(query: Mapping[str, object]) -> str:
    """A query string: spaces as %20 and commas as they are, which is what these markets read."""
    return urlencode({key: str(value) for key, value in query.items()}, safe=",", quote_via=quote)
