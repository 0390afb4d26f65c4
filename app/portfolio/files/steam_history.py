"""Steam market history: reads `/market/myhistory?norender=1` as transactions."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.analytics.portfolio.money import digits, divide
from app.portfolio.files.text_decoding import FileError, read_json
from app.portfolio.transaction_limits import violation
from app.providers.currencies import STEAM_CURRENCIES
from db.portfolio.transactions import Transaction

SOLD, BOUGHT = 3, 4
GAME: Final = "730"
OFFSET: Final = 2000
"""Listing pages add it to Steam's currency ids."""
HUNDREDTHS: Final = 100
"""Steam counts the money of every wallet in hundredths, also where the currency has no or three decimals."""
FROM, TO = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2000, 2200))


class _OddError(ValueError):
    """A part of the history is not as it should be."""


@dataclass(frozen=True, slots=True)
class MarketHistory:
    """Purchases and sales, and why other events are left out, by their listing."""

    transactions: list[Transaction]
    exclusions: list[str]


def read_pages(data: bytes) -> MarketHistory:
    """Understand a file of one or several pages: a list of them, or one behind the other.

    Raises:
        FileError: it is no market history; the message says where.
    """
    pages = [page for document in read_json(data) for page in (document if isinstance(document, list) else [document])]
    if not pages:
        raise FileError("the file holds no page of a market history")
    found, exclusions = [], []
    for number, page in enumerate(pages, 1):
        try:
            history = read_history(page)
        except FileError as error:
            raise FileError(f"page {number} of {len(pages)}: {error}" if len(pages) > 1 else str(error)) from error
        found += history.transactions
        exclusions += history.exclusions
    return MarketHistory(found, exclusions)


def read_history(reply: Any) -> MarketHistory:
    """Understand one page of the history.

    A purchase costs what was paid with its fee, a sale brings what was received. Events of listing and taking back change
    nothing and are passed over.

    Raises:
        FileError: it is no market history.
    """
    if not isinstance(reply, dict) or not isinstance(reply.get("events"), list):
        raise FileError("this is no Steam market history: it must be the JSON of /market/myhistory?norender=1")
    found, exclusions = [], []
    now = datetime.now(UTC)
    for number, event in enumerate(reply["events"], 1):
        if not isinstance(event, dict) or event.get("event_type") not in (SOLD, BOUGHT):
            continue
        place = f"listing {event['listingid']}" if "listingid" in event else f"event {number}"
        try:
            transaction = _transaction(reply, event)
            wrong = violation(transaction, now)
        except _OddError as error:
            exclusions.append(f"{place}: {error}")
            continue
        if wrong:
            exclusions.append(f"{place}: {wrong[1]}")
        else:
            found.append(transaction)
    return MarketHistory(found, exclusions)


def _transaction(reply: dict[str, Any], event: dict[str, Any]) -> Transaction:
    key = f"{_part(event, 'listingid', 'the event')}_{_part(event, 'purchaseid', 'the event')}"
    purchase = _part(_part(reply, "purchases", "the page"), key, "the list of purchases")
    asset = _part(purchase, "asset", "the purchase")
    if (game := str(_part(asset, "appid", "the asset"))) != GAME:
        raise _OddError(f"of application {game}, not CS2")
    if any(purchase.get(name) for name in ("failed", "needs_rollback", "funds_returned", "funds_revoked")):
        raise _OddError("the sale failed or was taken back")
    bought = event["event_type"] == BOUGHT
    amounts = ("paid_amount", "paid_fee") if bought else ("received_amount",)
    number = _whole(purchase, "currencyid" if bought else "received_currencyid") - OFFSET
    if number not in STEAM_CURRENCIES:
        raise _OddError(f"its currency {number + OFFSET} is none of those that Steam is known to use")
    currency = STEAM_CURRENCIES[number].code
    total = _minor(sum(_whole(purchase, name) for name in amounts), currency)
    quantity = _whole(asset, "amount", least=1)
    time = _whole(purchase, "time_sold", least=FROM)
    if time >= TO:
        raise _OddError(f"its time_sold, {time}, is no moment before the year 2200")
    # A unit's price is whole: what is left of the division is paid, or missing, as a fee.
    price = total // quantity if bought else -(-total // quantity)
    return Transaction(
        time=datetime.fromtimestamp(time, UTC),
        kind="buy" if bought else "sell",
        market_hash_name=_name(reply, event, asset),
        quantity=quantity,
        price=price,
        fee=abs(total - price * quantity),
        currency=currency,
        note="Steam Community Market",
        external_id=f"steam:{key}",
    )


def _minor(hundredths: int, currency: str) -> int:
    return divide(hundredths * 10 ** digits(currency), HUNDREDTHS)


def _part(of: Any, name: str, place: str) -> Any:
    if not isinstance(of, dict) or of.get(name) is None:
        raise _OddError(f"{place} has no {name[:80]}")
    return of[name]


def _whole(of: Any, name: str, *, least: int = 0) -> int:
    """A number, which Steam writes as one or as its digits."""
    value = _part(of, name, "it")
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 20) or int(text) < least:  # noqa: PLR2004  # beyond 64 bits
        raise _OddError(f"its {name}, {text[:40]!r}, is not a whole number from {least} up")
    return int(text)


def _name(reply: dict[str, Any], event: dict[str, Any], asset: dict[str, Any]) -> str:
    """An asset changes its id with its owner: the listing's, the sold one's and the new one's are tried."""
    games = _part(reply, "assets", "the page")
    known = _part(_part(games, GAME, "the page's list of assets"), str(_part(asset, "contextid", "the asset")), "CS2")
    listings = reply.get("listings")
    listing = listings.get(event["listingid"]) if isinstance(listings, dict) else None
    listed = listing.get("asset") if isinstance(listing, dict) else None
    numbers = [listed.get("id") if isinstance(listed, dict) else None, asset.get("id"), asset.get("new_id")]
    for number in numbers:
        if isinstance(known, dict) and str(number) in known:
            name = str(_part(known[str(number)], "market_hash_name", f"asset {number}"))
            if not 0 < len(name) <= 300 or "\x00" in name:  # noqa: PLR2004  # as everywhere
                raise _OddError("its name is empty, longer than 300 characters or holds a zero character")
            return name
    raise _OddError(f"the page does not describe its asset {asset.get('id')}")
