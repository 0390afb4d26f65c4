"""Watchlists: a user's named lists, with a note and a target price an item."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors

from db.accounts import watchlist
from db.core.pool import Database, Row


class TakenError(ValueError):
    """Another list of the user has this name."""


class TooManyError(ValueError):
    """The user would have more lists, or watch more items, than one may."""


class UnknownItemError(ValueError):
    """There is no such item."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item on a list; `target_price` in its minor units, None where there is none."""

    item_id: int
    note: str = ""
    target_price: int | None = None


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list as a browser kept it."""

    name: str
    entries: Sequence[Entry]


def of_user(database: Database, user_id: int) -> list[Row]:
    """`id`, `name` and `items` (`item_id`, `note`, `target_price`, `added_at`) of every list, the first made first."""
    return database.rows(LISTS, [user_id])


def create(database: Database, user_id: int, name: str, most: int) -> int:
    """Make an empty list; returns its id.

    Raises:
        TakenError: there is a list of this name.
        TooManyError: the user has `most` lists.
    """
    try:
        with database.connection() as connection, connection.transaction():
            watchlist.lock(connection, user_id)
            watchlist.first(connection, user_id)  # what the star means stays the first
            return _created(connection, user_id, name, most)
    except errors.UniqueViolation as error:
        raise TakenError from error


def rename(database: Database, user_id: int, list_id: int, name: str) -> bool:
    """Give a list another name; False where the user has none of this id.

    Raises:
        TakenError: another list has this name.
    """
    try:
        query = "UPDATE watchlists SET name = %s WHERE user_id = %s AND id = %s"
        return database.execute(query, [name, user_id, list_id]) > 0
    except errors.UniqueViolation as error:
        raise TakenError from error


def delete(database: Database, user_id: int, list_id: int) -> bool:
    """Remove a list with what is on it; False where the user has none of this id."""
    return database.execute("DELETE FROM watchlists WHERE user_id = %s AND id = %s", [user_id, list_id]) > 0


def put(database: Database, user_id: int, list_id: int, entry: Entry, most: int) -> bool:
    """Put an item on a list, or write its note and target anew; False where the user has no list of this id.

    Raises:
        TooManyError: the user would watch more than `most` items.
        UnknownItemError: there is no such item.
    """
    try:
        with database.connection() as connection, connection.transaction():
            watchlist.lock(connection, user_id)
            if not connection.execute(OWN, [user_id, list_id]).fetchone():
                return False
            if not watchlist.put(connection, user_id, list_id, entry.item_id, most):
                raise TooManyError
            connection.execute(WRITE, [entry.note, entry.target_price, list_id, entry.item_id])
            return True
    except errors.ForeignKeyViolation as error:
        raise UnknownItemError from error


def remove(database: Database, user_id: int, list_id: int, item_id: int) -> bool:
    """Take an item off a list; False where it is not on it."""
    query = "DELETE FROM user_watchlist WHERE user_id = %s AND watchlist_id = %s AND item_id = %s"
    return database.execute(query, [user_id, list_id, item_id]) > 0


def merge(database: Database, user_id: int, lists: Sequence[NamedList], most_lists: int, most_items: int) -> list[int]:
    """Add what a browser kept to the user's lists of the same names; returns ids of items that there are no more.

    Nothing is lost: a note goes behind one that is there, and so does a target that differs from the one that is there.
    All of it is added or, with an error, nothing.

    Raises:
        TooManyError: the user would have more than `most_lists` lists or watch more than `most_items` items.
    """
    wanted = {entry.item_id for one in lists for entry in one.entries}
    with database.connection() as connection, connection.transaction():
        watchlist.lock(connection, user_id)
        watchlist.first(connection, user_id)
        scales = dict(
            connection.execute("SELECT id, price_scale FROM items WHERE id = ANY(%s)", [list(wanted)]).fetchall()
        )
        for one in lists:
            found = connection.execute(BY_NAME, [user_id, one.name]).fetchone()
            list_id = int(found[0]) if found else _created(connection, user_id, one.name, most_lists)
            for entry in one.entries:
                if entry.item_id in scales:
                    _merge_entry(connection, user_id, list_id, entry, scales[entry.item_id], most_items)
    return sorted(wanted - set(scales))


def _merge_entry(
    connection: psycopg.Connection, user_id: int, list_id: int, entry: Entry, scale: int, most: int
) -> None:
    if not watchlist.put(connection, user_id, list_id, entry.item_id, most):
        raise TooManyError
    held = connection.execute(HELD, [list_id, entry.item_id]).fetchone()
    note, target = held or ("", None)
    more = [entry.note]
    if target is not None and entry.target_price is not None and target != entry.target_price:
        more.append(f"Target: {entry.target_price / scale:.8f}".rstrip("0").rstrip("."))
    # Twice is enough: what was taken over before is not written behind itself.
    merged = "\n".join([note] * bool(note) + [line for line in more if line and line not in note])
    connection.execute(WRITE, [merged, entry.target_price if target is None else target, list_id, entry.item_id])


def _created(connection: psycopg.Connection, user_id: int, name: str, most: int) -> int:
    count = connection.execute("SELECT count(*) FROM watchlists WHERE user_id = %s", [user_id]).fetchone()
    if count and count[0] >= most:
        raise TooManyError
    made: Any = connection.execute(
        "INSERT INTO watchlists (user_id, name) VALUES (%s, %s) RETURNING id", [user_id, name]
    ).fetchone()
    return int(made[0])


OWN = "SELECT 1 FROM watchlists WHERE user_id = %s AND id = %s"
BY_NAME = "SELECT id FROM watchlists WHERE user_id = %s AND lower(name) = lower(%s)"
HELD = "SELECT note, target_price FROM user_watchlist WHERE watchlist_id = %s AND item_id = %s"
WRITE = "UPDATE user_watchlist SET note = %s, target_price = %s WHERE watchlist_id = %s AND item_id = %s"
LISTS = """
SELECT l.id, l.name, coalesce((
    SELECT jsonb_agg(jsonb_build_object('item_id', w.item_id, 'note', w.note, 'target_price', w.target_price,
        'added_at', to_char(w.added_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) ORDER BY w.added_at, w.item_id)
    FROM user_watchlist w WHERE w.watchlist_id = l.id), '[]') AS items
FROM watchlists l WHERE l.user_id = %s ORDER BY l.id
"""
