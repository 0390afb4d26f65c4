"""Inventory import: the task that fetches and stores an inventory, all of it or nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import redis
import structlog

from app.portfolio.inventory.errors import PROTECTED, InventoryError, Reason, confirm
from app.portfolio.inventory.fetch import Inventory, InventoryRef, fetch_inventory
from app.portfolio.inventory.null_replies import NullReplies
from app.portfolio.inventory.profile import parse_profile, resolve
from app.portfolio.inventory.progress import ProgressStore, State
from app.portfolio.inventory.start import NOT_LINKED
from app.providers.http.client import MarketHttp
from app.providers.http.limiter import RateLimiter
from app.providers.http.options import HttpOptions
from app.tasks.task import RefusedError, StoppedError, Task
from db.core.pool import Database, DatabaseDownError
from db.portfolio import holdings, portfolios
from db.portfolio.holdings import Replaced, TooManyGoneError
from db.tasks.details import SupersededError

log = structlog.get_logger(__name__)

T = TypeVar("T")
AFTER_FAILURE = 30
"""Seconds of cooldown that are left after an import that failed."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import; times in seconds, sizes in bytes."""

    steam_url: str
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

    def run(self, task: Task) -> None:
        """Import the inventory of the task's user; where most of what is held is gone, up to `drop` assets are removed.

        Raises:
            RefusedError: it could not be done; nothing changed.
            DatabaseDownError: likewise, and it may be tried again.
        """
        store = _Publisher(task, self.redis)
        try:
            result = self._import(task, store)
        except InventoryError as error:
            answer = {"reason": error.reason, "retry_after": error.retry_after, "gone": error.gone}
            # A person who has just made the profile public should not wait for long, one who is asked not at all.
            store.failed(str(error), answer, cooldown=0 if error.reason is Reason.CONFIRM else AFTER_FAILURE)
            raise RefusedError(error.reason, str(error), retry_after=error.retry_after, gone=error.gone) from error
        except (StoppedError, SupersededError):
            raise
        except Exception:  # whatever it is, the next run or the owner's next try must not wait for the whole cooldown
            store.shorten_cooldown(AFTER_FAILURE)
            raise
        store.done(result)

    def inventory_of(self, profile: str) -> tuple[str, Inventory]:
        """Any public inventory, stored nowhere; `profile` is what a person typed."""
        found = parse_profile(profile)

        async def read(http: MarketHttp) -> tuple[str, Inventory]:
            steam_id = await resolve(http, found)
            nothing: Callable[[int, int | None], None] = lambda _done, _total: None  # noqa: E731
            return steam_id, await fetch_inventory(
                http, InventoryRef(steam_id), count=self.options.page_size, progress=nothing, nulls=self._nulls
            )

        return self._with_http(read)

    def _import(self, task: Task, store: "_Publisher") -> dict[str, Any]:
        user_id = task.user_id or 0
        steam_id = portfolios.steam_id(self.database, user_id)
        if steam_id is None:
            raise InventoryError(Reason.NOT_LINKED, NOT_LINKED)
        store.step(0, None, "Asking Steam for the inventory")

        def step(done: int, total: int | None) -> None:
            of = f" of {total:,}" if total else ""
            store.step(done, total, f"{done:,}{of} items read")

        async def read(http: MarketHttp) -> Inventory:
            return await fetch_inventory(
                http, InventoryRef(steam_id), count=self.options.page_size, progress=step, nulls=self._nulls
            )

        inventory = self._with_http(read)
        drop: int = task.payload.get("drop") or 0
        try:
            with self.database.connection() as connection, connection.transaction():
                replaced = holdings.replace(
                    connection,
                    user_id,
                    steam_id,
                    inventory.assets,
                    hidden=inventory.hidden,
                    now=datetime.now(UTC),
                    drop=drop,
                )
                result = import_result(replaced, inventory)
                task.complete(connection, result, result["message"])
        except TooManyGoneError as error:
            raise confirm(error.before, error.gone) from error
        log.info("inventory imported", user=user_id, **asdict(replaced), hidden=inventory.hidden)
        return result

    def _with_http(self, action: Callable[[MarketHttp], Awaitable[T]]) -> T:
        """Run an action on an event loop and connections of its own."""

        async def call() -> T:
            http = MarketHttp("steam", self.options.steam_url, limiter=self._limiter, options=self.options.http)
            try:
                return await action(http)
            finally:
                await http.aclose()

        return asyncio.run(call())


class _Publisher:
    """Notes the steps of one run: in the task, and to the owner's pages while Redis answers."""

    def __init__(self, task: Task, client: redis.Redis) -> None:
        self._task, self._user_id = task, task.user_id or 0
        self._store = ProgressStore(client, self._user_id)

    def step(self, done: int, total: int | None, message: str) -> None:
        """So many assets came, of so many."""
        try:
            self._task.progress(done, total, message)
        except DatabaseDownError as error:
            log.info("a step of an import is not kept", error=str(error))  # the end decides
        self._publish(self._state("running", message, done=done, total=total))

    def done(self, result: dict[str, Any]) -> None:
        """The inventory is stored."""
        assets = result["imported_assets"]
        self._publish(self._state("done", result["message"], done=assets, total=assets, result=result))

    def failed(self, message: str, error: dict[str, Any], *, cooldown: int) -> None:
        """It is not, and why."""
        self.shorten_cooldown(cooldown)
        self._publish(self._state("failed", message, error=error))

    def shorten_cooldown(self, seconds: int) -> None:
        """Let the cooldown end in `seconds` at the latest."""
        try:
            self._store.shorten_cooldown(seconds)
        except redis.RedisError as error:
            log.info("a cooldown stays as it is: Redis does not answer", error=str(error))

    def _state(self, state: Literal["running", "done", "failed"], message: str, **more: Any) -> State:
        return State(self._user_id, str(self._task.id), state, message, **more)

    def _publish(self, state: State) -> None:
        try:
            self._store.publish(state)
        except redis.RedisError as error:
            log.info("a step of an import is not shown: Redis does not answer", error=str(error))


def import_result(replaced: Replaced, inventory: Inventory) -> dict[str, Any]:
    """The result of an import as the owner reads it."""
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
