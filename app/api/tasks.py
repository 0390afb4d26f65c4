"""Tasks: a user's own, how they are doing; cancels them and gives dead letters another chance."""

from collections.abc import Callable
from typing import Any, Final

from flask import Response, abort, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from app.accounts.owner import is_instance_owner
from app.api.owner import owner, private
from app.runtime import services
from app.schemas import PROBLEMS, Problem, Query, Row, Rows
from app.tasks import waiting
from app.tasks.kinds import BACKTEST, CANDLE_BACKFILL, FILE_IMPORT, INVENTORY, PRICE_BACKFILL, title
from app.tasks.waiting import Answer, Awaited
from db.core.pool import Row as TaskRow
from db.tasks import details, queue

PRIVATE: Final = {**PROBLEMS, 401: Problem, 403: Problem, 429: Problem}
blueprint = APIBlueprint("tasks", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="tasks")], abp_responses=PRIVATE)

PAGES: Final = {
    INVENTORY.name: "/portfolio",
    FILE_IMPORT.name: "/portfolio?tab=transactions",
    BACKTEST.name: "/research?run={run_id}",
    PRICE_BACKFILL.name: "/items",
    CANDLE_BACKFILL.name: "/crypto",
}
"""The page that shows what a task of a kind did."""
WAIT_SECONDS: Final = 25.0
"""Seconds that a request waits for the end of a task; after them it gets 202 and asks again itself."""


class TaskPath(BaseModel):
    """Which task."""

    task_id: int = Field(ge=1, le=2**63 - 1, description="The task's id.")


class TasksQuery(Query):
    """How many."""

    limit: int = Field(20, ge=1, le=100, description="At most so many, the newest ones.")


def task_json(row: TaskRow) -> dict[str, Any]:
    """A task as its user reads it; what went wrong inside is for who runs the instance."""
    error: dict[str, Any] = row["error"] or {}
    if row["dead"]:
        words = f"It failed {row['failures']} times and was given up; it can be tried again."
        error = {"reason": "failed", "message": words}
    elif row["failures"] and row["state"] in {"waiting", "running"}:
        error = {"reason": "retried", "message": f"It failed {row['failures']} times and is tried again."}
    shown = ("id", "kind", "state", "done", "total", "result", "created_at", "started_at", "finished_at", "next_run")
    more = {name: value for name, value in error.items() if name not in {"message", "reason"}}
    return {
        **{name: row[name] for name in shown},
        "title": title(row["kind"]),
        **_made(row),
        "retryable": row["dead"],
        "message": error.get("message", row["message"]),
        "error": error.get("message"),
        "reason": error.get("reason"),
        **more,
    }


def _made(row: TaskRow) -> dict[str, Any]:
    """What a task that is done made: the `file`'s name, and the `link` to it, or to the page that shows what came of it."""
    result: dict[str, Any] = row["result"] or {}
    if file := result.get("file"):
        return {"file": file, "link": f"/api/v1/tasks/{row['id']}/file"}
    page = PAGES.get(row["kind"]) if row["state"] == "done" else None
    return {"file": None, "link": page and page.format(**result)}


def accept(task_id: int) -> Response:
    """202 with a task that was put in, and where it is found."""
    task = details.one(services().database, task_id)
    if task is None:
        raise LookupError(f"task {task_id} is gone")
    accepted = private(task_json(task), 202)
    accepted.headers["Location"] = f"/api/v1/tasks/{task_id}"
    return accepted


def wait_for(task_id: int, answer: Callable[[], Answer]) -> Response:
    """What a request gets that put a task in: `answer` once the task ended, or after 25 seconds 202 with the task."""
    accepted = accept(task_id)
    awaited = Awaited(services().database, task_id, WAIT_SECONDS, answer)
    if waiting.leave(request.environ, awaited):
        return accepted
    ended = waiting.wait_here(awaited)
    if ended is None:
        return accepted
    reply = private(None, ended.status)
    reply.set_data(ended.body)
    reply.headers.extend(ended.headers)
    return reply


@blueprint.get("/tasks", responses={200: Rows})
def list_tasks(query: TasksQuery) -> Response:
    """The user's own, newest first."""
    user_id = owner()
    rows = [task_json(row) for row in details.of_user(services().database, user_id, query.limit)]
    return private(
        [{name: value for name, value in row.items() if name not in {"bad_lines", "header", "columns"}} for row in rows]
    )


@blueprint.get("/tasks/<int:task_id>", responses={200: Row})
def get_task(path: TaskPath) -> Response:
    """One of the user's own."""
    return private(task_json(_own(path.task_id, owner())))


@blueprint.post("/tasks/<int:task_id>/cancel", responses={200: Row, 409: Problem})
def cancel_task(path: TaskPath) -> Response:
    """Take it out of the queue, or stop it where nothing is half done."""
    user_id = owner(write=True)
    _own(path.task_id, user_id)
    if not queue.cancel(services().database, path.task_id):
        abort(409, "this task has ended")
    return private(task_json(_own(path.task_id, user_id)))


@blueprint.post("/tasks/<int:task_id>/retry", responses={200: Row, 409: Problem})
def retry_task(path: TaskPath) -> Response:
    """Let a task that failed for good run again; any task for who owns the instance."""
    user_id = owner(write=True)
    _own(path.task_id, user_id)
    if not queue.retry(services().database, path.task_id):
        abort(409, "this task did not fail for good")
    return private(task_json(_own(path.task_id, user_id)))


def _own(task_id: int, user_id: int) -> TaskRow:
    """A task of the user's, or any for the instance's owner; 404 for any other."""
    found = details.one(services().database, task_id)
    if found is None or (found["user_id"] != user_id and not is_instance_owner(services().database, user_id)):
        abort(404, f"you have no task {task_id}")
    return found
