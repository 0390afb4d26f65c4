"""The price that a change counts from, found again from the stored change: alike everywhere, and never an error."""

import random

from app.items.screener.table import Query, Screener
from db.core.pool import Database
from db.items import details

LIMIT = 2**63 - 1
EXTREMES = [(1, 1), (LIMIT, 1), (1, LIMIT), (LIMIT, LIMIT), (1000, LIMIT), (1500, LIMIT // 2), (2**53, 3), (7, 10**15)]
STORED = [(5, None), (None, 3.0), (5, -100.0), (5, -250.0), (5, -99.99999999999999), (LIMIT, -99.99999999999999),
          (1, 1e300), (1, 250.0)]  # fmt: skip
EXACT_TO = 10**8
"""A million dollars: up to here a change keeps every cent of its base."""


def test_the_base_is_the_same_everywhere_and_exact(database: Database) -> None:
    draw = random.Random(730)
    pairs = EXTREMES + [(round(10 ** draw.uniform(0, 8)), round(10 ** draw.uniform(0, 8))) for _ in range(400)]
    rows = [(last, (last / base - 1) * 100) for last, base in pairs] + STORED
    with database.connection() as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO items (id, market, market_hash_name, match_key, slug, reference_source)"
            " VALUES (%s, 'steam:730', %s, %s, %s, 'steam')",
            [(at, *[f"item {at}"] * 3) for at in range(1, len(rows) + 1)],
        )
        cursor.executemany(
            'INSERT INTO item_metrics (item_id, source, "window", reference, last_price, percent_change, samples, coverage,'
            " as_of, computed_at) VALUES (%s, 'steam', '24h', true, %s, %s, 24, 1, now(), now())",
            [(at, *row) for at, row in enumerate(rows, 1)],
        )
    listed = {row["id"]: row["base"] for row in Screener(database).page(Query(), 0, len(rows)).rows}
    found = []
    for at in range(1, len(rows) + 1):
        measures = details.measures(database, at, "steam", "24h")
        assert measures
        found.append(measures["previous"])
    assert found == [listed[at] for at in range(1, len(rows) + 1)]
    assert all(base is None or base > 0 for base in found)
    for (last, base), again in zip(pairs, found, strict=False):
        assert again == base or max(last, base) > EXACT_TO, (last, base)
    assert found[len(pairs) :] == [None, None, None, None, found[len(pairs) + 4], None, None, None]
    assert found[EXTREMES.index((1, LIMIT))] is None  # the change is exactly -100 %: of its base nothing is left
