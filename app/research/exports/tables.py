"""Export tables: a table of some items, or of all, written to a file."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, Final, Literal

import pandas as pd

from app.items import frames, table_files
from app.research.sources.database import DatabaseSource
from app.research.sources.files import file_frames
from db.core.pool import Database
from db.items import items as stored
from db.quotes import export as rows
from db.quotes import history

Table = Literal["history", "bars", "measures"]
Form = Literal["csv", "parquet", "npz"]
WRITERS: Final = {"csv": table_files.write_csv, "parquet": table_files.write_parquet, "npz": table_files.write_npz}
TABLES: Final = {"history": frames.HISTORY, "bars": frames.BARS, "measures": frames.MEASURED}
Count = Callable[[Iterable[Any], int], Iterable[Any]]
"""Passes on what it gets, one an item, of so many items."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is written: `ids` None is every item, `source` None each item's reference source."""

    table: str
    window: str
    interval: str
    source: str | None
    ids: list[int] | None


def check_source(database: Database, wanted: Wanted) -> None:
    """Tell a source that is only silent from one that never quoted an item.

    Raises:
        UnknownSourceError: it never quoted one of those that are named.
    """
    for item_id in wanted.ids or [] if wanted.source else []:
        history.check_source(database, item_id, wanted.source or "")


def write(file: IO[bytes], database: Database, wanted: Wanted, form: str, count: Count) -> int:
    """Write the table to a file; returns how many rows."""
    return WRITERS[form](file, _frames(database, wanted, count), TABLES[wanted.table])


def _frames(database: Database, wanted: Wanted, count: Count) -> Iterator[pd.DataFrame]:
    if wanted.table == "measures":
        window = None if wanted.window == "all" else wanted.window
        for found in rows.measures(database, window, wanted.source, wanted.ids):
            yield frames.measures_frame(found)
        return
    items = stored.units(database, ids=wanted.ids)
    if wanted.table == "history":
        histories = rows.histories(database, wanted.window, wanted.source, [item["id"] for item in items])
        yield from frames.history_frames(count(histories, len(items)))
        return
    now = datetime.now(UTC)
    source = DatabaseSource(database, now)
    bars = source.of_items(items, wanted.source, wanted.interval, now - history.WINDOWS[wanted.window], None)
    yield from file_frames(count(bars, len(items)), wanted.interval)
