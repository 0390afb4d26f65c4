"""`tracera db …`: schema, status, integrity, backup and restore of the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.commands.base import FailureError, console, running_services, with_settings
from app.runtime import Runtime
from app.settings import Settings
from db.core import migrate
from db.core.pool import Database
from db.operations import backup as copies
from db.operations import integrity
from db.operations import status as system
from db.operations import transfer as transferring
from db.timescale import columnstore, overlay
from db.timescale import move as moving
from jobs import cache_rebuild, measures


@click.group("db")
def database() -> None:
    """The database: schema, state, copies."""


@database.command()
@with_settings
def upgrade(settings: Settings) -> None:
    """Bring the schema up to date."""
    runtime = Runtime(settings, brief=True)
    try:
        applied = runtime.start()
    finally:
        runtime.stop()
    done = f"applied {', '.join(applied)}; " if applied else ""
    console.print(f"{done}the schema is up to date: {len(migrate.names())} migrations")


@database.command()
@with_settings
def status(settings: Settings) -> None:
    """Backend, size, rows, compression, retention, how old and new the history is, and migrations."""
    with running_services(settings) as runtime:
        held = runtime.services.database
        table = Table("table", "rows (estimate)", "bytes")
        for row in integrity.sizes(held):
            rows = "unknown" if row["rows"] is None else f"{row['rows']:,}"
            table.add_row(row["name"], rows, f"{row['bytes']:,}")
        console.print(table)
        for line in (*_backend(held), *_history(held, settings)):
            console.print(line, markup=False)
        console.print(
            f"migrations: {', '.join(migrate.names())}; missing: {', '.join(migrate.missing(held)) or 'none'}"
        )


def _backend(held: Database) -> Iterator[str]:
    found = system.database_data(held)
    kind = "TimescaleDB" if found["timescale"] else "tables"
    yield f"backend: PostgreSQL {found['version'].split()[0]}, the history in {kind}; {found['bytes']:,} bytes in all"
    for kept in columnstore.state(held):
        smaller = f", {kept.rows_bytes:,} bytes there became {kept.columns_bytes:,}" if kept.columns else ""
        yield f"compression of {kept.relation}: {kept.columns} of {kept.chunks} chunks{smaller}"


def _history(held: Database, settings: Settings) -> Iterator[str]:
    days = f"{settings.retention_days} days" if settings.retention_days else "for good"
    yield f"retention: quotes {days}, simulated ones {settings.demo_retention_days} days; roll-ups for good"
    found = system.history_data(held)
    if found["oldest"] is not None:
        yield f"oldest: {found['oldest']:%Y-%m-%d}"
    if found["newest"] is not None:
        yield f"newest: {found['newest']:%Y-%m-%d %H:%M:%S}, {found['lag'] // timedelta(seconds=1):,} seconds ago"


@database.command()
@with_settings
def move(settings: Settings) -> None:
    """Move the history into TimescaleDB, where the server has it; interrupted, it goes on where it stopped."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with running_services(settings) as runtime, Progress(*columns, console=console) as bar:
        task = bar.add_task("reading", total=None)

        def show(at: moving.Progress) -> None:
            bar.update(task, description=at.relation, completed=at.done, total=at.total)

        moved = moving.move(runtime.database_url, show)
        columnstore.compress(runtime.services.database, datetime.now(UTC))
    console.print(f"the history is kept by TimescaleDB; {moved:,} rows moved")


@database.command()
@click.argument("target", metavar="ADDRESS")
@with_settings
def transfer(settings: Settings, target: str) -> None:
    """Copy everything into another, empty database, whose history is in plain tables, whatever it is in here."""

    def show(at: transferring.Copied) -> None:
        if at.rows:
            console.print(f"{at.relation}: {at.rows:,} rows", markup=False)

    with running_services(settings) as runtime:
        copied = transferring.transfer(runtime.database_url, target, show)
    console.print(f"{copied:,} rows copied; TRACERA_DATABASE_URL takes an instance there")


@database.command()
@click.option("--repair", is_flag=True, help="Put right what can be recomputed, then compute the measures anew.")
@click.option("--show", default=20, show_default=True, type=click.IntRange(min=0), help="How many differences to name.")
@with_settings
def verify(settings: Settings, *, repair: bool, show: int) -> None:
    """Recompute everything derived from the quotes and name what differs; status 1 if anything is (still) wrong."""
    with running_services(settings) as runtime:
        services = runtime.services
        report = _checked(settings, services.database, repair=repair)
        stale = cache_rebuild.latest_differences(services.database, services.redis)
        report.tally.add(stale)
        if repair and (report.repaired or stale):
            report.repaired["price:latest"] += cache_rebuild.repair_latest(services.database, services.redis)
            measures.run(services.database, services.redis, datetime.now(UTC))
    _print_report(report, show)
    if report.unrepaired or (report.differences and not repair):
        raise FailureError(f"{report.unrepaired or report.differences:,} {'remain' if repair else 'differences'}")
    console.print("all checks passed" if not report.differences else "repaired")


def _checked(settings: Settings, held: Database, *, repair: bool) -> integrity.Report:
    heartbeat = timedelta(seconds=settings.heartbeat_seconds)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("reading", total=None)

        def show(at: integrity.Progress) -> None:
            bar.update(task, description=at.source, completed=at.done, total=at.total)

        return integrity.check(held, heartbeat=heartbeat, repair=repair, progress=show)


def _print_report(report: integrity.Report, show: int) -> None:
    named = report.tally.named()
    for difference in named[:show]:
        console.print(str(difference), markup=False)
    if report.differences > min(show, len(named)):
        console.print(f"… and {report.differences - min(show, len(named)):,} more")
    for line in (*integrity.sentences(report), *integrity.summary_lines(report)):
        console.print(line, markup=False)


@database.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_settings
def backup(settings: Settings, file: Path) -> None:
    """Write everything to a file that `restore` reads (pg_dump's custom format)."""
    with running_services(settings) as runtime:
        size = copies.backup(runtime.database_url, file)
    console.print(f"{file}: {size:,} bytes", markup=False)


@database.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.confirmation_option(prompt="This replaces everything in the database. Go on?")
@with_settings
def restore(settings: Settings, file: Path) -> None:
    """Put a backup in the place of what is there, all of it or nothing."""
    with running_services(settings) as runtime:
        copies.restore(runtime.database_url, file)
        overlay.upgrade(runtime.database_url)  # the backup may be older than this program
        database = runtime.services.database
        cache_rebuild.rebuild_latest(database, runtime.services.redis)
        measures.run(database, runtime.services.redis, datetime.now(UTC))
    console.print(f"restored {file}", markup=False)
