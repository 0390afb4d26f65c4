"""Exchange rates job: stores the European Central Bank's daily reference rates, or those of a file in its form, by day."""

import asyncio
import csv
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from app.providers.base import ProviderError
from app.providers.http.client import MarketHttp
from app.providers.http.limiter import RateLimiter
from app.providers.http.options import HttpOptions
from db.core.pool import Database
from db.portfolio import currency_rates

log = structlog.get_logger(__name__)

DAY = re.compile(r"<Cube\s+time=['\"](\d{4}-\d{2}-\d{2})['\"]\s*>(.*?)</Cube>", re.DOTALL)
RATE = re.compile(r"<Cube\s+currency=['\"]([A-Z]{3})['\"]\s+rate=['\"]([0-9.]{1,20})['\"]\s*/>")
SMALL = re.compile(r"(https?://.+/)eurofxref-(?:daily|hist-90d)\.xml")
CODE = re.compile(r"[A-Z]{3}")
MILLION = 1_000_000
RATES_PER_STATEMENT = 20_000
"""So many rates of the full history are held at once."""
HISTORY_DAYS = 400
"""Rates that begin later than so many days ago are not the full history."""


def read_rates(text: str) -> dict[tuple[str, date], int]:
    """Millionths of each currency for a dollar, by currency and day, of a file that counts in euros.

    The file is XML of one fixed form; matching that form alone leaves nothing of XML to be attacked through.

    Raises:
        ValueError: it is not of that form, or a day has no dollar.
    """
    found: dict[tuple[str, date], int] = {}
    for rates in read_days(text):
        found |= rates
    return found


def read_days(text: str) -> Iterator[dict[tuple[str, date], int]]:
    """The same day by day, as the file has them: the full history is too much to hold at once.

    Raises:
        ValueError: likewise, as soon as it is found.
    """
    empty = True
    for day, body in (match.groups() for match in DAY.finditer(text)):
        found: dict[tuple[str, date], int] = {}
        try:
            rates = {code: Decimal(number) for code, number in RATE.findall(body)} | {"EUR": Decimal(1)}
            dollar = rates["USD"]
            for code, rate in rates.items():
                millionths = int((rate / dollar * MILLION).to_integral_value(ROUND_HALF_EVEN))
                if code != "USD" and millionths > 0:
                    found[code, date.fromisoformat(day)] = millionths
        except (KeyError, InvalidOperation, ArithmeticError) as error:
            raise ValueError(f"rates of {day}: {type(error).__name__} {error}") from error
        empty = empty and not found
        yield found
    if empty:
        raise ValueError("no rates in it")


def due(database: Database, hours: float, *, always: bool) -> bool:
    """Whether to fetch now: stored rates are older than `hours`, and wanted `always` or by a portfolio in another currency."""
    age = currency_rates.age(database)
    return (age is None or age >= hours * 3600) and (always or currency_rates.needed(database))


def run(database: Database, url: str, today: date | None = None) -> int:
    """Fetch and store the rates; returns how many. Raises ProviderError where the source does not answer, ValueError where its answer has none.

    Before the first of the small file, and where it does not reach back to the last stored day, the bank's full history is
    fetched; where that fails the small file is stored all the same.
    """
    host = urlsplit(url).netloc
    found = read_rates(_fetch(url))
    whole, first = history_url(url), min(day for _, day in found)
    before = 0
    if whole and _needs_history(currency_rates.span(database, host), first, today or datetime.now(UTC).date()):
        try:
            before = _store_history(database, host, _fetch(whole), first)
        except (ProviderError, ValueError) as error:
            log.warning("no history of exchange rates", url=whole, error=str(error))
    with database.connection() as connection:
        stored = before + currency_rates.store(connection, host, found)
    log.info("exchange rates kept", source=host, rates=stored)
    return stored


def _store_history(database: Database, host: str, text: str, end: date) -> int:
    """Store the rates of a file from before a day, all or none; returns how many."""
    stored, waiting = 0, dict[tuple[str, date], int]()
    with database.connection() as connection, connection.transaction():
        for rates in read_days(text):
            waiting |= {key: rate for key, rate in rates.items() if key[1] < end}
            if len(waiting) >= RATES_PER_STATEMENT:
                stored += currency_rates.store(connection, host, waiting)
                waiting = {}
        return stored + currency_rates.store(connection, host, waiting)


def history_url(url: str) -> str | None:
    """Where the bank's full history lies beside one of its small files; None for other files."""
    found = SMALL.fullmatch(url)
    return f"{found[1]}eurofxref-hist.xml" if found else None


def _needs_history(stored: tuple[date, date] | None, first: date, today: date) -> bool:
    """Whether days are missing between the stored span and a file that begins on `first`, or none before it are stored."""
    return stored is None or stored[1] < first - timedelta(days=1) or stored[0] > today - timedelta(days=HISTORY_DAYS)


def read_table(text: str) -> dict[tuple[str, date], int]:
    """Rates of one's own, from lines `date,currency,rate` below a header: units of the currency for one US dollar.

    Raises:
        ValueError: a line is not of that form; it is named.
    """
    rows = csv.DictReader(text.lstrip("\ufeff").splitlines())
    if {"date", "currency", "rate"} - set(rows.fieldnames or ()):
        raise ValueError("the first line of a table of rates is `date,currency,rate`")
    found: dict[tuple[str, date], int] = {}
    for row in rows:
        try:
            millionths = int((Decimal(row["rate"]) * MILLION).to_integral_value(ROUND_HALF_EVEN))
            day = date.fromisoformat(row["date"])
        except (TypeError, ValueError, ArithmeticError) as error:
            raise ValueError(f"line {rows.line_num} of the table of rates: {error}") from error
        if not CODE.fullmatch(row["currency"]) or row["currency"] == "USD" or not 0 < millionths < 2**62:
            raise ValueError(f"line {rows.line_num} of the table of rates: no currency, or no rate above 0")
        found[row["currency"], day] = millionths
    return found


def run_table(database: Database, path: Path) -> int:
    """Put the rates of a file in the place of those it had before; returns how many.

    Raises:
        OSError: it cannot be read.
        ValueError: a line is wrong; the last table stays.
    """
    found = read_table(path.read_text("utf-8"))
    with database.connection() as connection:
        stored = currency_rates.replace_table(connection, found)
    log.info("exchange rates kept", source=str(path), rates=stored)
    return stored


def _fetch(url: str) -> str:
    parts = urlsplit(url)
    options = HttpOptions(max_body=32 << 20, json_only=False)
    http = MarketHttp("rates", f"{parts.scheme}://{parts.netloc}", limiter=RateLimiter(0, 60), options=options)

    async def get() -> bytes:
        try:
            return (await http.get(parts.path or "/", parts.query)).body
        finally:
            await http.aclose()

    return asyncio.run(get()).decode("utf-8", "replace")
