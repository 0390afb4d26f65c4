"""`tracera ingest`, `tracera metrics`: run the jobs by hand."""

import asyncio
from datetime import UTC, datetime, timedelta

import click
from rich.box import SIMPLE
from rich.table import Table

from app.commands.base import FailureError, Moment, console, running_services, with_settings
from app.providers.base import Provider
from app.server.providers import build_providers
from app.settings import PROVIDERS, Settings
from jobs import measures
from jobs.ingest import Ingest, Report

SHOWN_REJECTIONS = 5


@click.command()
@click.option(
    "--provider", "names", multiple=True, type=click.Choice(PROVIDERS), help="Only this one; may be repeated."
)
@with_settings
def ingest(settings: Settings, names: tuple[str, ...]) -> None:
    """Run one cycle of every provider now, side by side."""
    with running_services(settings) as runtime:
        runner = Ingest(
            runtime.services.database, runtime.services.redis, heartbeat=timedelta(seconds=settings.heartbeat_seconds)
        )
        reports = asyncio.run(_cycles(runner, build_providers(settings, names or None)))
    console.print(_table(reports))
    for report in reports:
        for reason in report.rejected[:SHOWN_REJECTIONS]:
            console.print(f"{report.provider}: rejected {reason}", markup=False)
    if all(report.error for report in reports):
        raise FailureError("no provider answered")


async def _cycles(runner: Ingest, providers: list[Provider]) -> list[Report]:
    try:
        return list(await asyncio.gather(*(runner.cycle(provider) for provider in providers)))
    finally:
        for provider in providers:
            await provider.aclose()


def _table(reports: list[Report]) -> Table:
    table = Table(
        "provider",
        "fetched",
        "stored",
        "unchanged",
        "rejected",
        "new",
        "seconds",
        "db s",
        "error",
        box=SIMPLE,
        pad_edge=False,
    )
    for report in reports:
        figures = (report.fetched, report.stored, report.unchanged, len(report.rejected), report.new_items)
        times = (f"{report.seconds:.2f}", f"{report.database_seconds:.2f}")
        table.add_row(
            report.provider, *map(str, figures), *times, f"{report.error_kind}: {report.error}" if report.error else ""
        )
    return table


@click.command()
@click.option("--as-of", type=Moment(), help="Measure as of this moment instead of now, e.g. 2024-12-13T00:00:00Z.")
@with_settings
def metrics(settings: Settings, as_of: datetime | None) -> None:
    """Compute the measures of every item and fill the rankings."""
    with running_services(settings) as runtime:
        summary = measures.run(runtime.services.database, runtime.services.redis, as_of or datetime.now(UTC))
    table = Table("window", "measured", title=f"as of {summary.as_of.astimezone(UTC).isoformat()}")
    for window, pairs in summary.pairs.items():
        table.add_row(window, str(pairs))
    console.print(table)
    console.print(f"{summary.changed} rows changed")
