"""`tracera status`, `tracera watch`, `tracera export`: what there is, in the terminal and in files."""

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table

from app.api.health import checks
from app.commands.base import FailureError, console, started, with_settings
from app.settings import Settings
from app.spreadsheet import Cell, csv_text
from db.core import redis as cache
from db.core.pool import Database
from db.items import items
from db.operations import jobs
from db.operations import providers as provider_state
from db.operations.atomic_file import replacing
from db.quotes import history


@click.command()
@with_settings
def status(settings: Settings) -> None:
    """How the instance is doing; status 1 where something is wrong."""
    with started(settings) as runtime:
        found = checks(runtime.request_services)
        providers = provider_state.states(runtime.services.database)
        ran = jobs.states(runtime.services.database)
    table = Table("part", "state", "")
    for name, check in found.items():
        table.add_row(name, "ok" if check["ok"] else "[red]not ok[/red]", str(check.get("error", "")))
    for row in providers:
        table.add_row(
            f"provider {row['name']}", row["error_kind"] or "ok", f"{_ago(row['last_success'])} {row['error'] or ''}"
        )
    for row in ran:
        table.add_row(
            f"job {row['name']}",
            "failed" if row["error"] else "ok",
            f"{_ago(row['last_finished'])} {row['error'] or ''}",
        )
    console.print(table)
    if not all(check["ok"] for check in found.values()):
        raise FailureError("not everything is well")


@click.command()
@click.argument("names", metavar="ITEM…", nargs=-1, required=True)
@with_settings
def watch(settings: Settings, names: tuple[str, ...]) -> None:
    """Live prices of items (ids, or words of the name) until Ctrl-C."""
    with started(settings) as runtime:
        wanted = {item["id"]: item for name in names for item in [_item(runtime.services.database, name)]}
        listener = runtime.services.redis.pubsub()  # type: ignore[no-untyped-call]
        listener.subscribe(cache.PRICES)
        try:
            for message in listener.listen():
                if message["type"] == "message":
                    _show(orjson.loads(message["data"]), wanted)
        except KeyboardInterrupt:
            return
        finally:
            listener.close()


@click.command()
@click.argument("name", metavar="ITEM")
@click.option(
    "--window", type=click.Choice(list(history.WINDOWS)), default="all", show_default=True, help="How much of the past."
)
@click.option("--source", help="Whose quotes; the reference source's where none is named.")
@click.option(
    "--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="Form of the file."
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File; standard output where none is named."
)
@with_settings
def export(settings: Settings, name: str, window: str, source: str | None, form: str, output: Path | None) -> None:
    """Write an item's history to a file."""
    with started(settings) as runtime:
        item = _item(runtime.services.database, name)
        try:
            points = history.points(runtime.services.database, item["id"], window, source, 2**31 - 1).rows()
        except history.UnknownSourceError as error:
            raise FailureError(str(error)) from error
    if output is None:
        sys.stdout.write(_text(form, item, points))
        return
    with replacing(output, private=False) as file:
        file.write(_text(form, item, points).encode())
    console.print(f"{output}: {len(points)} points of {item['market_hash_name']}", markup=False)


def _text(form: str, item: dict[str, Any], points: list[dict[str, Any]]) -> str:
    """The file's content: plain UTF-8, since scripts read it more often than people do."""
    if form == "json":
        return orjson.dumps({"item": item, "points": points}, option=orjson.OPT_UTC_Z).decode() + "\n"
    digits = len(str(item["price_scale"])) - 1
    lines: list[tuple[Cell, ...]] = [("market_hash_name", "date", "price", "volume", "source")]
    lines += [
        (
            item["market_hash_name"],
            point["time"].astimezone(UTC).isoformat(),
            Decimal(f"{point['price'] / item['price_scale']:.{digits}f}"),
            point["volume"],
            point["source"],
        )
        for point in points
    ]
    return csv_text(lines, mark=False)


def _item(database: Database, name: str) -> dict[str, Any]:
    """The item of an id, an exact name, or the only one that holds all the words."""
    if name.isdecimal() and (item := items.one(database, int(name))):
        return item
    found = items.search(database, name, limit=6)
    exact = [item for item in found if item["market_hash_name"] == name]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise FailureError(f"no item is named {name!r}")
    raise FailureError(f"{name!r} may mean {', '.join(item['market_hash_name'] for item in found)}")


def _show(message: dict[str, Any], wanted: dict[int, dict[str, Any]]) -> None:
    item = wanted.get(message["item_id"])
    if item:
        price = message["price"] / item["price_scale"]
        console.print(
            f"{message['timestamp']}  {price:>12,.2f} {item['currency']}  {item['market_hash_name']}  ({message['source']})",
            markup=False,
        )


def _ago(moment: datetime | None) -> str:
    return f"{(datetime.now(UTC) - moment).total_seconds():.0f} s ago" if moment else "never"
