"""Items by what a person types."""

from typing import Any

from app.commands.base import FailureError
from db.core.pool import Database
from db.items import items


def find_item(database: Database, name: str) -> dict[str, Any]:
    """The item of an id, an exact name, or the only one that holds all the words."""
    if name.isdecimal() and (item := items.one(database, int(name))):
        return item
    found = items.search(database, name, limit=6)
    exact = [item for item in found if item["market_hash_name"] == name]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise FailureError(f"no item is named {name!r}")
    raise FailureError(f"{name!r} may mean {', '.join(item['market_hash_name'] for item in found)}")
