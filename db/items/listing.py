"""Item listing: pages by keyset, so that a page costs the same however far down it is."""

import base64
import binascii
from typing import Any

import orjson
from psycopg import sql
from psycopg.rows import dict_row

from db.core.pool import Database, Row
from db.items.items import LATEST, PUBLIC
from db.items.search_form import MATCHES, search_terms

ORDERS = {
    "name": "i.market_hash_name",
    "price": "coalesce(l.price::float8 / i.price_scale, 0)",
    "created": "i.created_at",
}
FILTERS = {
    "market": "i.market = %(market)s",
    "weapon_type": "i.weapon_type = %(weapon_type)s",
    "rarity": "i.rarity = %(rarity)s",
}


class CursorError(ValueError):
    """A cursor that no page of ours gave out."""


def page(
    database: Database, *, sort: str, limit: int, cursor: str | None, search: str | None, **equal: str | None
) -> list[Row]:
    """One page of items in the order of `sort` (`name`, `price`, `created`; a minus turns it); ties go by id.

    Raises:
        CursorError: the cursor is not from this order.
    """
    order, descending = ORDERS[sort.lstrip("-")], sort.startswith("-")
    where = [FILTERS[name] for name, value in equal.items() if value is not None]
    parameters: dict[str, Any] = {**equal, "limit": limit}
    if terms := search_terms(search or ""):
        where.append(MATCHES)
        parameters |= terms.parameters
    if cursor:
        key, parameters["after_id"] = _read(cursor, sort)
        parameters["after"] = key
        kind = {"name": "text", "price": "float8", "created": "timestamptz"}[sort.lstrip("-")]
        where.append(f"({order}, i.id) {'<' if descending else '>'} (%(after)s::{kind}, %(after_id)s)")
    turn = "DESC" if descending else "ASC"
    # Only constants of this module are put into the text; every value is a parameter.
    text = (
        f"SELECT {PUBLIC} FROM items i {LATEST} WHERE {' AND '.join(where) or 'true'}"
        f" ORDER BY {order} {turn}, i.id {turn} LIMIT %(limit)s"
    )
    with database.connection() as connection, connection.cursor(row_factory=dict_row) as found:
        return found.execute(sql.SQL(text), parameters).fetchall()


def cursor_after(row: Row, sort: str) -> str:
    """Where the page after this row begins."""
    value = {
        "name": row["market_hash_name"],
        "price": (row["price"] or 0) / row["price_scale"],
        "created": row["created_at"],
    }[sort.lstrip("-")]
    return base64.urlsafe_b64encode(orjson.dumps([sort, value, row["id"]])).decode()


def _read(cursor: str, sort: str) -> tuple[Any, int]:
    try:
        made_for, key, item_id = orjson.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        item_id = int(item_id)
    except (binascii.Error, orjson.JSONDecodeError, ValueError, TypeError) as error:
        raise CursorError("not one that a Link header gave") from error
    kind = {"name": str, "price": float, "created": str}[sort.lstrip("-")]
    if made_for != sort or not isinstance(key, kind) or not 0 <= item_id < 2**31:
        raise CursorError(f"not one of the order {sort}")
    return key, item_id
