"""Ten items made by hand, at three sources, in two currencies; what each is for stands beside it."""

from datetime import datetime, timedelta
from typing import Any, Final

from db.core.pool import Database

STEAM, SKINPORT, CSFLOAT = "steam", "skinport", "csfloat"
DAY: Final = 86_400
EUR_MILLIONTHS: Final = 800_000
VOLATILITY: Final = 0.03

PRICES: Final[dict[str, dict[str, int]]] = {
    "Plain": {STEAM: 1000, SKINPORT: 1200, CSFLOAT: 1100},
    "In euros": {STEAM: 2000, SKINPORT: 2400},
    "Spoofed": {STEAM: 1000, SKINPORT: 1010, CSFLOAT: 9000},
    "Apart": {STEAM: 100, CSFLOAT: 400},
    "Stale": {STEAM: 1000, SKINPORT: 1500},
    "Single": {STEAM: 1000, SKINPORT: 1400},
    "Unmeasured": {STEAM: 1000, SKINPORT: 1300},
    "Alone": {STEAM: 1000},
    "Cheap": {STEAM: 3, SKINPORT: 5},
    "Few closes": {STEAM: 1000, SKINPORT: 1150},
}
AGES: Final = {("Stale", SKINPORT): 2 * DAY}
LISTINGS: Final = {("Single", SKINPORT): 1}
SAMPLES: Final = {("Unmeasured", SKINPORT): None, ("Few closes", SKINPORT): 7}

SPREADS: Final = {
    # name, from, to: cost, proceeds. Skinport takes 8 %, CSFloat 2 %, both rounded up; Steam 5 % and 10 % on top.
    ("Plain", STEAM, SKINPORT): (1000, 1104),
    ("Plain", STEAM, CSFLOAT): (1000, 1078),
    ("Plain", CSFLOAT, SKINPORT): (1100, 1104),
    ("In euros", STEAM, SKINPORT): (2000, 2208),
    ("Stale", STEAM, SKINPORT): (1000, 1380),
    ("Single", STEAM, SKINPORT): (1000, 1288),
    ("Unmeasured", STEAM, SKINPORT): (1000, 1196),
    ("Cheap", STEAM, SKINPORT): (3, 4),
    ("Few closes", STEAM, SKINPORT): (1000, 1058),
}
"""Every pair that leaves something."""


def fill(database: Database, now: datetime) -> dict[str, int]:
    """Put them into the database; ids by name."""
    ids: dict[str, int] = {}
    for name, prices in PRICES.items():
        currency = "EUR" if name == "In euros" else "USD"
        row = database.row(
            "INSERT INTO items (market, market_hash_name, match_key, slug, currency, reference_source)"
            " VALUES ('steam:730', %s, %s, %s, %s, 'steam') RETURNING id",
            [name, name.lower(), name.lower().replace(" ", "-"), currency],
        )
        assert row is not None
        ids[name] = row["id"]
        for source, price in prices.items():
            _quote(database, ids[name], source, price, _about(name, source), now)
    database.execute(
        "INSERT INTO currency_rates (currency, day, millionths, source) VALUES ('EUR', %s, %s, 'ecb')",
        [now.date(), EUR_MILLIONTHS],
    )
    return ids


def _about(name: str, source: str) -> dict[str, Any]:
    key = (name, source)
    return {"age": AGES.get(key, 60), "listings": LISTINGS.get(key, 9), "samples": SAMPLES.get(key, 700)}


def _quote(database: Database, item: int, source: str, price: int, about: dict[str, Any], now: datetime) -> None:
    moment = now - timedelta(seconds=about["age"])
    database.execute(
        "INSERT INTO price_latest (item_id, source, time, stored_time, price, volume, volume_rolling, listings)"
        " VALUES (%s, %s, %s, %s, %s, 12, true, %s)",
        [item, source, moment, moment, price, about["listings"]],
    )
    if about["samples"] is not None:
        database.execute(
            'INSERT INTO item_metrics (item_id, source, "window", reference, return_volatility, samples, coverage, as_of, computed_at)'
            " VALUES (%s, %s, '30d', false, %s, %s, 1, %s, %s)",
            [item, source, VOLATILITY, about["samples"], now, now],
        )
