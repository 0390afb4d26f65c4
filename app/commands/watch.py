"""`tracera status`, `tracera watch`: show state and prices in the terminal."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import click
from rich.table import Table

from app.api.health import checks
from app.commands.base import FailureError, console, running_services, with_settings
from app.commands.items import find_item
from app.live.feed import Feed
from app.live.history import History
from app.live.updates import Update
from app.settings import Settings
from db.operations import jobs
from db.operations import providers as provider_state

EVENTS: Final = {"high": "new {}", "low": "new {}", "start": "{}", "approach": "near {}"}
"""Words of what happens to a level."""


@click.command()
@with_settings
def status(settings: Settings) -> None:
    """How the instance is doing; status 1 where something is wrong."""
    with running_services(settings) as runtime:
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
    """Live prices of items (ids, or words of the name), and what they change of levels, until Ctrl-C."""
    with running_services(settings) as runtime:
        wanted = {item["id"]: item for name in names for item in [find_item(runtime.services.database, name)]}

        runtime.services.redis.ping()  # at the start a Redis that is down is an error, later it is waited for
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_feed(runtime.redis_url, wanted).run())


def _feed(redis_url: str, wanted: Mapping[int, dict[str, Any]]) -> Feed:
    """Shows prices of these items; after a lost connection it reads on in the log of prices, as the server does."""

    def show(updates: Iterable[Update]) -> None:
        for update in updates:
            # What the log holds at the start is of before.
            if feed.state != "connecting" and update.variant[0] != "volatility" and update.item_id in wanted:
                _show(update.message, wanted[update.item_id])

    def note_gap() -> None:
        if feed.state != "connecting":
            console.print("Some prices were missed: Redis was away for too long.")

    feed = Feed(redis_url, History(), show, note_gap, lambda _message: None)
    return feed


def _show(message: dict[str, Any], item: dict[str, Any]) -> None:
    """One line of a price, or of what a price changed of levels."""
    scale = item["price_scale"]
    digits = max(2, len(str(scale)) - 1)
    said = [f"{message['price'] / scale:>12,.{digits}f} {item['currency']}"]
    for event in message.get("events", ()):
        words = EVENTS[event["kind"]].format(event["level"].replace("_", " "))
        said.append(f"{words} {event['price'] / scale:,.{digits}f}")
    line = f"{message['timestamp']}  {', '.join(said)}  {item['market_hash_name']}  ({message['source']})"
    console.print(line, markup=False)


def _ago(moment: datetime | None) -> str:
    return f"{(datetime.now(UTC) - moment).total_seconds():.0f} s ago" if moment else "never"
