"""A portfolio's past: 10 years of 200 items replayed whole, after a correction, and many small portfolios in the job.

`python -m tests.bench.bench_past`: a PostgreSQL of its own.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from app.portfolio.overview import read
from db.core.pool import Database, Row
from db.portfolio import portfolios
from jobs import past
from tests.bench.own_database import own_database

ITEMS, DAYS, TRADES, MANY, THEIR_ITEMS, THEIR_DAYS = 200, 3_650, 2_000, 500, 20, 365
NOW = datetime.now(UTC).replace(microsecond=0)


def main() -> None:
    with own_database() as database:
        fill(database)
        measure(database)


def fill(database: Database) -> None:
    values = {
        "items": ITEMS, "days": DAYS, "trades": TRADES, "day": NOW.replace(hour=0, minute=0, second=0), "many": MANY,
        "theirs": THEIR_ITEMS, "their_days": THEIR_DAYS,
    }  # fmt: skip
    with database.connection() as connection:
        connection.execute("SELECT setseed(0.5)")
        for statement in FILL.split(";"):
            connection.execute(statement, values)
        connection.execute("VACUUM ANALYZE")


def measure(database: Database) -> None:
    for currency in ("USD", "EUR"):
        mine = portfolios.change(database, 1, 1, currency=currency)
        assert mine
        print(f"{DAYS:,} days of {ITEMS} items, {TRADES:,} transactions, in {currency}")
        tell("whole", partial(look, database, mine))
        tell("nothing changed", partial(look, database, mine))
        tell("nothing changed, the last days by the hour", partial(look, database, mine, hours=True))
        late = "UPDATE portfolio_past_state SET stale_from = %s WHERE portfolio_id = 1"
        database.execute(late, [(NOW - timedelta(days=365)).date()])
        tell("a correction a year ago", partial(look, database, mine))
    begun = time.perf_counter()
    done = past.run(database, {}, NOW)
    seconds = time.perf_counter() - begun
    print(
        f"{done} portfolios of {THEIR_ITEMS} items, {THEIR_DAYS} days: {seconds:.2f} s, {1000 * seconds / max(1, done):.1f} ms each"
    )
    database.execute("UPDATE portfolio_past_state SET stale_from = through")
    begun = time.perf_counter()
    done = past.run(database, {}, NOW)
    print(f"{done} portfolios, their last day: {1000 * (time.perf_counter() - begun) / max(1, done):.1f} ms each")


def look(database: Database, mine: Row, *, hours: bool = False) -> None:
    _, course = read(database, mine, {}, NOW, hours=hours)
    assert len(course) > DAYS


def tell(name: str, action: Callable[[], None]) -> None:
    begun = time.perf_counter()
    action()
    print(f"  {name:<44} {time.perf_counter() - begun:6.2f} s")


FILL = """
INSERT INTO items (market, market_hash_name, match_key, slug, reference_source)
SELECT 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n, 'steam' FROM generate_series(1, %(items)s) n;
INSERT INTO price_days
SELECT n, 'steam', %(day)s - d * interval '1 day', p, p, p, p, p, 0, 1, false, 1,
    %(day)s - d * interval '1 day', %(day)s - d * interval '1 day', null
FROM generate_series(1, %(items)s) n CROSS JOIN generate_series(0, %(days)s) d
    CROSS JOIN LATERAL (SELECT 500 + (random() * 1000 + n - n)::bigint AS p) r;
INSERT INTO price_hours
SELECT n, 'steam', %(day)s - h * interval '1 hour', p, p, p, p, p, 0, 1, false, 1,
    %(day)s - h * interval '1 hour', %(day)s - h * interval '1 hour', null
FROM generate_series(1, %(items)s) n CROSS JOIN generate_series(1, 200) h
    CROSS JOIN LATERAL (SELECT 500 + (random() * 1000 + n - n)::bigint AS p) r;
INSERT INTO price_latest (item_id, source, time, stored_time, price) SELECT n, 'steam', now(), now(), 1000 FROM generate_series(1, %(items)s) n;
INSERT INTO currency_rates (currency, day, millionths, source)
SELECT 'EUR', (%(day)s - d * interval '1 day')::date, 900000 + (random() * 50000)::bigint, 'bank' FROM generate_series(0, %(days)s + 10) d;
INSERT INTO users (name, session_key) VALUES ('Someone', 'key');
INSERT INTO portfolios (user_id, name) SELECT 1, 'p' || n FROM generate_series(1, %(many)s + 1) n;
INSERT INTO portfolio_transactions (portfolio_id, time, kind, market_hash_name, item_id, quantity, price, currency)
SELECT 1, %(day)s - interval '1 day' * (%(days)s - t * %(days)s / %(trades)s), 'buy', 'Item ' || 1 + t %% %(items)s, 1 + t %% %(items)s, 2, 900, 'USD'
FROM generate_series(0, %(trades)s - 1) t;
INSERT INTO portfolio_transactions (portfolio_id, time, kind, market_hash_name, item_id, quantity, price, currency)
SELECT 1 + p, %(day)s - interval '1 day' * (%(their_days)s - t * 10), 'buy',
    'Item ' || 1 + (p + t) %% %(items)s, 1 + (p + t) %% %(items)s, 2, 900, 'USD'
FROM generate_series(1, %(many)s) p CROSS JOIN generate_series(0, %(theirs)s - 1) t
"""

if __name__ == "__main__":
    main()
