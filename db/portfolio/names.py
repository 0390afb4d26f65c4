"""Name lookup: items by names as people and files write them."""

from db.core.pool import Database
from db.items import items
from db.items.markets import BINANCE_SPOT, STEAM_MARKET

NEAR = """
SELECT market_hash_name FROM items
WHERE market = %(market)s AND market_hash_name %% %(name)s AND stattrak = %(stattrak)s AND souvenir = %(souvenir)s
  AND similarity(market_hash_name, %(name)s) >= %(least)s
ORDER BY similarity(market_hash_name, %(name)s) DESC, market_hash_name LIMIT %(limit)s
"""


def known(database: Database, names: list[str], keys: list[str]) -> list[items.KnownItem]:
    """Items whose name or match key is among those asked for."""
    with database.connection() as connection:
        return items.known(connection, STEAM_MARKET, names, keys)


def pairs(database: Database, names: list[str]) -> dict[str, str]:
    """Pairs by names as people write them, in letters of any case."""
    with database.connection() as connection:
        found = items.known(connection, BINANCE_SPOT, [], [name.strip().lower() for name in names])
    symbols = {pair.match_key: pair.market_hash_name for pair in found}
    return {name: symbols[key] for name in names if (key := name.strip().lower()) in symbols}


def near(database: Database, name: str, *, stattrak: bool, souvenir: bool, least: float, limit: int) -> list[str]:
    """Names of items that are spelled much alike (share of common trigrams), of the same quality, the nearest first."""
    parameters = {
        "market": STEAM_MARKET, "name": name, "stattrak": stattrak, "souvenir": souvenir, "least": least, "limit": limit,
    }  # fmt: skip
    return [row["market_hash_name"] for row in database.rows(NEAR, parameters)]
