"""Items by names as people and files write them."""

from db.core.pool import Database
from db.items import items
from db.items.sources import STEAM_MARKET

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


def near(database: Database, name: str, *, stattrak: bool, souvenir: bool, least: float, limit: int) -> list[str]:
    """Names of items that are spelled much alike (share of common trigrams), of the same quality, the nearest first."""
    asked = {
        "market": STEAM_MARKET, "name": name, "stattrak": stattrak, "souvenir": souvenir, "least": least, "limit": limit,
    }  # fmt: skip
    return [row["market_hash_name"] for row in database.rows(NEAR, asked)]
