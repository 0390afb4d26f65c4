"""An import from start to end: one at a time per user, all of it or nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import redis
import structlog

from app.portfolio.inventory.errors import KEPT, PROTECTED, InventoryError, Reason, confirm
from app.portfolio.inventory.fetch import Inventory, Place, fetch_inventory
from app.portfolio.inventory.null_replies import NullReplies
from app.portfolio.inventory.profile import parse_profile, resolve
from app.portfolio.inventory.progress import ProgressStore, State
from app.providers.http.client import MarketHttp
from app.providers.http.limiter import RateLimiter
from app.providers.http.options import HttpOptions
from db.core.pool import Database, DatabaseDownError
from db.portfolio import holdings, portfolios
from db.portfolio.holdings import Replaced, TooManyGoneError

log = structlog.get_logger(__name__)

T = TypeVar("T")
JOIN_EVERY = 0.25
AFTER_FAILURE = 30


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What an import is told; times in seconds, sizes in bytes."""

    steam_url: str
    cooldown: int = 600
    page_size: int = 1000
    requests_per_minute: int = 30
    http: HttpOptions = field(
        default_factory=lambda: HttpOptions(
            read_timeout=20, total_timeout=30, max_body=16 << 20, patience=0, throttle_pause=60, json_only=False
        )
    )


