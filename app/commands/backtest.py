"""`tracera backtest`: a strategy tried on bars of items."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import httpx
import orjson
import pandas as pd
from rich.table import Table

from app.commands.base import FailureError, Moment, console, running_services, with_settings
from app.commands.items import find_item
from app.portfolio.importer import fees_of
from app.research.backtest.grid import combinations, grid
from app.research.backtest.panel import Panel, panel
from app.research.backtest.run import Result, backtest
from app.research.backtest.strategies import STRATEGIES, make
from app.research.backtest.terms import PROTECTION_DAYS, Terms
from app.research.backtest.walk_forward import walk_forward
from app.research.sources.base import SECONDS, DataError, DataSource
from app.research.sources.database import DatabaseSource
from app.research.sources.files import FileSource
from app.research.sources.instance import InstanceSource
from app.settings import Settings

SHARES = frozenset({"total_return", "annual_return", "max_drawdown", "index_return", "closing_return", "won"})


class Pair(click.ParamType[tuple[str, list[float]]]):
    """NAME=NUMBER, or several numbers separated by commas."""

    name = "name=number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, list[float]]:
        """Split it."""
        name, _, numbers = str(value).partition("=")
        try:
            return name, [float(number) for number in numbers.split(",")]
        except ValueError:
            self.fail(f"{value!r} is not like window=20", param, ctx)


@click.command(name="backtest")
@click.argument("strategy", type=click.Choice(list(STRATEGIES)))
@click.argument("items", metavar="[ITEM]...", nargs=-1)
@click.option(
    "--from", "origin", help="An exported file of bars, or another instance's address; this one's database otherwise."
)
@click.option("--source", help="Whose quotes; the reference source's where none is named.")
@click.option("--interval", type=click.Choice(list(SECONDS)), default="1d", show_default=True, help="Width of a bar.")
@click.option("--start", type=Moment(), help="Earliest bar.")
@click.option("--end", type=Moment(), help="Bars before this one.")
@click.option("--set", "chosen", type=Pair(), multiple=True, help="A parameter's value, NAME=VALUE.")
@click.option("--try", "tried", type=Pair(), multiple=True, help="Values to try, NAME=VALUE,VALUE…: every combination.")
@click.option(
    "--walk", metavar="TRAIN,TEST", help="Choose among --try on TRAIN bars, judge on the next TEST, and so on."
)
@click.option("--capital", type=click.FloatRange(min=0.01), default=10_000.0, show_default=True, help="In units.")
@click.option("--slippage", type=click.FloatRange(0, 99), default=0.0, show_default=True, help="Percent a side.")
@click.option(
    "--protection", type=click.FloatRange(0, 365), default=float(PROTECTION_DAYS), show_default=True, help="Days."
)
@click.option(
    "--share",
    type=click.FloatRange(0, 100),
    default=10.0,
    show_default=True,
    help="A purchase in percent of the volume of the bar before, at most; 0: any.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
@with_settings
def command(settings: Settings, strategy: str, items: tuple[str, ...], origin: str | None, **options: Any) -> None:
    """Try a STRATEGY on bars of items, with the market's fees and trade protection."""
    try:
        bars = _bars(settings, origin, items, options)
        held = panel(bars, options["interval"])
        terms = Terms(
            fees=fees_of(settings),
            capital=round(options["capital"] * held.price_scale),
            slippage=round(options["slippage"] * 100),
            protection_days=options["protection"],
            participation=options["share"] / 100 or None,
        )
        fixed = dict(options["chosen"])
        tried = dict(options["tried"])
        found = _run(held, strategy, terms, fixed, tried, options["walk"])
    except (DataError, httpx.HTTPError) as error:
        raise FailureError(str(error)) from error
    if options["as_json"]:
        click.echo(orjson.dumps(_plain(found), option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z).decode())
        return
    for title, value in found.items():
        _show(title, value)


def _bars(settings: Settings, origin: str | None, items: Sequence[str], options: Mapping[str, Any]) -> pd.DataFrame:
    with _opened(settings, origin, items) as (source, names):
        if not names:
            raise click.UsageError("name an ITEM: only a file knows its items by itself")
        bounds: tuple[datetime | None, datetime | None] = options["start"], options["end"]
        return source.bars(names, options["source"], options["interval"], *bounds)


@contextmanager
def _opened(settings: Settings, origin: str | None, items: Sequence[str]) -> Iterator[tuple[DataSource, list[str]]]:
    """Where bars come from, and the names there of what is asked for."""
    if origin is None:
        with running_services(settings) as runtime:
            database = runtime.services.database
            yield DatabaseSource(database), [find_item(database, item)["market_hash_name"] for item in items]
    elif origin.startswith(("http://", "https://")):
        with InstanceSource(origin) as instance:
            yield instance, list(items)
    else:
        file = FileSource(Path(origin))
        yield file, list(items) or file.names()


def _run(
    held: Panel,
    strategy: str,
    terms: Terms,
    fixed: dict[str, list[float]],
    tried: dict[str, list[float]],
    walk: str | None,
) -> dict[str, Any]:
    """What is shown, by title."""
    if any(len(values) != 1 for values in fixed.values()):
        raise click.UsageError("--set takes one value, --try several")
    if not tried:
        if walk:
            raise click.UsageError("--walk needs something to --try")
        return _result(backtest(held, make(strategy, {name: value for name, (value,) in fixed.items()}), terms))
    strategies = combinations(strategy, fixed | tried)
    if walk:
        try:
            train, test = (int(part) for part in walk.split(","))
        except ValueError as error:
            raise click.UsageError(f"--walk {walk!r} is not like 365,90") from error
        walked = walk_forward(held, strategies, terms, train, test)
        return {"summary": walked.summary, "folds": walked.folds}
    found = grid(held, strategies, terms)
    best = backtest(held, strategies[found.best or 0], terms)
    tries = {"tries": found.tries, "best_sharpe": best.summary["sharpe"], "best_of_as_many_worthless": found.luck}
    return {"tries": tries, "table": found.table.sort_values("sharpe", ascending=False), **_result(best)}


def _result(result: Result) -> dict[str, Any]:
    about = {"strategy": result.strategy, **result.parameters, "currency": result.currency}
    return {"rules": about | result.rules, "summary": result.summary, "trades": result.trades}


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    """Frames as lists of rows, unknown as null, times as RFC 3339 has them."""
    return {
        title: orjson.loads(value.to_json(orient="records", date_format="iso", double_precision=15))
        if isinstance(value, pd.DataFrame)
        else value
        for title, value in found.items()
    }


def _show(title: str, value: Any) -> None:
    table = Table(title=title, title_justify="left", show_header=isinstance(value, pd.DataFrame))
    if isinstance(value, pd.DataFrame):
        for name in value.columns:
            table.add_column(str(name))
        for row in value.head(ROWS).itertuples(index=False):
            table.add_row(*(_text(name, cell) for name, cell in zip(value.columns, row, strict=True)))
        table.caption = f"{len(value)} in all" if len(value) > ROWS else None
    else:
        for name, cell in value.items():
            table.add_row(name, _text(name, cell))
    console.print(table, markup=False)


ROWS = 20
"""Rows that are shown of a table; `--json` has all."""


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:.1%}" if name in SHARES or name.endswith("_return") else f"{value:,.6g}"
