"""Backfill of candles: an exchange's files, or its pairs over its interface, with progress and what came of it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.candles.backfills import CandleOrder, start_candles
from app.commands.backfill.prices import show_rejected
from app.commands.base import FailureError, console, running_services
from app.providers.base import ProviderError
from app.providers.exchange import Exchange
from app.runtime import Runtime
from app.server.providers import build_exchange, build_feeds, kept_symbols
from app.settings import Settings
from db.candles import symbols
from db.candles.intervals import NAMES
from jobs.backfill.candles import exchange as past_of
from jobs.backfill.candles.exchange import Order, Patience
from jobs.backfill.candles.files import CandleReport, load, open_file
from jobs.backfill.candles.pairs import Pairs, UnknownPairError
from jobs.backfill.run import Progress as At
from jobs.exchange.listing import Listing
from jobs.exchange.past import FIRST_DAY, Past


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which pairs; false where none were named."""

    names: tuple[str, ...]
    every: bool
    watched: bool

    def __bool__(self) -> bool:
        return bool(self.names or self.every or self.watched)


@dataclass(frozen=True, slots=True)
class Span:
    """Which candles; false where nothing was said of them."""

    since: datetime | None
    until: datetime | None
    interval: str | None

    def __bool__(self) -> bool:
        return any(one is not None for one in (self.since, self.until, self.interval))


def load_files(
    settings: Settings, source: str, files: Sequence[Path], symbol: str | None, interval: str | None
) -> None:
    """Load an exchange's files; `symbol` and `interval` are of those whose names do not tell them."""
    opened = [open_file(path, symbol, interval) for path in files]
    with running_services(settings) as runtime, _bar("candles") as bar:
        pairs = _pairs(settings, source, runtime)
        task = bar.add_task("reading", done=0, total=None)

        def show(at: At) -> None:
            bar.update(task, description=at.file, completed=at.bytes_read, total=at.bytes_total, done=at.points)

        report = load(runtime.services.database, opened, source, pairs, show)
        stay = pairs.stay(report.symbols)
    show_rejected(report.rejected, report.rejected_count)
    console.print(_summary(report), markup=False)
    _say_stay(source, stay)
    if report.failed:
        raise FailureError("; ".join(report.failed))


def ask(settings: Settings, source: str, chosen: Chosen, span: Span) -> None:
    """Ask an exchange for the past of pairs, the oldest first; what is there is not asked for again."""
    with running_services(settings) as runtime, _bar("candles") as bar:
        pairs = _pairs(settings, source, runtime)
        try:
            changed, stay = asyncio.run(_ask(settings, pairs, chosen, span, bar))
        except ProviderError as error:
            raise FailureError(f"{error}; what came is stored, the same command goes on from there") from error
        except UnknownPairError as error:
            raise FailureError(str(error)) from error
    console.print(f"{changed:,} candles are new or corrected", markup=False)
    _say_stay(source, stay)


def put_in(settings: Settings, source: str, chosen: Chosen, span: Span) -> None:
    """Put the asking for pairs by name into the queue."""
    order = CandleOrder(
        source=source,
        symbols=list(chosen.names),
        since=span.since,
        until=span.until,
        interval=span.interval or NAMES[0],
    )
    with running_services(settings) as runtime:
        task_id = start_candles(runtime.services.database, order, datetime.now(UTC))
    console.print(f"{', '.join(chosen.names)}: task {task_id}", markup=False)


async def _ask(
    settings: Settings, pairs: Pairs, chosen: Chosen, span: Span, bar: Progress
) -> tuple[int, Sequence[str]]:
    try:
        listing = await _listing(settings, pairs, chosen)
        return await _fill(pairs, listing, span, bar), await asyncio.to_thread(pairs.stay, list(listing.items))
    finally:
        await pairs.exchange.aclose()


async def _fill(pairs: Pairs, listing: Listing, span: Span, bar: Progress) -> int:
    past = Past(pairs.exchange, pairs.database)
    patience = Patience(
        pairs.exchange, lambda seconds, reason: bar.console.print(f"{reason}; waiting {seconds:.0f} s", markup=False)
    )
    task = bar.add_task("looking", done=0, total=None)
    since = FIRST_DAY if span.since is None else int(span.since.timestamp())
    until = int((span.until or datetime.now(UTC)).timestamp())
    changed = came = 0
    for symbol in listing.symbols:
        bar.update(task, description=symbol.symbol, completed=0, total=None)
        order = Order(symbol, listing.items[symbol.symbol], span.interval or NAMES[0], since, until)
        plan = await past_of.plan(past, order, patience)
        bar.console.print(past_of.sentence(plan), markup=False)
        async for step in past_of.fill(past, plan, patience):
            came += step.came
            changed += step.changed
            bar.update(task, completed=step.done, total=plan.todo, done=came)
    return changed


async def _listing(settings: Settings, pairs: Pairs, chosen: Chosen) -> Listing:
    """The pairs that are meant; named ones have to be listed, others that are not are left out and said."""
    named = {name.upper() for name in chosen.names}
    others: set[str] = set()
    if chosen.watched:
        others |= set(await asyncio.to_thread(symbols.watched, pairs.database, pairs.exchange.market))
    if chosen.every:
        wanted = kept_symbols(settings, pairs.exchange)
        if not wanted:
            everything = await pairs.listed((), required=named)
            return replace(everything, symbols=everything.trading)
        kept = await asyncio.to_thread(symbols.every, pairs.database, pairs.exchange.market)
        others |= wanted | {pair.symbol for pair in kept if pair.source == pairs.exchange.name}
    if not named | others:
        raise UnknownPairError("no pair is on a watchlist")
    listing = await pairs.listed(named | others, required=named)
    if left_out := sorted(others - set(listing.items)):
        console.print(f"{', '.join(left_out)}: not listed by {pairs.exchange.name}, left out", markup=False)
    return listing


def _pairs(settings: Settings, source: str, runtime: Runtime) -> Pairs:
    running = {feed.name for feed, _ in build_feeds(settings)}
    found: Exchange = build_exchange(settings, source)
    return Pairs(found, runtime.services.database, running)


@contextmanager
def _bar(what: str) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]:,} " + what),
    )
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        yield bar


def _say_stay(source: str, names: Sequence[str]) -> None:
    if names:
        console.print(
            f"{', '.join(names)}: pages show another source's candles, which runs here; {source}'s are shown once TRACERA_PROVIDERS"
            f" has {source} in its place",
            markup=False,
        )


def _summary(report: CandleReport) -> str:
    known = report.candles - report.changed
    return (
        f"{report.candles:,} candles of {len(report.symbols):,} pairs: {report.changed:,} new or corrected, {known:,} known,"
        f" {report.rejected_count:,} rejected; {report.seconds:.1f} s, {report.per_second:,.0f} candles/s,"
        f" {report.peak_memory / 1e6:,.0f} MB at most"
    )
