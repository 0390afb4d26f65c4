import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.providers.base import Batch, Provider, ProviderError, Quote
from app.providers.registry import ProviderSettings, build
from tests.upstream.app import UpstreamApp
from tests.upstream.data import Item, World, synthetic
from tests.upstream.server import running

KEY = "123e4567-e89b-42d3-a456-426614174000"
# Fast enough for a test, slow enough for a busy machine.
QUICK: dict[str, Any] = {
    "requests": 0,
    "spacing": 0,
    "jitter": 0,
    "read_timeout": 0.5,
    "total_timeout": 2.0,
    "attempts": 2,
    "retry_wait": 0.01,
    "throttle_pause": 0.05,
    "max_body": 4_000_000,
    "enrich": 0,
    "markets": "steam,buff163",
}


@dataclass
class Cycle:
    """What one cycle yielded, and the error that ended it."""

    batches: list[Batch]
    error: ProviderError | None

    @property
    def quotes(self) -> list[Quote]:
        return [quote for batch in self.batches for quote in batch.quotes]

    @property
    def rejected(self) -> list[str]:
        return [sentence for batch in self.batches for sentence in batch.rejected]

    @property
    def cursor(self) -> dict[str, Any]:
        return self.batches[-1].cursor


@dataclass
class Upstream:
    """The server as the tests use it. `world` is restored after each of them."""

    url: str
    app: UpstreamApp
    world: World

    def settings(self, **extras: Any) -> ProviderSettings:
        return ProviderSettings(base_url=self.url, key=KEY, extras={**QUICK, **extras})

    def provider(self, name: str, **extras: Any) -> Provider:
        return build([name], lambda _: self.settings(**extras))[0]


def cycle(provider: Provider, cursor: dict[str, Any] | None = None, *, most: int | None = None) -> Cycle:
    """One cycle as the ingest runs it; with `most`, it is given up after so many batches."""

    async def run() -> Cycle:
        result = Cycle([], None)
        try:
            async for batch in provider.fetch(dict(cursor or {})):
                result.batches.append(batch)
                if len(result.batches) == most:
                    break
        except ProviderError as error:
            result.error = error
        finally:
            await provider.aclose()
        return result

    return asyncio.run(run())


@pytest.fixture(scope="session")
def _server() -> Iterator[tuple[str, UpstreamApp]]:
    with running(World([])) as (url, app):
        yield url, app


@pytest.fixture
def upstream(_server: tuple[str, UpstreamApp]) -> Iterator[Upstream]:
    url, app = _server
    app.world.page_size = 10
    app.world.currency = 1
    app.world.histories.clear()
    app.world.replace(synthetic(60))
    yield Upstream(url, app, app.world)
    app.forget()


@pytest.fixture(name="cycle")
def _cycle() -> Callable[..., Cycle]:
    return cycle


@pytest.fixture
def sell(upstream: Upstream) -> Callable[..., None]:
    """Replace what is sold: `sell({"name": cents})`."""

    def replace(prices: dict[str, int]) -> None:
        upstream.world.replace([Item(name, price) for name, price in prices.items()])

    return replace
