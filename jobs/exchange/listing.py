"""Exchange listing: which pairs an exchange has, kept with their status; what it has no more is delisted and keeps its history."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from app.providers.exchange import Exchange, Symbol
from db.candles import symbols
from db.core.pool import Database

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listing:
    """The pairs asked for that the exchange lists, in the scales in which their candles are stored, and their items by symbol.

    `listed` are all that it lists, in its own scales.
    """

    symbols: Sequence[Symbol]
    items: Mapping[str, int]
    listed: Sequence[Symbol]

    @property
    def trading(self) -> list[Symbol]:
        """Those that trade now."""
        return [one for one in self.symbols if one.status == "trading"]


async def refresh(
    exchange: Exchange, database: Database, wanted: Collection[str] = (), *, spare: Collection[str] = ()
) -> Listing:
    """Read the list, keep the `wanted` pairs (none: all), and the status of every pair that is kept already.

    Pairs whose candles come from a source of `spare` stay with it.

    Raises:
        ProviderError: the exchange refused, or its list was not understood.
        DatabaseDownError: PostgreSQL went away.
    """
    listed = await exchange.symbols()
    return await asyncio.to_thread(_keep, exchange, database, listed, frozenset(wanted), spare)


def _keep(
    exchange: Exchange, database: Database, listed: Sequence[Symbol], wanted: frozenset[str], spare: Collection[str]
) -> Listing:
    chosen = [one for one in listed if not wanted or one.symbol in wanted]
    before = {pair.symbol: pair for pair in symbols.every(database, exchange.market) if pair.source == exchange.name}
    names = {one.symbol for one in chosen}
    others = [one for one in listed if one.symbol in before and one.symbol not in names]
    with database.connection() as connection, connection.transaction():
        rows = [row_of(one) for one in (*chosen, *others)]
        items = symbols.save(connection, exchange.market, exchange.name, rows, spare=spare)
        gone = symbols.mark_delisted(connection, exchange.market, exchange.name, [one.symbol for one in listed])
    changed = [f"{one.symbol} {one.status}" for one in listed if _changed(before.get(one.symbol), one)]
    if gone or changed:
        log.info("status of pairs changed", exchange=exchange.name, delisted=gone, changed=changed)
    kept = {pair.symbol: pair for pair in symbols.every(database, exchange.market)}
    # What is stored keeps its scales, whatever the exchange makes of its tick size since.
    scaled = [
        replace(one, price_scale=kept[one.symbol].price_scale, volume_scale=kept[one.symbol].volume_scale)
        for one in chosen
    ]
    return Listing(scaled, {one.symbol: items[one.symbol] for one in scaled}, listed)


def _changed(before: symbols.Pair | None, now: Symbol) -> bool:
    return before is not None and before.status != now.status


def row_of(one: Symbol) -> symbols.PairRow:
    """What is kept of a symbol."""
    return symbols.PairRow(
        one.symbol, one.base, one.quote, one.price_scale, one.volume_scale, one.status, one.min_notional
    )
