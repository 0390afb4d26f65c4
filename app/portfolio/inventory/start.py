"""Import start: puts an import into the queue, one at a time per user, and tells how it is doing."""

from typing import Any

import redis
import structlog

from app.portfolio.inventory.errors import KEPT, InventoryError, Reason
from app.portfolio.inventory.progress import ProgressStore
from app.tasks.kinds import INVENTORY
from db.core.pool import Database, Row
from db.portfolio import portfolios
from db.tasks import details, queue

log = structlog.get_logger(__name__)

NOT_LINKED = "Link your Steam account first: there is no inventory to import."


def start_import(database: Database, client: redis.Redis, user_id: int, drop: int | None, *, cooldown: int) -> int:
    """Put in the import of a user's inventory, or join the one under way; returns the task's id.

    Where most of what is held is gone, up to `drop` assets are removed; without it the owner is asked.

    Raises:
        InventoryError: no Steam account, too soon after the last one, or Redis does not answer.
        DatabaseDownError: nothing was put in.
    """
    if portfolios.steam_id(database, user_id) is None:
        raise InventoryError(Reason.NOT_LINKED, NOT_LINKED)
    name = f"{INVENTORY.name}:{user_id}"
    with database.connection() as connection, connection.transaction():
        queue.lock(connection, name)
        under_way = queue.active(connection, name)
        if under_way is not None:
            return under_way
        _start_cooldown(client, user_id, cooldown)
        return INVENTORY.defer(connection, {"drop": drop}, user_id=user_id, lock=name)


def import_status(database: Database, client: redis.Redis, user_id: int) -> tuple[Row | None, int | None]:
    """The user's last import, and the cooldown's seconds, None while Redis is down."""
    last = details.newest_of_kind(database, user_id, INVENTORY.name)
    try:
        return last, ProgressStore(client, user_id).cooldown_left()
    except redis.RedisError as error:
        log.warning("no cooldown to be read: Redis does not answer", error=str(error))
        return last, None


def failure_of(task: Row) -> InventoryError:
    """Why an import failed."""
    error: dict[str, Any] = task["error"] or {}
    try:
        reason = Reason(error.get("reason", ""))
    except ValueError:
        message = f"The import failed {task['failures']} times and was given up; try again in a minute. {KEPT}"
        return InventoryError(Reason.UNAVAILABLE, message, retry_after=60)
    return InventoryError(reason, error["message"], retry_after=error.get("retry_after"), gone=error.get("gone"))


def _start_cooldown(client: redis.Redis, user_id: int, seconds: int) -> None:
    try:
        left = ProgressStore(client, user_id).start_cooldown(seconds)
    except redis.RedisError as error:
        log.warning("import refused: Redis does not answer", error=str(error))
        raise InventoryError(
            Reason.REDIS_DOWN,
            f"Imports are not possible for the moment; try again in a minute. {KEPT}",
            retry_after=60,
        ) from error
    if left:
        raise InventoryError(
            Reason.COOLDOWN,
            f"Imported a moment ago; the next import is possible in {left} seconds.",
            retry_after=left,
        )
