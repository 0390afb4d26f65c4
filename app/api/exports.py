"""Exports: puts one into the queue, and gives its file to whom it belongs."""

from functools import partial
from threading import BoundedSemaphore
from typing import Final

import redis
from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag

from app.accounts import account_export
from app.accounts.caller import caller
from app.accounts.matching import log_activity
from app.accounts.requirements import session_user_id
from app.accounts.session_list import session_entries
from app.api.owner import owner
from app.api.replies import encode
from app.api.tasks import PRIVATE, TaskPath, accept, wait_for
from app.research.exports import task as export
from app.research.exports.request import ExportRequest
from app.runtime import services
from app.schemas import Problem, Row
from app.tasks.kinds import ACCOUNT_EXPORT
from app.tasks.waiting import Answer
from db.core.pool import Database
from db.tasks import details, files

blueprint = APIBlueprint("exports", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="tasks")], abp_responses=PRIVATE)
FILE: Final = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
LARGE: Final = 32 * 1024 * 1024
"""Bytes from which a thread waits for a client that reads slowly."""
_LARGE_AT_ONCE: Final = BoundedSemaphore(3)


@blueprint.post("/exports", responses={202: Row, 409: Problem})
def start_export(body: ExportRequest) -> Response:
    """Put an export of items into the queue; one of a user's runs at a time, and the newest files are kept."""
    user_id = owner(write=True)
    database = services().database
    try:
        task_id = export.start(database, user_id, body)
    except export.BusyError as error:
        abort(409, str(error))
    return accept(task_id)


@blueprint.post("/exports/account", responses={200: Row, 202: Row})
def start_account_export() -> Response:
    """Everything kept about the user, as a file: `next` is where it is, once it is made."""
    user_id = session_user_id()
    database = services().database
    try:
        sessions = session_entries(user_id)
    except redis.RedisError:
        abort(503, "your sessions cannot be listed now, because Redis does not answer; try again in a few seconds")
    log_activity(database, user_id, "export")
    task_id = account_export.start(database, user_id, sessions)
    return wait_for(task_id, partial(account_answer, database, task_id))


def account_answer(database: Database, task_id: int) -> Answer:
    """Where the file is that a request waited for."""
    task = details.one(database, task_id)
    if task is None or task["state"] != "done":
        return Answer(503, encode({"error": "The file could not be made; try again in a minute."}))
    return Answer(200, encode({"message": "The file is ready.", "next": f"/api/v1/tasks/{task_id}/file"}))


@blueprint.get("/tasks/<int:task_id>/file", responses={200: {"content": FILE}})
def get_file(path: TaskPath) -> Response:
    """What one of the user's own tasks made; nobody else's, whoever owns the instance."""
    user_id = owner()
    database = services().database
    task = details.one(database, path.task_id)
    if task is None or task["user_id"] != user_id:
        abort(404, f"you have no task {path.task_id}")
    if task["kind"] == ACCOUNT_EXPORT.name and caller().kind != "session":
        abort(403, "only for people who are signed in, not for keys")
    file = files.one(database, path.task_id, given=False)
    if file is None:
        abort(404, "this task has no file, or it made room for newer ones")
    if file["size"] >= LARGE and not _LARGE_AT_ONCE.acquire(blocking=False):
        abort(503, "others take large files at the moment; try again in a minute")
    response = Response(files.parts(database, path.task_id), content_type=file["media_type"])
    if file["size"] >= LARGE:
        response.call_on_close(_LARGE_AT_ONCE.release)
    response.headers["Content-Disposition"] = f'attachment; filename="{file["name"]}"'
    response.headers["Content-Length"] = str(file["size"])
    response.headers["Cache-Control"] = "private, no-store"
    return response
