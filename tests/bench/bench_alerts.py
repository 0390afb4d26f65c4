"""Alerts: 10,000 rules on a market of 30,000 items, evaluated as after each run of the measures.

`python -m tests.bench.bench_alerts`: a PostgreSQL of its own. Processor time is this process's; the server's is beside it in the wall time.
"""

import time
from datetime import UTC, datetime, timedelta

import numpy as np

from app.alerts.states import Rules, fresh, step
from db.core.pool import Database
from jobs import alerts
from tests.bench.own_database import own_database

RULES, ITEMS = 10_000, 30_000
NOW = datetime.now(UTC).replace(microsecond=0)


def main() -> None:
    machine()
    with own_database() as database:
        with database.connection() as connection:
            for statement in FILL.split(";"):
                connection.execute(statement, {"items": ITEMS, "rules": RULES, "now": NOW})
            connection.execute("VACUUM ANALYZE")
        evaluate(database, "first run: a fifth fires, each explained", 0)
        for minute in (1, 2, 3):
            evaluate(database, "nothing changed", minute)
        database.execute("UPDATE price_latest SET price = price + 2000 WHERE mod(item_id, 50) = 0")
        evaluate(database, "one item in fifty moved", 4)


def machine() -> None:
    """The states alone, without a database."""
    rules = Rules(
        *(np.full(RULES, value, dtype=kind) for value, kind in [(1, np.int64), (100, float), (98, float), (60, float),
          (3600, float), (False, bool), (0, np.int64)])
    )  # fmt: skip
    values = np.random.default_rng(1).normal(100, 2, (20, RULES))
    states = fresh(RULES, 0)
    begun = time.process_time()
    for at, row in enumerate(values):
        states = step(rules, states, row, 60.0 * at).states
    print(f"states of {RULES:,} rules: {1000 * (time.process_time() - begun) / len(values):.2f} ms a step")


def evaluate(database: Database, name: str, minute: int) -> None:
    begun, used = time.perf_counter(), time.process_time()
    done = alerts.run(database, NOW + timedelta(minutes=minute))
    wall, own = time.perf_counter() - begun, time.process_time() - used
    print(f"{name:<44} {done.rules:,} rules, {done.events:,} events: {wall:.3f} s, own processor {own:.3f} s")


FILL = """
INSERT INTO users (name, session_key) SELECT 'user ' || n, 'key' FROM generate_series(1, 100) n;
INSERT INTO items (market, market_hash_name, match_key, slug, reference_source)
    SELECT 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n, 'steam' FROM generate_series(1, %(items)s) n;
INSERT INTO price_latest (item_id, source, time, stored_time, price)
    SELECT id, 'steam', %(now)s, %(now)s, 1000 + id %% 3000 FROM items;
INSERT INTO price_24h (item_id, source, bucket, open, high, low, close, average, stddev, samples, open_time, close_time)
    SELECT i, 'steam', d, 1000, 1000, 1000, 1000 + (random() * 100)::int, 1000, 1, 1, d, d FROM generate_series(1, %(rules)s) i,
    generate_series(date_trunc('day', %(now)s::timestamptz) - interval '99 days', %(now)s::timestamptz, '1 day') d;
INSERT INTO item_metrics (item_id, source, "window", reference, last_price, percent_change, return_volatility, samples, coverage, as_of, computed_at)
    SELECT i.id, 'steam', w, true, 1000, (random() - 0.5) * 20, 0.02, 100, 1, %(now)s, %(now)s
    FROM items i, unnest(ARRAY['1h', '24h', '7d', '30d']) w;
INSERT INTO alert_rules (user_id, item_id, kind, direction, "window", threshold, clear, hold_seconds, cooldown_seconds, once, no_data)
    SELECT 1 + n %% 100, n, k, CASE k WHEN 'stale' THEN 'above' WHEN 'price' THEN 'above' ELSE 'either' END,
    CASE k WHEN 'change' THEN '24h' END, CASE k WHEN 'price' THEN 3000 WHEN 'stale' THEN 6 ELSE 5 END,
    CASE k WHEN 'price' THEN 2900 ELSE 3 END, 0, 3600, false, 'keep'
    FROM (SELECT n, (ARRAY['price', 'change', 'sigma', 'stale'])[1 + n %% 4] AS k FROM generate_series(1, %(rules)s) n) r
"""

if __name__ == "__main__":
    main()
