"""Research: backtests that a user runs, keeps and shares."""

from typing import Any, Final

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from app.api.owner import owner, private
from app.api.portfolio.views import PRIVATE
from app.research import runs as research
from app.research.request import BacktestRequest
from app.runtime import services
from app.schemas import Problem, Row, Rows
from db.core.pool import Row as Stored
from db.research import runs
from db.tasks import queue

blueprint = APIBlueprint(
    "research", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="research")], abp_responses=PRIVATE
)
SHOWN: Final = (
    "id",
    "name",
    "request",
    "task_id",
    "state",
    "done",
    "total",
    "message",
    "shared",
    "created_at",
    "finished_at",
)
PUBLIC: Final = ("name", "request", "created_at", "finished_at", "result")


class RunPath(BaseModel):
    """Which backtest."""

    run_id: int = Field(ge=1, le=2**53, description="The backtest's id.")


class TokenPath(BaseModel):
    """The link's secret part."""

    token: str = Field(min_length=20, max_length=100, description="From the link.")


@blueprint.get("/research/runs", responses={200: Rows})
def list_runs() -> Response:
    """The user's own, newest first, without their results."""
    return private([_described(row) for row in runs.of_user(services().database, owner())])


@blueprint.post("/research/runs", responses={202: Row, 409: Problem})
def start_run(body: BacktestRequest) -> Response:
    """Put a backtest into the queue; one of a user's runs at a time."""
    user_id = owner(write=True)
    try:
        run_id = research.start(services().database, user_id, body)
    except research.RunError as error:
        abort(409, str(error))
    accepted = private(_described(_own(user_id, run_id)), 202)
    accepted.headers["Location"] = f"/api/v1/research/runs/{run_id}"
    return accepted


@blueprint.get("/research/runs/<int:run_id>", responses={200: Row})
def get_run(path: RunPath) -> Response:
    """One of the user's own; `result` is null until it is done."""
    row = _own(owner(), path.run_id)
    return private(_described(row) | {"result": row["result"]})


@blueprint.delete("/research/runs/<int:run_id>", responses={200: Row})
def delete_run(path: RunPath) -> Response:
    """Delete it, and stop it where it runs."""
    found = runs.delete(services().database, owner(write=True), path.run_id)
    if found is None:
        abort(404, f"you have no backtest {path.run_id}")
    queue.cancel(services().database, found["task_id"])
    return private({"message": "The backtest is deleted."})


@blueprint.post("/research/runs/<int:run_id>/share", responses={201: Row})
def share_run(path: RunPath) -> Response:
    """A link for whoever has it, in place of the one before; its token is in this answer and never again."""
    token = research.share(services().database, owner(write=True), path.run_id)
    if token is None:
        abort(404, f"you have no backtest {path.run_id} that is done")
    path_of_page = f"/research/shared/{token}"
    address = f"{services().settings.base_url.rstrip('/')}{path_of_page}"
    return private(
        {"token": token, "path": path_of_page, "message": f"Whoever has this link sees the result: {address}"}, 201
    )


@blueprint.delete("/research/runs/<int:run_id>/share", responses={200: Row})
def unshare_run(path: RunPath) -> Response:
    """End the link."""
    if not runs.share(services().database, owner(write=True), path.run_id, None):
        abort(404, f"you have no backtest {path.run_id} that is done")
    return private({"message": "The link shows nothing any more."})


@blueprint.get("/research/shared/<string:token>", responses={200: Row})
def get_shared_run(path: TokenPath) -> Response:
    """A shared backtest, for whoever has the link."""
    found = research.shared(services().database, path.token)
    if found is None:
        abort(404, "this link does not exist, or was revoked")
    response = private({name: found[name] for name in PUBLIC})
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _own(user_id: int, run_id: int) -> Stored:
    found = runs.one(services().database, user_id, run_id)
    if found is None:
        abort(404, f"you have no backtest {run_id}")
    return found


def _described(row: Stored) -> dict[str, Any]:
    error: dict[str, Any] = row["error"] or {}
    return {name: row[name] for name in SHOWN} | {"error": error.get("message")}
