"""`tracera tasks …`: what waits, runs and failed, and what is to become of it."""

from datetime import UTC, datetime

import click
import orjson
from rich.table import Table

from app.commands.base import FailureError, console, running_services, with_settings
from app.settings import Settings
from app.tasks.kinds import KINDS
from db.tasks import details, overview, queue

STATES = ("waiting", "running", "done", "failed", "cancelled")


@click.group("tasks")
def tasks() -> None:
    """Durable tasks: list them, show a dead letter, retry or cancel one."""


@tasks.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those.")
@click.option("--kind", type=click.Choice(list(KINDS)), help="Only those.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@with_settings
def list_(settings: Settings, state: str | None, kind: str | None, limit: int) -> None:
    """The newest tasks of everybody, and how many wait."""
    with running_services(settings) as runtime:
        rows = overview.listed(runtime.services.database, state=state, kind=kind, limit=limit)
        queues = overview.queues(runtime.services.database)
    table = Table("id", "kind", "state", "user", "age", "failed", "")
    for row in rows:
        user = "" if row["user_id"] is None else str(row["user_id"])
        age = f"{(datetime.now(UTC) - row['created_at']).total_seconds():.0f} s"
        shown = "dead" if row["dead"] else row["state"]
        table.add_row(str(row["id"]), row["kind"], shown, user, age, str(row["failures"] or ""), row["message"] or "")
    console.print(table)
    for row in queues:
        oldest = "" if row["oldest"] is None else f", the oldest for {row['oldest']:.0f} s"
        console.print(
            f"{row['kind']}: {row['waiting']} waiting{oldest}, {row['running']} running, {row['failed']} failed",
            markup=False,
        )


@tasks.command()
@click.argument("task_id", type=click.IntRange(min=1))
@with_settings
def show(settings: Settings, task_id: int) -> None:
    """One task with its payload and the trace of its last failure."""
    with running_services(settings) as runtime:
        row = details.letter(runtime.services.database, task_id)
    if row is None:
        raise FailureError(f"there is no task {task_id}")
    trace = row.pop("trace")
    console.print(orjson.dumps(row, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode(), markup=False)
    if trace:
        console.print(trace, markup=False)


@tasks.command()
@click.argument("task_id", type=click.IntRange(min=1), required=False)
@click.option("--all", "every", is_flag=True, help="Every task that failed for good.")
@with_settings
def retry(settings: Settings, task_id: int | None, *, every: bool) -> None:
    """Let a task that failed for good run again."""
    if (task_id is None) != every:
        raise click.UsageError("name a task, or say --all")
    with running_services(settings) as runtime:
        held = runtime.services.database
        if task_id is not None:
            if not queue.retry(held, task_id):
                raise FailureError(f"task {task_id} did not fail for good")
            console.print(f"task {task_id} runs again")
            return
        again = [row["id"] for row in overview.dead_letters(held, limit=100_000) if queue.retry(held, row["id"])]
    console.print(f"{len(again)} tasks run again")


@tasks.command()
@click.argument("task_id", type=click.IntRange(min=1))
@with_settings
def cancel(settings: Settings, task_id: int) -> None:
    """Take a waiting task out of the queue, or let a running one stop where nothing is half done."""
    with running_services(settings) as runtime:
        if not queue.cancel(runtime.services.database, task_id):
            raise FailureError(f"task {task_id} has ended, or there is none")
    console.print(f"task {task_id} is cancelled")
