"""Steam's market history (`/market/myhistory?norender=1`) as transactions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.portfolio.csv_files import FileError
from db.portfolio_transactions import Transaction
from jobs.providers.currencies import STEAM_CURRENCIES

SOLD, BOUGHT = 3, 4
GAME: Final = "730"
OFFSET: Final = 2000
"""Listing pages add it to Steam's currency ids."""


@dataclass(frozen=True, slots=True)
class History:
    """Purchases and sales, and why other events are left out, by their listing."""

    transactions: list[Transaction]
    left_out: list[str]


def read_history(reply: Any) -> History:
    """Understand one page of the history.

    A purchase costs what was paid with its fee, a sale brings what was received. Events of listing and taking back change
    nothing and are passed over.

    Raises:
        FileError: it is no market history.
    """
    if not isinstance(reply, dict) or not isinstance(reply.get("events"), list):
        raise FileError("this is no Steam market history: it must be the JSON of /market/myhistory?norender=1")
    found, left_out = [], []
    for event in reply["events"]:
        if not isinstance(event, dict) or event.get("event_type") not in (SOLD, BOUGHT):
            continue
        name = f"listing {event.get('listingid')}"
        try:
            transaction, why = _transaction(reply, event)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            transaction, why = None, f"not understood ({type(error).__name__}: {error})"
        if transaction:
            found.append(transaction)
        else:
            left_out.append(f"{name}: {why}")
    return History(found, left_out)


def _transaction(reply: Mapping[str, Any], event: Mapping[str, Any]) -> tuple[Transaction | None, str]:
    key = f"{event['listingid']}_{event['purchaseid']}"
    purchase = reply["purchases"][key]
    if str(purchase["asset"]["appid"]) != GAME:
        return None, f"of application {purchase['asset']['appid']}, not CS2"
    if (
        purchase.get("failed")
        or purchase.get("needs_rollback")
        or purchase.get("funds_returned")
        or purchase.get("funds_revoked")
    ):
        return None, "the sale failed or was taken back"
    bought = event["event_type"] == BOUGHT
    total = int(purchase["paid_amount"]) + int(purchase["paid_fee"]) if bought else int(purchase["received_amount"])
    number = int(purchase["currencyid" if bought else "received_currencyid"]) - OFFSET
    quantity = int(purchase["asset"]["amount"])
    # A unit's price is whole: what is left of the division is paid, or missing, as a fee.
    price = total // quantity if bought else -(-total // quantity)
    return Transaction(
        time=datetime.fromtimestamp(int(purchase["time_sold"]), UTC),
        kind="buy" if bought else "sell",
        market_hash_name=_name(reply, event, purchase),
        quantity=quantity,
        price=price,
        fee=abs(total - price * quantity),
        currency=STEAM_CURRENCIES[number].code,
        note="Steam Community Market",
        external_id=f"steam:{key}",
    ), ""


def _name(reply: Mapping[str, Any], event: Mapping[str, Any], purchase: Mapping[str, Any]) -> str:
    """An asset changes its id with its owner: the listing's, the sold one's and the new one's are tried."""
    asset = purchase["asset"]
    known = reply["assets"][GAME][str(asset["contextid"])]
    listed = reply.get("listings", {}).get(event["listingid"], {}).get("asset", {})
    for number in (listed.get("id"), asset.get("id"), asset.get("new_id")):
        if str(number) in known:
            return str(known[str(number)]["market_hash_name"])
    raise KeyError(f"asset {asset.get('id')}")
