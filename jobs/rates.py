"""Exchange rates of the European Central Bank's daily reference file, or of one of its form, kept with their day."""

import asyncio
import csv
import re
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
HISTORY_DAYS = 400
"""Rates that begin later than so many days ago are not the full history."""


def read_rates(text: str) -> dict[tuple[str, date], int]:
    """Millionths of each currency for a dollar, by currency and day, of a file that counts in euros.

    The file is XML of one fixed form; matching that form alone leaves nothing of XML to be attacked through.

    Raises:
        ValueError: it is not of that form, or a day has no dollar.
    """
    found: dict[tuple[str, date], int] = {}
    for day, body in DAY.findall(text):
        try:
            rates = {code: Decimal(number) for code, number in RATE.findall(body)} | {"EUR": Decimal(1)}
            dollar = rates["USD"]
            for code, rate in rates.items():
                millionths = int((rate / dollar * MILLION).to_integral_value(ROUND_HALF_EVEN))
                if code != "USD" and millionths > 0:
                    found[code, date.fromisoformat(day)] = millionths
        except (KeyError, InvalidOperation, ArithmeticError) as error:
            raise ValueError(f"rates of {day}: {type(error).__name__} {error}") from error
    if not found:
        raise ValueError("no rates in it")
    return found


def due(database: Database, hours: float, *, always: bool) -> bool:
    """Whether to fetch now: the kept ones are so old, and wanted `always` or by a portfolio in another currency."""
    age = currency_rates.age(database)
    return (age is None or age >= hours * 3600) and (always or currency_rates.needed(database))


def run(database: Database, url: str, today: date | None = None) -> int:
    """Fetch and keep the rates; returns how many. Raises ProviderError where the source does not answer, ValueError where its answer has none.

    Before the first of the small file, and where it does not reach back to the last kept day, the bank's full history is
    fetched; where that fails the small file is kept all the same.
    """
    host = urlsplit(url).netloc
    found = read_rates(_fetch(url))
    whole = history_url(url)
    if whole and _gap(
        currency_rates.span(database, host), min(day for _, day in found), today or datetime.now(UTC).date()
    ):
        try:
            found = read_rates(_fetch(whole)) | found
        except (ProviderError, ValueError) as error:
            log.warning("no history of exchange rates", url=whole, error=str(error))
    with database.connection() as connection:
        kept = currency_rates.keep(connection, host, found)
    log.info("exchange rates kept", source=host, rates=kept)
    return kept


def history_url(url: str) -> str | None:
    """Where the bank's full history lies beside one of its small files; None for other files."""
    found = SMALL.fullmatch(url)
    return f"{found[1]}eurofxref-hist.xml" if found else None


def _gap(kept: tuple[date, date] | None, first: date, today: date) -> bool:
    """Whether days lie between the kept ones and a file that begins on `first`, or none are kept from before it."""
    return kept is None or kept[1] < first - timedelta(days=1) or kept[0] > today - timedelta(days=HISTORY_DAYS)


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
        kept = currency_rates.replace_table(connection, found)
    log.info("exchange rates kept", source=str(path), rates=kept)
    return kept


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
