"""Backfill of prices: loads price-history files and reports."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.candles.backfills import PriceOrder, start_prices
from app.commands.base import FailureError, console, running_services
from app.server.backfills import settle
from app.settings import Settings
from jobs.backfill import run
from jobs.backfill.points import Rejected

SHOWN_REJECTIONS = 20
SHOWN_CONFLICTS = 20


def backfill(settings: Settings, files: tuple[Path, ...], source: str, *, item: str | None, replace: bool) -> None:
    """Load files of prices, and say what came of it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[points]:,} points"),
    )
    with running_services(settings) as runtime, Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("reading", points=0, total=None)

        def show(at: run.Progress) -> None:
            bar.update(task, description=at.file, completed=at.bytes_read, total=at.bytes_total, points=at.points)

        services = runtime.services
        heartbeat = timedelta(seconds=settings.heartbeat_seconds)
        report = run.backfill(
            services.database, files, source, progress=show, item=item, replace=replace, heartbeat=heartbeat
        )
        settle(services, stored=bool(report.new or report.replaced), replaced=bool(report.replaced))
    show_rejected(report.rejected, report.rejected_count)
    for conflict in report.conflicts[:SHOWN_CONFLICTS]:
        console.print(conflict, markup=False)
    if report.conflict_count > SHOWN_CONFLICTS:
        console.print(f"… and {report.conflict_count - SHOWN_CONFLICTS:,} more lines that contradict")
    console.print(summary(report), markup=False)
    if report.conflict_count > report.replaced and not replace:
        console.print("what was kept or came first stays; --replace takes what the files say")
    if report.failed:
        raise FailureError("; ".join(report.failed))


def put_in(settings: Settings, files: tuple[Path, ...], source: str, *, item: str | None, replace: bool) -> None:
    """Put files of prices into the queue, a task each."""
    with running_services(settings) as runtime:
        for path in files:
            order = PriceOrder(source=source, name=path.name, item=item, replace=replace)
            with path.open("rb") as file:
                task_id = start_prices(runtime.services.database, order, file)
            console.print(f"{path}: task {task_id}", markup=False)


def show_rejected(lines: Sequence[Rejected], count: int) -> None:
    """Name the first lines that were left out."""
    for rejected in lines[:SHOWN_REJECTIONS]:
        console.print(f"{rejected.file}:{rejected.line}: rejected, {rejected.reason}", markup=False)
    if count > SHOWN_REJECTIONS:
        console.print(f"… and {count - SHOWN_REJECTIONS:,} more lines rejected")


def summary(report: run.Report) -> str:
    """One line of what was done."""
    refused = f" ({report.refused:,} of hours whose quotes are deleted)" if report.refused else ""
    return (
        f"{report.points:,} points of {report.items:,} items: {report.new:,} new, {report.known:,} known{refused}, "
        f"{report.conflict_count:,} contradicting ({report.replaced:,} replaced), {report.rejected_count:,} rejected; "
        f"{report.seconds:.1f} s, {report.points_per_second:,.0f} points/s, {report.peak_memory / 1e6:,.0f} MB at most"
    )
