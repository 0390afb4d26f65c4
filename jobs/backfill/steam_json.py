"""Steam JSON reader: reads one item's price history as `/market/pricehistory` answers it."""

import json
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import numpy as np

from app.providers.steam.history import moment
from jobs.backfill.blocks import Source, Truncated
from jobs.backfill.points import HistoryFileError, Points, Rejected, RejectedError, cents, checked, count, not_in_future

LIMIT = 64_000_000
FIELDS = 3
ENDINGS = (".gz", ".json", ".pricehistory")


def read(source: Source, item: str | None, latest: int) -> tuple[Points, list[Rejected]]:
    """All points of a file; the item is named by `item`, or else by the file's name (which may be URL-encoded).

    Raises:
        HistoryFileError: it is no such reply, not in USD, too large, or cut off.
    """
    prices = _prices(source)
    rejected: list[Rejected] = []
    accepted: list[tuple[int, int, int, int]] = []
    for line, entry in enumerate(prices, 1):
        try:
            accepted.append((line, *_point(entry, latest)))
        except RejectedError as error:
            rejected.append(Rejected(source.name, line, str(error)))
    lines, times, prices_of, volumes = np.array(accepted, dtype=np.int64).reshape(-1, 4).T
    names = [item or item_of(source)]
    return Points(names, np.zeros(len(accepted), dtype=np.int64), times, prices_of, volumes, lines), rejected


def item_of(source: Source) -> str:
    """The item that a file's name speaks of."""
    name = source.path.name
    while any(name.endswith(ending) for ending in ENDINGS):
        name = name.rpartition(".")[0]
    return unquote(name)


def _prices(source: Source) -> list[Any]:
    data = source.whole(LIMIT)
    if data is None:
        raise HistoryFileError(f"{source.name}: more than {LIMIT // 1_000_000} MB of JSON for one item")
    if isinstance(data, Truncated):
        raise HistoryFileError(f"{source.name}: {data.reason}")
    try:
        reply = json.loads(data, parse_float=Decimal, parse_int=Decimal)
    except ValueError as error:
        raise HistoryFileError(f"{source.name}: no JSON: {error}") from None
    if not isinstance(reply, dict) or reply.get("success") is not True or not isinstance(reply.get("prices"), list):
        raise HistoryFileError(f'{source.name}: not a price history of Steam ("success": true and "prices")')
    prefix, suffix = (str(reply.get(name) or "").strip() for name in ("price_prefix", "price_suffix"))
    if prefix != "$" or suffix not in {"", "USD"}:
        raise HistoryFileError(
            f"{source.name}: prices are in {prefix or suffix or 'no named currency'}, not in $ (USD)"
        )
    return list(reply["prices"])


def _point(entry: Any, latest: int) -> tuple[int, int, int]:
    """Time, cents and volume."""
    if not isinstance(entry, list) or len(entry) != FIELDS:
        raise RejectedError("a point is not [date, price, volume]")
    date, price, volume = entry
    if not isinstance(price, Decimal):
        raise RejectedError(f"price {price!r} is no number")
    time = not_in_future(_time(str(date)), latest, str(date))
    return time, cents(price), count("" if volume is None else str(volume))


@lru_cache(maxsize=100_000)
def _time(text: str) -> int:
    try:
        found = moment(text)
    except ValueError:
        raise RejectedError(f"date {text!r} is not like 'Jul 02 2014 01: +0'") from None
    return checked(found, text)
