"""Inventory imports: puts one into the queue, waits for it a while, and tells how it is doing."""

from functools import partial
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from app.api.owner import failure_json, owner, private, refuse
from app.api.portfolio.views import PRIVATE
from app.api.replies import encode
from app.api.tasks import wait_for
from app.portfolio.inventory.errors import InventoryError
from app.portfolio.inventory.start import failure_of, import_status, start_import
from app.runtime import services
from app.schemas import Problem, Query, Row
from app.tasks.waiting import Answer
from db.core.pool import Database
from db.core.pool import Row as TaskRow
from db.portfolio import portfolios
from db.tasks import details

blueprint = APIBlueprint(
    "portfolio_imports", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="portfolio")], abp_responses=PRIVATE
)


class ImportQuery(Query):
    """What the owner agreed to."""

    drop: int | None = Field(
        None, ge=1, le=300_000, description="Remove up to so many assets, where most are gone: `gone` of the 409."
    )


@blueprint.post("/portfolio/import", responses={200: Row, 202: Row, 409: Problem})
def import_inventory(query: ImportQuery) -> Response:
    """Put the linked Steam account's inventory in the place of the last one; joins an import under way.

    The answer comes at the end of the import, or after 25 seconds as 202 with the task.
    """
    user_id = owner(write=True)
    held = services()
    cooldown = held.settings.portfolio_import_cooldown
    try:
        task_id = start_import(held.database, held.redis, user_id, query.drop, cooldown=cooldown)
    except InventoryError as error:
        refuse(error)
    return wait_for(task_id, partial(import_answer, held.database, task_id))


@blueprint.get("/portfolio/import", responses={200: Row})
def get_import() -> Response:
    """How the last import is doing, and when the next one is possible."""
    user_id = owner()
    held = services()
    task, cooldown = import_status(held.database, held.redis, user_id)
    last = portfolios.last_import(held.database, user_id)
    return private({
        **_progress(task),
        "cooldown_seconds": cooldown,
        "last": {name: value for name, value in last.items() if name != "user_id"} if last else None,
    })  # fmt: skip


def import_answer(database: Database, task_id: int) -> Answer:
    """What the request gets whose import ended."""
    task = details.one(database, task_id)
    if task is not None and task["state"] == "done":
        return Answer(200, encode(task["result"]))
    if task is None or task["state"] == "cancelled":
        return Answer(
            409, encode({"error": "The import was cancelled. Your holdings are as they were.", "reason": "cancelled"})
        )
    error = failure_of(task)
    headers = () if error.retry_after is None else (("Retry-After", str(max(1, round(error.retry_after)))),)
    return Answer(error.status, encode(failure_json(error)), headers)


def _progress(task: TaskRow | None) -> dict[str, Any]:
    """The last import in the form that pages and scripts know: running, done or failed."""
    if task is None:
        return dict.fromkeys(("task_id", "state", "message", "done", "total", "result", "error"))
    state = {"waiting": "running", "cancelled": "failed"}.get(task["state"], task["state"])
    error: dict[str, Any] | None = None
    if task["state"] == "failed":
        failure = failure_of(task)
        error = {
            "reason": failure.reason,
            "retry_after": failure.retry_after,
            "gone": failure.gone,
            "message": str(failure),
        }
    message = error.pop("message") if error else (task["message"] or "Waiting for its turn")
    return {
        "task_id": task["id"],
        "state": state,
        "message": message,
        "done": task["done"],
        "total": task["total"],
        "result": task["result"],
        "error": error,
    }
