"""One valuation of 10,000 portfolios of 100 holdings, beside the bare SQL that reads the same rows.

`python -m tests.bench.bench_portfolio`: a PostgreSQL of its own, 25,000 items with 90 daily closes each.
"""

import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg

from db.core import binary
from db.core.pool import Database
from db.portfolio.prices import LATEST
from db.portfolio.snapshots import POSITION
from jobs.valuation import Valuation
from tests.bench.own_database import own_database

PORTFOLIOS, HOLDINGS, ITEMS, DAYS = 10_000, 100, 25_000, 91
ROUNDS = 5
NOW = datetime.now(UTC).replace(microsecond=0)


def main() -> None:
    with own_database() as database:
        fill(database)
        measure(database)


def fill(database: Database) -> None:
    """Everything is made by the server: a row at a time from here would take minutes."""
    day = NOW.replace(hour=0, minute=0, second=0)
    values = {"items": ITEMS, "days": DAYS, "portfolios": PORTFOLIOS, "holdings": HOLDINGS, "day": day, "now": NOW}
    with database.connection() as connection:
        connection.execute("SELECT setseed(0.5)")
        for statement in FILL.split(";"):
            connection.execute(statement, values)
        connection.execute("VACUUM ANALYZE")


def measure(database: Database) -> None:
    valuation = Valuation(database, {})
    first, _ = timed(lambda: valuation.run(NOW))
    moment = iter(range(1, 100))
    runs = [timed(lambda: valuation.run(NOW + timedelta(minutes=5 * next(moment)))) for _ in range(ROUNDS)]
    reads = [timed(lambda: bare(database)) for _ in range(ROUNDS)]
    sums = [timed(lambda: in_sql(database)) for _ in range(ROUNDS)]
    check(database)
    print(
        f"{PORTFOLIOS:,} portfolios of {HOLDINGS} holdings, {ITEMS:,} items, best of {ROUNDS} (wall; CPU of this process)"
    )
    print(f"  first valuation, all changed, histories read {first:7.2f} s")
    for name, found in (("one valuation: value, flows, volatility", runs), ("bare SQL: the same rows, read", reads),
                        ("SQL alone: sum(quantity * price), no risk", sums)):  # fmt: skip
        wall, cpu = min(found)
        print(f"  {name:<44} {wall:7.2f} s {cpu:7.2f} s")
    print(f"  goal: under 5 s on one core: {'met' if min(runs)[0] < 5 else 'MISSED'}")


def bare(database: Database) -> None:
    """What a valuation reads, and nothing done with it."""
    with database.connection() as connection:
        binary.read(
            connection,
            psycopg.sql.SQL("SELECT portfolio_id, item_id, quantity, priced FROM portfolio_positions"),
            {},
            POSITION,
        )
        quote = [("item_id", ">i4"), ("source", ">i4"), ("price", ">i8"), ("time", ">i8"), ("reference", "i1")]
        binary.read(connection, LATEST, {"ids": None, "names": ["steam"]}, quote)


def in_sql(database: Database) -> None:
    database.rows(TOTALS)


def check(database: Database) -> None:
    """The totals are SQL's, all of them."""
    wanted = {row["portfolio_id"]: int(row["value"]) for row in database.rows(TOTALS)}
    found = {
        row["portfolio_id"]: row["value"] for row in database.rows("SELECT portfolio_id, value FROM portfolio_state")
    }
    if wanted != found:
        raise SystemExit("the totals differ from SQL's")


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of one call."""
    begin, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    run()
    now = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter() - begin, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


FILL: LiteralString = """
INSERT INTO items (market, market_hash_name, match_key, slug, reference_source)
SELECT 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n, 'steam' FROM generate_series(1, %(items)s) n;
INSERT INTO users (name, session_key) SELECT 'u', 'k' FROM generate_series(1, %(portfolios)s);
INSERT INTO portfolios (user_id, name, includes_steam) SELECT id, 'main', true FROM users;
INSERT INTO price_24h
SELECT item, 'steam', at, close, close, close, close, close, 0, 9, false, 1, at, at, NULL
FROM (SELECT item, %(day)s::timestamptz - d * interval '1 day' AS at, (3 + random() * 100000)::bigint AS close
      FROM generate_series(1, %(items)s) item, generate_series(0, %(days)s - 1) d) q;
INSERT INTO price_latest (item_id, source, time, stored_time, price)
SELECT item_id, source, %(now)s, %(now)s, close FROM price_24h WHERE bucket = %(day)s;
INSERT INTO user_portfolio_holdings (user_id, steam_asset_id, item_id, market_hash_name, quantity, imported_at, created_at, updated_at)
SELECT u, a, item, 'Item ' || item, 1 + a %% 4, %(now)s, %(now)s, %(now)s
FROM (SELECT u, a, 1 + (u::bigint * 7919 + a * 241) %% %(items)s AS item
      FROM generate_series(1, %(portfolios)s) u, generate_series(1, %(holdings)s) a) q
"""
TOTALS = """
SELECT portfolio_id, sum(quantity * price) AS value FROM portfolio_positions p
JOIN price_latest l ON l.item_id = p.item_id AND l.source = 'steam' GROUP BY 1
"""

if __name__ == "__main__":
    main()
