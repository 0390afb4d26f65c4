from typing import Any

import pytest
from psycopg import sql
from structlog.testing import capture_logs

from db.core.pool import Database
from db.core.slow import shape


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT *\n  FROM items\n WHERE id = 17 AND x < 1.5", "SELECT * FROM items WHERE id = ? AND x < ?"),
        ("SELECT 'it''s a secret', name FROM price_24h WHERE a = %s", "SELECT ?, name FROM price_24h WHERE a = %s"),
        ("SELECT 'cut off", "SELECT ?"),
        ("SELECT $1, %(name)s", "SELECT $1, %(name)s"),
    ],
)
def test_a_shape_has_no_values(statement: str, expected: str) -> None:
    assert shape(statement) == expected


def test_a_long_shape_is_cut() -> None:
    assert len(shape("SELECT " + "a, " * 10_000)) == 501


def slow_records(database_url: str, slow_after: float) -> list[Any]:
    pool = Database(database_url, size=1, slow_after=slow_after)
    try:
        with capture_logs() as logs:
            pool.row("SELECT 1")
            pool.row("SELECT pg_sleep(0.15), %s::text AS said", ["a-parameter"])
            with pool.connection() as connection:
                connection.execute(sql.SQL("SELECT pg_sleep(0.15), {}").format(sql.Literal("a-literal")))
                connection.cursor().executemany("SELECT pg_sleep(0.15), %s::text", [["one-of-many"]])
    finally:
        pool.close()
    return logs


def test_slow_statements_are_named_and_quick_ones_are_not(database_url: str) -> None:
    logs = slow_records(database_url, 0.1)
    assert [line["query"] for line in logs] == [
        "SELECT pg_sleep(?), %s::text AS said", "SELECT pg_sleep(?), ?", "SELECT pg_sleep(?), %s::text",
    ]  # fmt: skip
    assert all(line["event"] == "slow query" and line["ms"] >= 150 for line in logs)
    assert all("test_slow:" in line["at"] for line in logs)
    assert not [word for word in ("a-parameter", "a-literal", "one-of-many") if word in str(logs)]


def test_nothing_is_slow_without_a_threshold(database_url: str) -> None:
    assert slow_records(database_url, 0) == []
