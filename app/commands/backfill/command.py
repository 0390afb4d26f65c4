"""`tracera backfill`: its arguments, and which kind of past they ask for."""

from datetime import datetime
from pathlib import Path

import click

from app.candles.backfills import is_exchange
from app.commands.backfill import candles, prices
from app.commands.base import Moment, with_settings
from app.settings import Settings
from db.candles.intervals import NAMES


@click.command()
@click.argument("files", metavar="[FILE]…", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="The source of these prices, e.g. steam, or an exchange: binance.")
@click.option("--item", help="The item's name, for a Steam pricehistory JSON whose file name does not tell it.")
@click.option(
    "--replace", is_flag=True, help="Where a file contradicts what is kept, take the file's price and volume."
)
@click.option("--symbol", "symbols", multiple=True, help="Exchange: a pair such as BTCUSDT; may be repeated.")
@click.option("--all", "every", is_flag=True, help="Exchange: all pairs that this instance keeps.")
@click.option("--watched", is_flag=True, help="Exchange: the pairs that are on anybody's watchlist.")
@click.option("--from", "since", type=Moment(), help="Exchange: from this day on, e.g. 2020-01-01; unset: all.")
@click.option("--to", "until", type=Moment(), help="Exchange: up to this moment; unset: now.")
@click.option("--interval", type=click.Choice(NAMES), help="Exchange: length of a candle; unset: 1m.")
@click.option("--later", is_flag=True, help="Put it into the queue: a process of the instance loads it.")
@with_settings
def backfill(
    settings: Settings,
    files: tuple[Path, ...],
    source: str,
    item: str | None,
    symbols: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    interval: str | None,
    *,
    replace: bool,
    every: bool,
    watched: bool,
    later: bool,
) -> None:
    """Load the past: prices from FILEs, or candles of an exchange from FILEs or from the exchange itself.

    FILEs of prices are CSV or CSV.gz (market_hash_name,date,price,volume) or Steam's pricehistory JSON. FILEs of candles are those that
    the exchange publishes (BTCUSDT-1m-2025-01.zip, or .csv). An exchange is asked for the candles of --symbol, --all or --watched.
    """
    pairs = candles.Chosen(symbols, every=every, watched=watched)
    span = candles.Span(since, until, interval)
    if not is_exchange(source):
        if pairs or span:
            raise click.UsageError(
                f"--symbol, --all, --watched, --from, --to and --interval are for exchanges, not {source}"
            )
        if not files:
            raise click.UsageError("Missing argument 'FILE…'.")
        load = prices.put_in if later else prices.backfill
        load(settings, files, source, item=item, replace=replace)
    elif item is not None or replace:
        raise click.UsageError("--item and --replace are for prices; of candles, what comes later replaces")
    elif later and (files or every or watched or not symbols):
        raise click.UsageError("--later is for pairs by --symbol")
    elif files:
        if every or watched or since or until or len(symbols) > 1:
            raise click.UsageError(
                "FILEs go with one --symbol and --interval alone, where their names do not tell them"
            )
        candles.load_files(settings, source, files, next(iter(symbols), None), interval)
    elif not pairs:
        raise click.UsageError("give FILEs, or --symbol, --all or --watched")
    elif later:
        candles.put_in(settings, source, pairs, span)
    else:
        candles.ask(settings, source, pairs, span)
