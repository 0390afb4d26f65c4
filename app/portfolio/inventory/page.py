"""Inventory page: parses one reply of Steam, in the current or the old format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.portfolio.inventory.errors import KEPT, InventoryError, Reason

Description = Mapping[str, Any]
Key = tuple[str, str]
MAX_QUANTITY = 2**53


@dataclass(frozen=True, slots=True)
class Entry:
    """An asset as the reply lists it; `key` is its description's classid and instanceid."""

    asset_id: str
    key: Key
    amount: int


@dataclass(frozen=True, slots=True)
class Page:
    """A reply. `next_query` are the query values that ask for the next page, None on the last one."""

    entries: list[Entry]
    descriptions: dict[Key, Description]
    properties: dict[str, list[Mapping[str, Any]]]
    total: int | None
    next_query: tuple[str, str] | None


def read_page(reply: Any) -> Page:
    """Understand a reply.

    Raises:
        InventoryError: it is neither format, or contradicts itself.
    """
    if isinstance(reply, dict) and isinstance(reply.get("data"), dict) and "assets" not in reply:
        reply = reply["data"]  # some mirrors wrap it
    if not isinstance(reply, dict):
        raise malformed("no object")
    try:
        if "rgInventory" in reply:
            return _old(reply)
        return _current(reply)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise malformed(f"{type(error).__name__}: {error}") from error


def malformed(what: str) -> InventoryError:
    """The error for a reply that cannot be understood."""
    return InventoryError(Reason.MALFORMED, f"Steam's inventory reply was not understood ({what[:120]}). {KEPT}")


def _current(reply: dict[str, Any]) -> Page:
    if reply.get("success") not in (1, True):
        raise _refused(reply)
    total = reply.get("total_inventory_count")
    next_query = None
    if reply.get("more_items"):
        next_query = ("start_assetid", str(reply["last_assetid"]))
    entries = [_entry(str(asset["assetid"]), asset) for asset in reply.get("assets") or []]
    described = {_key(found): found for found in reply.get("descriptions") or []}
    properties = {
        str(found["assetid"]): list(found.get("asset_properties") or [])
        for found in reply.get("asset_properties") or []
    }
    return Page(entries, described, properties, None if total is None else int(total), next_query)


def _old(reply: dict[str, Any]) -> Page:
    """The format before 2016; empty objects come as empty arrays."""
    if reply.get("success") is not True:
        raise _refused(reply)
    listed = reply["rgInventory"] or {}
    described = reply.get("rgDescriptions") or {}
    next_query = ("start", str(reply["more_start"])) if reply.get("more") else None
    entries = [_entry(str(asset.get("id", number)), asset) for number, asset in listed.items()]
    return Page(entries, {_key(found): found for found in described.values()}, {}, None, next_query)


def _refused(reply: Mapping[str, Any]) -> InventoryError:
    """Success is false: the reply may say why."""
    message = str(reply.get("Error") or reply.get("error") or "no reason given")[:120]
    reason = Reason.PRIVATE if "private" in message.lower() else Reason.UNAVAILABLE
    return InventoryError(reason, f"Steam could not give the inventory ({message}); try again in a few minutes. {KEPT}")


def _entry(asset_id: str, asset: Mapping[str, Any]) -> Entry:
    amount = int(asset.get("amount", 1))
    if not 0 < amount < MAX_QUANTITY or not (asset_id.isascii() and asset_id.isdecimal()):
        raise ValueError(f"asset {asset_id} with amount {amount}")
    return Entry(asset_id, _key(asset), amount)


def _key(found: Mapping[str, Any]) -> Key:
    return str(found["classid"]), str(found.get("instanceid") or "0")
