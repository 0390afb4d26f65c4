"""Assets: turns entries of a reply and their descriptions into rows of a holding."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from app.portfolio.inventory.page import Description, Entry, malformed
from app.portfolio.inventory.phases import phase
from app.portfolio.inventory.trade_holds import hold_end
from db.portfolio.holdings import Asset

PATTERN, WEAR, NAME_TAG, FINISH = "1", "2", "5", "7"
MAX_NAME_LENGTH = 300


def make_asset(entry: Entry, description: Description | None, properties: Iterable[Mapping[str, Any]]) -> Asset:
    """The asset of one entry. Raises InventoryError where it has no description or no name."""
    name = description.get("market_hash_name") if description else None
    if description is None or not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH:
        raise malformed(f"asset {entry.asset_id} has no name")
    by_id = {str(found.get("propertyid")): found for found in properties}
    paint_index = _integer(by_id.get(FINISH))
    held_until = hold_end(description)
    tag = by_id.get(NAME_TAG, {}).get("string_value")
    icon = description.get("icon_url")
    return Asset(
        steam_asset_id=entry.asset_id,
        market_hash_name=name.replace("\x00", ""),
        quantity=entry.amount,
        # What is on hold can be sold later, and has a price today.
        marketable=_flag(description.get("marketable")) or held_until is not None,
        tradable=_flag(description.get("tradable")),
        tradable_after=held_until,
        float_value=_fraction(by_id.get(WEAR)),
        paint_seed=_integer(by_id.get(PATTERN)),
        paint_index=paint_index,
        phase=phase(name, paint_index),
        name_tag=tag[:200].replace("\x00", "") if isinstance(tag, str) else None,
        icon=icon[:1000].replace("\x00", "") if isinstance(icon, str) and icon else None,
    )


def _flag(value: Any) -> bool:
    return value in (1, True, "1")


def _integer(found: Mapping[str, Any] | None) -> int | None:
    """A whole number that fits the column; all values are texts."""
    text = str(found.get("int_value", "")) if found else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004  # 32 bits


def _fraction(found: Mapping[str, Any] | None) -> float | None:
    try:
        value = float(found["float_value"]) if found else math.nan
    except (KeyError, TypeError, ValueError):
        return None
    return value if 0 <= value <= 1 else None
