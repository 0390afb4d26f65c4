"""Price history: an item's past sales on Steam, as `/market/pricehistory` tells them to who is signed in."""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final

from app.providers.base import ProviderError, Quote, VolumeKind
from app.providers.http import rows
from app.providers.http.client import MarketHttp
from app.providers.market import encode
from app.providers.steam.search import APP, unwrap

BAD_REQUEST: Final = 400
FIELDS: Final = 3
DATE: Final = re.compile(r"([A-Z][a-z]{2}) (\d{2}) (\d{4}) (\d{2}): \+0")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


async def price_history(http: MarketHttp, name: str, cookie: str) -> list[Quote]:
    """The median of each hour's sales in the last 30 days, of each day's before, oldest first; the volume is that of the interval.

    Raises:
        ProviderError: `auth` when the cookie is taken no more, `schema` when the account's wallet is not in US dollars, or as
            `MarketHttp.get`.
    """
    query = encode({"appid": APP, "market_hash_name": name})
    try:
        reply = await http.get("/market/pricehistory/", query, headers={"Cookie": f"steamLoginSecure={cookie}"})
    except ProviderError as error:
        if error.status == BAD_REQUEST:
            raise ProviderError("auth", f"{error}: the cookie of TRACERA_STEAM_COOKIE is taken no more") from error
        raise
    body = unwrap(http, reply)
    prefix, suffix = (str(body.get(part) or "").strip() for part in ("price_prefix", "price_suffix"))
    if prefix != "$" or suffix not in {"", "USD"} or not isinstance(body.get("prices"), list):
        raise ProviderError("schema", f"{reply.what}: no prices in US dollars")
    try:
        return [_quote(name, entry) for entry in body["prices"]]
    except ValueError as error:
        raise ProviderError("schema", f"{reply.what}: {error}") from error


def moment(text: str) -> datetime:
    """The time that a point's date names, such as `Jul 02 2014 01: +0`.

    Raises:
        ValueError: it names none.
    """
    found = DATE.fullmatch(text)
    if not found:
        raise ValueError(f"date {text!r} is not like 'Jul 02 2014 01: +0'")
    month, day, year, hour = found.groups()
    return datetime(int(year), MONTHS.index(month) + 1, int(day), int(hour), tzinfo=UTC)


def _quote(name: str, entry: Any) -> Quote:
    if not isinstance(entry, list) or len(entry) != FIELDS:
        raise ValueError(f"{rows.shown(entry)} is not [date, price, volume]")  # callers catch one kind
    try:
        price = int((100 * Decimal(str(entry[1]))).quantize(Decimal(1), ROUND_HALF_EVEN))
    except InvalidOperation:
        raise ValueError(f"{rows.shown(entry[1])} is not a price") from None
    volume = rows.count(int(str(entry[2]).replace(",", "")))
    return Quote(name, "steam", price, moment(str(entry[0])), volume=volume, volume_kind=VolumeKind.INTERVAL)
