"""Exchange rates of the European Central Bank's daily reference file, or of one of its form, kept with their day."""

import asyncio
import re
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from urllib.parse import urlsplit

import structlog

from db import currency_rates
from db.pool import Database
from jobs.providers.http import MarketHttp
from jobs.providers.http_options import HttpOptions
from jobs.providers.limiter import RateLimiter

log = structlog.get_logger(__name__)

DAY = re.compile(r"<Cube\s+time=['\"](\d{4}-\d{2}-\d{2})['\"]\s*>(.*?)</Cube>", re.DOTALL)
RATE = re.compile(r"<Cube\s+currency=['\"]([A-Z]{3})['\"]\s+rate=['\"]([0-9.]{1,20})['\"]\s*/>")
MILLION = 1_000_000


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


def run(database: Database, url: str) -> int:
    """Fetch and keep the rates; returns how many. Raises ProviderError where the source does not answer, ValueError where its answer has none."""
    parts = urlsplit(url)
    options = HttpOptions(max_body=16 << 20, json_only=False)
    http = MarketHttp("rates", f"{parts.scheme}://{parts.netloc}", limiter=RateLimiter(0, 60), options=options)

    async def fetch() -> bytes:
        try:
            return (await http.get(parts.path or "/", parts.query)).body
        finally:
            await http.aclose()

    found = read_rates(asyncio.run(fetch()).decode("utf-8", "replace"))
    with database.connection() as connection:
        kept = currency_rates.keep(connection, parts.netloc, found)
    log.info("exchange rates kept", source=parts.netloc, rates=kept)
    return kept
