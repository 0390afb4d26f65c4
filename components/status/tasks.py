"""Task card: each kind of task with what waits, runs and failed for good, and another chance for what failed."""

from collections.abc import Sequence
from typing import Any

from dash import html

from app.tasks.kinds import KINDS, title
from components.status.data import Problem, StatusData
from components.status.table import moment_text, none, not_known, table
from components.ui.format import format_age, number
from components.ui.page import Children, card, empty_state
from db.core.pool import Row

HEADS = ("Task", "Waiting", "Running", "Failed", "Oldest waits")
UNKNOWN = "waits for the version that knows it"
FAILED_HEADS = ("Failed for good", "When", "Attempts", "Reason")


def task_card(data: StatusData) -> html.Section:
    """The card; reasons, and buttons to try again, for who owns the instance alone."""
    if data.database is None:
        return card(not_known(), title="Tasks")
    if not data.tasks:
        content: Children = empty_state("Nothing waits and nothing failed", "Imports appear here while they run.")
        return card(content, title="Tasks", info="what goes on without a request")
    rows: list[list[Children]] = [
        [
            _name(row["kind"]),
            number(row["waiting"]),
            number(row["running"]),
            number(row["failed"]),
            none() if row["oldest"] is None else format_age(max(0.0, row["oldest"])),
        ]
        for row in data.tasks
    ]
    parts: list[Children] = [table("Tasks", HEADS, rows)]
    if data.failed_tasks and data.owner:
        parts.append(table("Failed tasks", FAILED_HEADS, [_failed(row, data) for row in data.failed_tasks]))
    return card(parts, title="Tasks", info="what goes on without a request")


def task_problems(data: StatusData) -> Sequence[Problem]:
    """What failed for good, if anything did."""
    failed = sum(row["failed"] for row in data.tasks)
    if not failed:
        return []
    what = "A task failed for good" if failed == 1 else f"{failed} tasks failed for good"
    detail = (
        "What they were to do is kept with the reason; the owner can try them again below, or by `tracera tasks retry`."
    )
    return [Problem(what, detail, "Other tasks go on.")]


def _name(kind: str) -> Children:
    """A kind; that this version does not know it, as in the middle of an upgrade, is said."""
    name = html.Span(title(kind), className="status-name")
    return name if kind in KINDS else [name, html.Span(f" {UNKNOWN}", className="muted")]


def _failed(row: Row, data: StatusData) -> list[Children]:
    attributes: dict[str, Any] = {
        "data-account-send": f"POST /api/v1/tasks/{row['id']}/retry",
        "data-account-done": "It runs again.",
        "aria-label": f"Try {title(row['kind'])}, number {row['id']}, again",
    }
    return [
        html.Span(title(row["kind"]), className="status-name"),
        moment_text(row["finished_at"], data.now, "its end is not recorded"),
        number(row["failures"]),
        html.Span([f"{row['message']} ", html.Button("Try again", type="button", className="button", **attributes)]),
    ]
