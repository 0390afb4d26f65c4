"""`tracera backfill`: price-history files in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.commands.base import FailureError, console, started, with_settings
from app.settings import Settings
from jobs import cache_rebuild, measures
from jobs.backfill import run as job

SHOWN_REJECTIONS = 20
SHOWN_CONFLICTS = 20


@click.command()
@click.argument(
    "files", metavar="FILE…", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--source", required=True, help="Who quoted these prices, e.g. steam.")
@click.option("--item", help="The item's name, for a Steam pricehistory JSON whose file name does not tell it.")
@click.option(
    "--replace", is_flag=True, help="Where a file contradicts what is kept, take the file's price and volume."
)
@with_settings
def backfill(settings: Settings, files: tuple[Path, ...], source: str, item: str | None, *, replace: bool) -> None:
    """Load price-history files: CSV or CSV.gz (market_hash_name,date,price,volume) or Steam's pricehistory JSON."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[points]:,} points"),
    )
    with started(settings) as runtime, Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("reading", points=0, total=None)

        def show(at: job.Progress) -> None:
            bar.update(task, description=at.file, completed=at.bytes_read, total=at.bytes_total, points=at.points)

        services = runtime.services
        heartbeat = timedelta(seconds=settings.heartbeat_seconds)
        report = job.backfill(
            services.database, files, source, progress=show, item=item, replace=replace, heartbeat=heartbeat
        )
        if report.new or report.replaced:
            cache_rebuild.rebuild_latest(services.database, services.redis)
        if report.replaced:
            measures.run(services.database, services.redis, datetime.now(UTC))
    for rejected in report.rejected[:SHOWN_REJECTIONS]:
        console.print(f"{rejected.file}:{rejected.line}: rejected, {rejected.reason}", markup=False)
    if report.rejected_count > SHOWN_REJECTIONS:
        console.print(f"… and {report.rejected_count - SHOWN_REJECTIONS:,} more lines rejected")
    for conflict in report.conflicts[:SHOWN_CONFLICTS]:
        console.print(conflict, markup=False)
    if report.conflict_count > SHOWN_CONFLICTS:
        console.print(f"… and {report.conflict_count - SHOWN_CONFLICTS:,} more lines that contradict")
    console.print(summary(report), markup=False)
    if report.conflict_count > report.replaced and not replace:
        console.print("what was kept or came first stays; --replace takes what the files say")
    if report.failed:
        raise FailureError("; ".join(report.failed))


def summary(report: job.Report) -> str:
    """One line of what was done."""
    refused = f" ({report.refused:,} of hours whose quotes are deleted)" if report.refused else ""
    return (
        f"{report.points:,} points of {report.items:,} items: {report.new:,} new, {report.known:,} known{refused}, "
        f"{report.conflict_count:,} contradicting ({report.replaced:,} replaced), {report.rejected_count:,} rejected; "
        f"{report.seconds:.1f} s, {report.points_per_second:,.0f} points/s, {report.peak_memory / 1e6:,.0f} MB at most"
    )
