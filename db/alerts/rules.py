"""Rules: a user's alerts as the user wrote them, each with where it is and its value now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg import errors, sql

from db.alerts.values import SOURCES, VALUE
from db.core.pool import Database, Row

CONDITION: Final = (
    "kind", "item_id", "portfolio_id", "direction", "window", "threshold", "clear", "hold_seconds", "cooldown_seconds", "once", "no_data",
    "until",
)  # fmt: skip
"""What decides when a rule fires; where one of them changes, it begins anew."""


class TooManyError(ValueError):
    """The user has as many rules as one may."""


class UnknownError(ValueError):
    """There is no such item, or the user has no such portfolio."""


def of_user(database: Database, user_id: int, now: datetime, item_id: int | None = None) -> list[Row]:
    """A user's rules, the newest first, or those on one item; see `one`."""
    return database.rows(RULES, {"user": user_id, "id": None, "item": item_id, "now": now})


def one(database: Database, user_id: int, rule_id: int, now: datetime) -> Row | None:
    """A rule of the user's with `name`, `currency` and `price_scale` of what it is on, `state`, `since`, and `value` now, or None."""
    return database.row(RULES, {"user": user_id, "id": rule_id, "item": None, "now": now})


def create(database: Database, user_id: int, condition: Mapping[str, Any], most: int) -> int:
    """Make a rule of the values of `CONDITION`; returns its id.

    Raises:
        TooManyError: the user has `most` rules.
        UnknownError: what it is on does not exist, or is not the user's.
    """
    try:
        with database.connection() as connection, connection.transaction():
            connection.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [user_id])
            held: Any = connection.execute("SELECT count(*) FROM alert_rules WHERE user_id = %s", [user_id]).fetchone()
            if held[0] >= most:
                raise TooManyError
            _check_owner(connection, user_id, condition["portfolio_id"])
            made: Any = connection.execute(INSERT, {"user": user_id, **condition}).fetchone()
            return int(made[0])
    except errors.ForeignKeyViolation as error:
        raise UnknownError from error


def change(database: Database, user_id: int, rule_id: int, values: Mapping[str, Any], *, anew: bool) -> bool:
    """Write some columns of a rule, by name; with `anew` it forgets where it was. False where the user has none of this id."""
    updates = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values]
    query = sql.SQL("UPDATE alert_rules SET {} WHERE id = %(id)s AND user_id = %(user)s").format(
        sql.SQL(", ").join([*updates, *([sql.SQL(ANEW)] if anew else [])])
    )
    with database.connection() as connection:
        return connection.execute(query, {**values, "id": rule_id, "user": user_id}).rowcount > 0


def delete(database: Database, user_id: int, rule_id: int) -> bool:
    """Remove a rule; what it told stays in the history. False where the user has none of this id."""
    return database.execute("DELETE FROM alert_rules WHERE user_id = %s AND id = %s", [user_id, rule_id]) > 0


def portfolios(database: Database, user_id: int) -> list[Row]:
    """What a rule on a value may be on: `id`, `name`, `currency` and last `value` of a user's portfolios, the main one first."""
    return database.rows(
        "SELECT p.id, p.name, p.currency, s.value FROM portfolios p LEFT JOIN portfolio_state s ON s.portfolio_id = p.id"
        " AND s.currency = p.currency WHERE p.user_id = %s ORDER BY p.includes_steam DESC, p.id",
        [user_id],
    )


def _check_owner(connection: psycopg.Connection, user_id: int, portfolio_id: int | None) -> None:
    query = "SELECT FROM portfolios WHERE id = %s AND user_id = %s"
    if portfolio_id is not None and connection.execute(query, [portfolio_id, user_id]).fetchone() is None:
        raise UnknownError


RULES: Final = f"""
SELECT r.id, r.kind, r.item_id, r.portfolio_id, r.direction, r."window", r.threshold, r.clear, r.hold_seconds, r.cooldown_seconds, r.once,
       r.no_data, r.until, r.enabled, r.muted, r.snoozed_until, r.created_at, r.state, r.since, ({VALUE})::float8 AS value,
       coalesce(i.market_hash_name, o.name) AS name, coalesce(i.currency, o.currency) AS currency, coalesce(i.price_scale, 100) AS price_scale
FROM alert_rules r LEFT JOIN portfolios o ON o.id = r.portfolio_id {SOURCES}
WHERE r.user_id = %(user)s AND (%(id)s::integer IS NULL OR r.id = %(id)s) AND (%(item)s::integer IS NULL OR r.item_id = %(item)s)
ORDER BY r.id DESC
"""
INSERT: Final = """
INSERT INTO alert_rules (user_id, kind, item_id, portfolio_id, direction, "window", threshold, clear, hold_seconds, cooldown_seconds, once,
    no_data, until)
VALUES (%(user)s, %(kind)s, %(item_id)s, %(portfolio_id)s, %(direction)s, %(window)s, %(threshold)s, %(clear)s, %(hold_seconds)s,
    %(cooldown_seconds)s, %(once)s, %(no_data)s, %(until)s)
RETURNING id
"""
ANEW: Final = "revision = revision + 1, state = 0, since = now(), opened_at = NULL, told_at = NULL"
