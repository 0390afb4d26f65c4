"""Export request: what a person asks of an export, checked before it waits for its turn."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.research.exports.tables import Form, Table
from app.schemas import NO_NUL

MAX_ITEMS: Final = 5_000


class ExportRequest(BaseModel):
    """A table of items as a file."""

    model_config = ConfigDict(extra="forbid")

    table: Table = Field("history", description="Quotes, bars made of them, or the stored measures.")
    items: (
        Literal["all", "watchlist"]
        | Annotated[list[Annotated[int, Field(ge=1, le=2**31 - 1)]], Field(min_length=1, max_length=MAX_ITEMS)]
    ) = Field("all", description="Every item, those of one's watchlist, or ids.")
    window: Literal["24h", "7d", "30d", "all"] = Field("all", description="How much of the past.")
    interval: Literal["1h", "1d", "1w"] = Field("1d", description="Of bars: how long each is.")
    source: str | None = Field(
        None,
        max_length=64,
        pattern=NO_NUL,
        description="Whose quotes; each item's reference source where none is named.",
    )
    format: Form = Field("parquet", description="Form of the file.")
