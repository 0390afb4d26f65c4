"""Transaction times: the place within its day of a transaction without a time."""

from collections.abc import Sequence
from datetime import date, datetime

from db.core.pool import Row


def placed(rows: Sequence[Row]) -> list[Row]:
    """Transactions, oldest first, each with its `moment`.

    What comes in on a day stands at its start. What goes out is of any moment of it, so it stands at the moment of the
    day's last one (in UTC), and may follow whatever came in that day.
    """
    last: dict[date, datetime] = {}
    for row in rows:
        day = row["time"].date()
        last[day] = max(last.get(day, row["time"]), row["time"])
    found = [{**row, "moment": row["time"] if _fixed(row) else last[row["time"].date()]} for row in rows]
    return sorted(found, key=lambda row: row["moment"])


def _fixed(row: Row) -> bool:
    return bool(row.get("timed", True)) or not (row["kind"] == "sell" or row["quantity"] < 0)
