"""Items query: search, filters, window and order, as the page's store holds them."""

from typing import Annotated

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from app.items.screener import table
from components.items.filters import WINDOWS
from components.ui.inputs import Name, Text


def _sort(text: str) -> str:
    if text.removeprefix("-") not in table.SORTS:
        raise ValueError("no such order")
    return text


def _window(text: str) -> str:
    if text not in WINDOWS:
        raise ValueError(f"none of {', '.join(WINDOWS)}")
    return text


Chosen = Annotated[list[Name], Field(max_length=200)]
Limit = Annotated[float, Field(allow_inf_nan=False)] | None


class ItemsQuery(TypedDict):
    """Search, filters, window and order; an empty list chooses nothing away."""

    search: Text
    weapon_type: Chosen
    wear: Chosen
    rarity: Chosen
    source: Chosen
    kind: Chosen
    price_min: Limit
    price_max: Limit
    change_min: Limit
    change_max: Limit
    volume_min: Limit
    window: Annotated[str, AfterValidator(_window)]
    sort: Annotated[str, AfterValidator(_sort)]
