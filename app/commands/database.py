"""`tracera db …`: the database itself."""

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table

from app.commands.base import FailureError, console, started, with_settings
from app.runtime import Runtime
from app.settings import Settings
from db import backup as copies
from db import integrity, migrate
from jobs import volatility, warm


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
    """Size, rows and migrations."""
    with started(settings) as runtime:
        held = runtime.services.database
        table = Table("table", "rows (estimate)", "bytes")
        for row in integrity.sizes(held):
            rows = "unknown" if row["rows"] is None else f"{row['rows']:,}"
            table.add_row(row["name"], rows, f"{row['bytes']:,}")
        console.print(table)
        console.print(
            f"migrations: {', '.join(migrate.names())}; missing: {', '.join(migrate.missing(held)) or 'none'}"
        )


@database.command()
@with_settings
def verify(settings: Settings) -> None:
    """Check that latest prices and roll-ups agree with the quotes; status 1 if they do not."""
    with started(settings) as runtime:
        findings = integrity.verify(runtime.services.database)
    for finding in findings:
        console.print(finding, markup=False)
    if findings:
        raise FailureError(f"{len(findings)} checks failed")
    console.print("all checks passed")


@database.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_settings
def backup(settings: Settings, file: Path) -> None:
    """Write everything to a file that `restore` reads (pg_dump's custom format)."""
    with started(settings) as runtime:
        size = copies.backup(runtime.database_url, file)
    console.print(f"{file}: {size:,} bytes", markup=False)


@database.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.confirmation_option(prompt="This replaces everything in the database. Go on?")
@with_settings
def restore(settings: Settings, file: Path) -> None:
    """Put a backup in the place of what is there, all of it or nothing."""
    with started(settings) as runtime:
        copies.restore(runtime.database_url, file)
        migrate.upgrade(runtime.database_url)  # the backup may be older than this program
        database = runtime.services.database
        warm.rebuild_latest(database, runtime.services.redis)
        volatility.run(database, runtime.services.redis, datetime.now(UTC))
    console.print(f"restored {file}", markup=False)