class Importer:
    """Imports of one process: they share a rate limit, since Steam counts requests by address."""

    def __init__(self, database: Database, client: redis.Redis, options: ImportOptions) -> None:
        self.database, self.redis, self.options = database, client, options
        self._limiter = RateLimiter(options.requests_per_minute, 60)
        self._nulls = NullReplies()

    def run(self, user_id: int, drop: int | None = None) -> dict[str, Any]:
        """Import the user's inventory, or join the import that is going on; returns its result.

        Where most of what is held is gone, up to `drop` assets are removed; without it the owner is asked.

        Raises:
            InventoryError: it could not be done; nothing changed.
            DatabaseDownError: likewise.
        """
        steam_id = portfolios.steam_id(self.database, user_id)
        if steam_id is None:
            raise InventoryError(Reason.NOT_LINKED, "Link your Steam account first: there is no inventory to import.")
        progress_store = ProgressStore(self.redis, user_id)
        try:
            token = progress_store.begin()
            if token is None:
                return self._join(progress_store)
            try:
                self._cool(progress_store)
                return self._import(progress_store, token, user_id, steam_id, drop)
            finally:
                progress_store.end(token)
        except redis.RedisError as error:
            log.warning("import refused: Redis does not answer", error=str(error))
            raise InventoryError(
                Reason.REDIS_DOWN,
                f"Imports are not possible for the moment; try again in a minute. {KEPT}",
                retry_after=60,
            ) from error

    def status(self, user_id: int) -> tuple[State | None, int | None]:
        """The last step of the user's last import, and the cooldown's seconds; None and None while Redis is down."""
        progress_store = ProgressStore(self.redis, user_id)
        try:
            return progress_store.read(), progress_store.cooling()
        except redis.RedisError as error:
            log.warning("no progress to be read: Redis does not answer", error=str(error))
            return None, None

    def inventory_of(self, profile: str) -> tuple[str, Inventory]:
        """Anybody's public inventory, kept nowhere; `profile` is what a person typed."""
        found = parse_profile(profile)

        async def read(http: MarketHttp) -> tuple[str, Inventory]:
            steam_id = await resolve(http, found)
            nothing: Callable[[int, int | None], None] = lambda _done, _total: None  # noqa: E731
            return steam_id, await fetch_inventory(
                http, Place(steam_id), count=self.options.page_size, progress=nothing, nulls=self._nulls
            )

        return self._with_http(read)

    def _cool(self, progress_store: ProgressStore) -> None:
        left = progress_store.cool(self.options.cooldown)
        if left:
            raise InventoryError(
                Reason.COOLDOWN,
                f"Imported a moment ago; the next import is possible in {left} seconds.",
                retry_after=left,
            )

    def _import(
        self, progress_store: ProgressStore, token: str, user_id: int, steam_id: str, drop: int | None
    ) -> dict[str, Any]:
        def step(done: int, total: int | None) -> None:
            of = f" of {total:,}" if total else ""
            progress_store.save(State(user_id, token, "running", f"{done:,}{of} items read", done, total))

        progress_store.save(State(user_id, token, "running", "Asking Steam for the inventory"))

        async def read(http: MarketHttp) -> Inventory:
            return await fetch_inventory(
                http, Place(steam_id), count=self.options.page_size, progress=step, nulls=self._nulls
            )

        try:
            inventory = self._with_http(read)
            with self.database.connection() as connection:
                replaced = holdings.replace(
                    connection,
                    user_id,
                    steam_id,
                    inventory.assets,
                    hidden=inventory.hidden,
                    now=datetime.now(UTC),
                    drop=drop or 0,
                )
        except TooManyGoneError as error:
            asked = confirm(error.before, error.gone)
            self._failed(progress_store, State(user_id, token, "failed", str(asked)), asked)
            raise asked from error
        except (InventoryError, DatabaseDownError) as error:
            self._failed(progress_store, State(user_id, token, "failed", str(error)), error)
            raise
        result = outcome(replaced, inventory)
        progress_store.save(State(user_id, token, "done", result["message"], replaced.assets, replaced.assets, result))
        log.info("inventory imported", user=user_id, **asdict(replaced), hidden=inventory.hidden)
        return result

    def _failed(self, progress_store: ProgressStore, state: State, error: Exception) -> None:
        told: dict[str, Any] = {"reason": Reason.UNAVAILABLE, "retry_after": None, "gone": None}
        if isinstance(error, InventoryError):
            told = {"reason": error.reason, "retry_after": error.retry_after, "gone": error.gone}
        progress_store.save(State(state.user_id, state.run, "failed", state.message, error=told))
        # A person who has just made the profile public should not wait for long, one who is asked not at all.
        progress_store.shorten(0 if told["reason"] is Reason.CONFIRM else AFTER_FAILURE)

    def _join(self, progress_store: ProgressStore) -> dict[str, Any]:
        """Wait for the run that is going on, and take its result."""
        run = progress_store.running()
        while run is not None and progress_store.running() == run:
            time.sleep(JOIN_EVERY)
        state = progress_store.read()
        if state is None or state.state == "running" or (run is not None and state.run != run):
            raise InventoryError(Reason.UNAVAILABLE, f"The import that was going on ended without a result. {KEPT}")
        if state.result is not None:
            return state.result
        told = state.error or {}
        raise InventoryError(
            Reason(told.get("reason", Reason.UNAVAILABLE)),
            state.message,
            retry_after=told.get("retry_after"),
            gone=told.get("gone"),
        )

    def _with_http(self, action: Callable[[MarketHttp], Awaitable[T]]) -> T:
        """Run an action on an event loop and connections of its own."""

        async def call() -> T:
            http = MarketHttp("steam", self.options.steam_url, limiter=self._limiter, options=self.options.http)
            try:
                return await action(http)
            finally:
                await http.aclose()

        return asyncio.run(call())


def outcome(replaced: Replaced, inventory: Inventory) -> dict[str, Any]:
    """What the owner is told."""
    message = f"{replaced.assets:,} items imported: {replaced.added:,} new, {replaced.removed:,} gone"
    if replaced.unpriced:
        message += f", {replaced.unpriced:,} without a price"
    if inventory.hidden:
        message += f"; Steam hides {inventory.hidden:,} more that are on hold"
    if not inventory.assets:
        message += f". {PROTECTED}"
    return {
        "message": message,
        "imported_assets": replaced.assets,
        "added": replaced.added,
        "removed": replaced.removed,
        "unpriced": replaced.unpriced,
        "not_marketable": inventory.not_marketable,
        "hidden": inventory.hidden,
    }
