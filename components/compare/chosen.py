"""Chosen items: what the address names, the field that adds and removes them, and what of it made no sense."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import dash_mantine_components as dmc
from dash import dcc, html
from pydantic import Field

from app.compare.comparison import MOST
from components.ui import url_state
from db.core.pool import Row

PAGE, ITEMS = "compare", "items"
FIELD = "compare-items"
LONGEST = 300
LARGEST_ID = 2**31 - 1
_SHOWN = 20
Shown = Annotated[list[Annotated[str, Field(max_length=12, pattern=r"^\d+$")]], Field(max_length=MOST)] | None
"""Values of the field."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Numbers of items, each once and `MOST` at most, and sentences about the rest."""

    ids: list[int]
    said: list[str]


def read(text: str) -> Chosen:
    """What `1,2,3` names, as far as it makes sense."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    bad = [part for part in parts if not _is_id(part)]
    ids = list(dict.fromkeys(int(part) for part in parts if _is_id(part)))
    said = [f"“{part[:_SHOWN]}{'…' if len(part) > _SHOWN else ''}” is no number of an item." for part in bad[:3]]
    if len(bad) > len(said):
        said.append(f"Nor are {len(bad) - len(said)} more.")
    if len(ids) > MOST:
        said.append(f"The first {MOST} of {len(ids)} are compared.")
    return Chosen(ids[:MOST], said)


def unknown(chosen: Sequence[int], found: Sequence[Row]) -> list[str]:
    """A sentence about each number that no item has."""
    known = {row["id"] for row in found}
    return [f"There is no item {item}." for item in chosen if item not in known]


def field(text: str, found: Sequence[Row]) -> html.Div:
    """The search that adds, with a chip for each that is chosen; `text` is the address' own, kept until something changes."""
    ids = read(text).ids
    known = {row["id"] for row in found}
    hidden: dict[str, Any] = {"type": "hidden"}
    return html.Div(
        [
            dmc.MultiSelect(
                id=FIELD, label="Items and pairs", description=f"Up to {MOST}, by any words of their names.", placeholder="Search items",
                searchable=True, maxValues=MOST, data=options(found), value=[str(item) for item in ids if item in known],
                hidePickedOptions=True, nothingFoundMessage="Type a part of a name", size="sm", filter={"function": "everything"},
                selectFirstOptionOnChange=True, clearSearchOnChange=True,
            ),
            dcc.Input(id=url_state.control(PAGE, ITEMS), value=text, **hidden),
        ],
        className="compare-field",
    )  # fmt: skip


def options(found: Sequence[Row]) -> list[dict[str, str]]:
    """Items as choices of the field."""
    return [{"value": str(row["id"]), "label": row["market_hash_name"]} for row in found]


def _is_id(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) < 11 and 0 < int(part) <= LARGEST_ID  # noqa: PLR2004 - digits
