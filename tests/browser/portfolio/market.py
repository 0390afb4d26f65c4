"""A small market with three months of closes, and a portfolio with two years of history, made by hand for the browser."""

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from db.core.pool import Database, Row
from db.portfolio import portfolios, transactions
from db.portfolio.transactions import Transaction
from tests.browser.support import forget
from tests.conftest import start_site, stop_site, wait_for
from tests.portfolio.shop import Shop

NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
WEAPONS = ("AK-47", "AWP", "M4A1-S", "USP-S", "Desert Eagle", "Glock-18")
FINISHES = ("Redline", "Asiimov", "Neon Rider", "Printstream", "Fade")
NAMES = [f"{weapon} | {finish} (Field-Tested)" for weapon in WEAPONS for finish in FINISHES]
SELDOM = "Sticker | Seldom Quoted (Holo) | Katowice 2014 with a very long name indeed"


@dataclass(slots=True)
class Stall:
    """A running instance that collects nothing, its database, and the cookies of its signed-in local owner."""

    url: str
    database: Database
    cookies: list[Any]

    def enter(self, page: Page) -> Row:
        """Everything is gone but the owner, who is signed in: his main portfolio."""
        forget(self.database, "items", "portfolios", "price_days", "price_latest")
        page.context.add_cookies(self.cookies)
        return owner(self.database)


@contextlib.contextmanager
def open_stall(folder: Path, browser: Browser) -> Iterator[Stall]:
    """`tracera serve` with servers of its own, since only then there is a local owner."""
    site = start_site(folder / "data", TRACERA_PROVIDERS="steam", TRACERA_SCHEDULER="false")
    try:
        wait_for(lambda: site.get("/api/v1/items?limit=1")[0] == 200, 120, f"no answer; see {site.log}")
        page = browser.new_page()
        page.goto(f"{site.url}/sign-in")
        page.get_by_role("button", name="Sign in as the local owner").click()
        page.wait_for_url(f"{site.url}/account")
        database = Database(site.endpoints().database_url, size=2)
        try:
            yield Stall(site.url, database, list(page.context.cookies()))
        finally:
            database.close()
            page.context.close()
    finally:
        stop_site(site)


def market(database: Database) -> dict[str, int]:
    """Thirty items that follow the market more or less, and one that is seldom quoted; ids by name."""
    chance, shop = random.Random(7), Shop(database)
    drift = [chance.gauss(0.001, 0.02) for _ in range(91)]
    found = {}
    for number, name in enumerate(NAMES):
        item = found[name] = shop.item(name)
        price, follows = 500.0 * (1 + number), chance.uniform(-0.3, 1.2)
        for day, step in enumerate(drift):
            price *= 1 + follows * step + chance.gauss(0, 0.015)
            shop.closed(item, round(price), TODAY - timedelta(days=90 - day), "price_24h")
        shop.price(item, round(price), at=NOW)
    found[SELDOM] = shop.item(SELDOM)
    shop.closed(found[SELDOM], 100, TODAY, "price_24h")
    shop.price(found[SELDOM], 100, at=NOW)
    return found


def purchases(database: Database, mine: Row, names: list[str]) -> None:
    """One purchase each, and a few sales."""
    news = [
        Transaction(
            NOW - timedelta(days=700 - at), "buy", name, 2 + at % 3, 450 * (1 + at), 15 * at, "USD", f"lot {at}"
        )
        for at, name in enumerate(names)
    ]
    news += [Transaction(NOW - timedelta(days=30, hours=at), "sell", name, 1, 600 * (1 + at), 90, "USD")
             for at, name in enumerate(names[:5])]  # fmt: skip
    with database.connection() as connection:
        transactions.add(connection, mine["user_id"], mine["id"], news)


def history(database: Database, mine: Row, days: int) -> None:
    """A valuation a day up to now, with a deposit a month."""
    chance, growth, value, deposits = random.Random(3), 1.0, 100_000, 100_000
    for day in range(days, -1, -1):
        time = NOW - timedelta(days=day)
        step = chance.gauss(0.0008, 0.018)
        growth, value = growth * (1 + step), round(value * (1 + step))
        if time.day == 1:
            value, deposits = value + 5_000, deposits + 5_000
        database.execute(
            "INSERT INTO portfolio_snapshots (portfolio_id, time, currency, value, growth, deposits, withdrawals, priced, unpriced)"
            " VALUES (%s, %s, 'USD', %s, %s, %s, 1200, 30, 0)",
            [mine["id"], time, value, growth, deposits],
        )


def owner(database: Database) -> Row:
    """The main portfolio of the one user there is."""
    user = database.row("SELECT id FROM users")
    assert user
    return portfolios.default(database, user["id"])
