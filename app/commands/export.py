"""`tracera export`: histories, bars and measures in files."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import click
import orjson
from rich.console import Console
from rich.progress import Progress

from app.commands.base import FailureError, console, running_services, with_settings
from app.commands.items import find_item
from app.research.exports.tables import TABLES, WRITERS, Wanted, check_source, write
from app.research.sources.base import SECONDS
from app.settings import Settings
from db.core.pool import Database
from db.operations.atomic_file import replacing
from db.quotes import history

T = TypeVar("T")
BINARY = ("parquet", "npz")


@click.command()
@click.argument("names", metavar="[ITEM]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every item, in the place of some.")
@click.option("--table", type=click.Choice(list(TABLES)), default="history", show_default=True, help="Which table.")
@click.option(
    "--window", type=click.Choice(list(history.WINDOWS)), default="all", show_default=True, help="How much of the past."
)
@click.option(
    "--interval", type=click.Choice(list(SECONDS)), default="1d", show_default=True, help="Of bars: how long each is."
)
@click.option("--source", help="Whose quotes; the reference source's where none is named.")
@click.option(
    "--format",
    "form",
    type=click.Choice([*WRITERS, "json"]),
    default="csv",
    show_default=True,
    help="Form of the file; json is one item's history.",
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File; standard output where none is named."
)
@with_settings
def export(
    settings: Settings,
    names: tuple[str, ...],
    every: bool,  # noqa: FBT001  # click passes options by name
    table: str,
    window: str,
    interval: str,
    source: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Write the history, the bars or the measures of items, or of all, to a file."""
    if bool(names) == every:
        raise click.UsageError("name an ITEM, or say --all")
    if form == "json" and (len(names) != 1 or table != "history"):
        raise click.UsageError("json is for the history of one item")
    if form in BINARY and output is None:
        raise click.UsageError(f"{form} needs --output")
    with running_services(settings) as runtime:
        database = runtime.services.database
        found = [find_item(database, name) for name in names]
        wanted = Wanted(table, window, interval, source, list({item["id"]: None for item in found}) or None)
        with _opened(output) as file:
            count = _json(file, database, found[0], wanted) if form == "json" else _write(file, database, wanted, form)
    if output is not None:
        what = {"history": "points", "bars": "bars"}.get(table, "rows")
        whose = found[0]["market_hash_name"] if len(found) == 1 else f"{len(found)} items" if found else "all items"
        console.print(f"{output}: {count} {what} of {whose}", markup=False)


def _json(file: IO[bytes], database: Database, item: dict[str, Any], wanted: Wanted) -> int:
    """One item's history with what is known of it; returns how many points."""
    _check_source(database, wanted)
    points = history.points(database, item["id"], wanted.window, wanted.source, 2**31 - 1).rows()
    file.write(orjson.dumps({"item": item, "points": points}, option=orjson.OPT_UTC_Z) + b"\n")
    return len(points)


def _write(file: IO[bytes], database: Database, wanted: Wanted, form: str) -> int:
    """Write the table; returns how many rows.

    Raises:
        FailureError: there is no quote of that source.
    """
    _check_source(database, wanted)
    count = write(file, database, wanted, form, _progress)
    if not count and wanted.source is not None and wanted.ids is None:
        raise FailureError(f"nothing is known of source {wanted.source!r}")
    return count


def _check_source(database: Database, wanted: Wanted) -> None:
    try:
        check_source(database, wanted)
    except history.UnknownSourceError as error:
        raise FailureError(str(error)) from error


def _progress(found: Iterable[T], total: int) -> Iterator[T]:
    """What is found, counted on a terminal's standard error."""
    with Progress(
        console=Console(stderr=True), disable=not sys.stderr.isatty() or total == 1, transient=True
    ) as progress:
        yield from progress.track(found, total=total, description="items")


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with replacing(output, private=False) as file:
        yield file
