"""Backfill orders: what a past of prices or candles is loaded from, checked and put into the queue."""

from datetime import datetime
from pathlib import PurePath
from typing import IO, Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.schemas import NO_NUL
from app.settings import PROVIDERS
from app.tasks.kinds import CANDLE_BACKFILL, PRICE_BACKFILL
from db.candles.intervals import NAMES
from db.core.pool import LONG_TIMEOUT, Database
from db.tasks import files

MAX_PAIRS: Final = 200
Source = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]


class OrderError(ValueError):
    """An order that cannot be carried out; nothing was put in."""


class PriceOrder(BaseModel):
    """A file of prices: `item` names the item of a Steam history whose file name does not."""

    model_config = ConfigDict(extra="forbid")

    source: Source = Field(description="The source of these prices, e.g. steam.")
    name: str = Field(
        "prices.csv",
        min_length=1,
        max_length=200,
        pattern=NO_NUL,
        description="The file's name, for messages and the item.",
    )
    item: str | None = Field(None, max_length=300, pattern=NO_NUL, description="The item's name, for Steam's JSON.")
    replace: bool = Field(default=False, description="Take the file's price where it contradicts what is kept.")


class CandleOrder(BaseModel):
    """Candles of an exchange's pairs, from the exchange itself."""

    model_config = ConfigDict(extra="forbid")

    source: Source = Field(description="The exchange, e.g. binance.")
    symbols: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9]{2,30}$")]] = Field(
        min_length=1, max_length=MAX_PAIRS, description="Pairs such as BTCUSDT."
    )
    since: AwareDatetime | None = Field(None, description="From this moment on; unset: all.")
    until: AwareDatetime | None = Field(None, description="Up to this moment; unset: now.")
    interval: str = Field(NAMES[0], pattern=f"^({'|'.join(NAMES)})$", description="Length of a candle.")


def is_exchange(source: str) -> bool:
    """Whether candles of this source are kept; those of a simulated market need no past from anywhere."""
    entry = PROVIDERS.get(source)
    return entry is not None and entry.exchange is not None and entry.implementation is None


def start_prices(database: Database, order: PriceOrder, file: IO[bytes], user_id: int | None = None) -> int:
    """Put the loading of a file of prices in, with the file; returns the task's id.

    Raises:
        OrderError: the source keeps candles, whose past is no file of prices.
    """
    if is_exchange(order.source):
        raise OrderError(f"{order.source} has candles; this is for files of prices")
    name = PurePath(order.name.replace("\\", "/")).name or "prices.csv"
    with database.connection(answer_within=LONG_TIMEOUT) as connection, connection.transaction():
        files.forget_given(connection, user_id, PRICE_BACKFILL.name)
        task_id = PRICE_BACKFILL.defer(connection, order.model_dump(mode="json") | {"name": name}, user_id=user_id)
        files.keep(connection, task_id, file, name=name, media_type="application/octet-stream", given=True)
    return task_id


def start_candles(database: Database, order: CandleOrder, now: datetime, user_id: int | None = None) -> int:
    """Put the fetching of candles in; returns the task's id.

    Raises:
        OrderError: the source is no exchange, or the time ends before it begins.
    """
    if not is_exchange(order.source):
        raise OrderError(f"{order.source} is no exchange whose candles are kept")
    if order.since is not None and order.since >= (order.until or now):
        raise OrderError("the time ends before it begins")
    with database.connection() as connection:
        return CANDLE_BACKFILL.defer(connection, order.model_dump(mode="json"), user_id=user_id)
