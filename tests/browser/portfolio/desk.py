"""An instance with a local owner, a local Steam and prices set by hand, for the portfolio's browser tests."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect
from redis import Redis

from app.providers.base import Batch, Quote
from app.providers.sources import DEFAULT_FEES
from db.core.pool import Database, Row
from db.portfolio import holdings, portfolios, transactions
from db.portfolio.holdings import Asset
from db.portfolio.transactions import Transaction
from jobs import measures
from jobs.ingest import Ingest, Report
from jobs.valuation import Valuation
from tests.accounts.servers import steam
from tests.accounts.servers.wire import serving
from tests.browser.support import publish, quote
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.upstream.app import UpstreamApp
from tests.upstream.data import World, synthetic
from tests.upstream.inventory import Owner
from tests.upstream.server import running

ME = "76561198000000001"
AK, AWP, CASE = "AK-47 | Redline (Field-Tested)", "AWP | Asiimov (Field-Tested)", "Glove Case"
UNPRICED, MEDAL = "Sticker | Nobody Quotes This", "2019 Service Medal"
PRICES = {AK: 1150, AWP: 8000, CASE: 200}
BEFORE = {AK: 1000, AWP: 8200, CASE: 200}
HELD = {AK: 3, AWP: 1, CASE: 10, UNPRICED: 2, MEDAL: 1}
TOTAL = "$134.50"
PAGE = 5


@dataclass(slots=True)
class Desk:
    """What a test works with."""

    site: Site
    upstream: UpstreamApp
    database: Database
    redis: Redis
    state: Path
    items: dict[str, int]

    def price(self, name: str, price: int) -> None:
        """Announce a price, as ingestion does."""
        publish(self.redis, self.items[name], price, source="steam")

    def owner(self) -> int:
        row = self.database.row("SELECT user_id FROM user_identities WHERE provider = 'local'")
        assert row
        return int(row["user_id"])

    def main(self) -> Row:
        return portfolios.default(self.database, self.owner())

    def empty(self) -> None:
        """The owner holds nothing, has linked nothing and has imported nothing."""
        for statement in (
            "DELETE FROM user_identities WHERE provider = 'steam'",
            "DELETE FROM user_portfolio_holdings",
            "DELETE FROM user_portfolio_imports",
            "DELETE FROM portfolios",
        ):
            self.database.execute(statement)
        for key in self.redis.scan_iter("portfolio:*"):
            self.redis.delete(key)
        self.upstream.world.inventories.clear()

    def hold(self) -> None:
        """The owner holds `HELD`, bought two of AK for 9.00 each, and was valued twice."""
        self.empty()
        self.price(AK, PRICES[AK])
        mine = self.main()
        self.database.execute(
            "INSERT INTO user_identities (provider, subject, user_id) VALUES ('steam', %s, %s)", [ME, self.owner()]
        )
        until = datetime.now(UTC) + timedelta(days=6)
        assets = [
            Asset(str(place), name, count, marketable=name != MEDAL, tradable_after=until if name == AWP else None)
            for place, (name, count) in enumerate(HELD.items())
        ]
        now = datetime.now(UTC)
        with self.database.connection() as connection:
            holdings.replace(connection, self.owner(), ME, assets, hidden=0, now=now)
            bought = Transaction(now - timedelta(days=9), "buy", AK, 2, 900, 0, "USD")
            transactions.add(connection, self.owner(), mine["id"], [bought])
        for hours in (3, 1):
            Valuation(self.database, DEFAULT_FEES).run(now - timedelta(hours=hours))


@contextmanager
def open_desk(folder: Path, browser: Browser) -> Iterator[Desk]:
    """A running instance whose local owner has a browser session, kept in a file."""
    with ExitStack() as stack:
        url, upstream = stack.enter_context(running(World(synthetic(3))))
        openid = stack.enter_context(serving(steam.app(steam.Steam(steam_id=ME, page=True))))
        site = start_site(
            folder / "data",
            TRACERA_PROVIDERS="steam",
            TRACERA_SCHEDULER="false",
            TRACERA_STEAM_URL=url,
            TRACERA_STEAM_OPENID_URL=f"{openid}/openid",
            TRACERA_PORTFOLIO_REQUESTS_PER_MINUTE="0",
            TRACERA_PORTFOLIO_IMPORT_COOLDOWN="1",
            TRACERA_PORTFOLIO_PAGE_SIZE=str(PAGE),
            TRACERA_PORTFOLIO_LOOK_SECONDS="1",
        )
        stack.callback(stop_site, site)
        wait_for(lambda: site.get("/readyz")[0] in {200, 503}, 120, f"not up; see {site.log}")
        database = Database(site.endpoints().database_url, size=2)
        stack.callback(database.close)
        redis = stack.enter_context(Redis.from_url(site.endpoints().redis_url))
        items = _price(database, redis)
        state = folder / "session.json"
        _sign_in(browser, site.url, state)
        yield Desk(site, upstream, database, redis, state, items)


def _price(database: Database, redis: Redis) -> dict[str, int]:
    now = datetime.now(UTC)
    ingest = Ingest(database, redis, heartbeat=timedelta(0))
    for prices, at in ((BEFORE, now - timedelta(hours=30)), (PRICES, now - timedelta(seconds=30))):
        quotes: list[Quote] = [quote(name, price, at) for name, price in prices.items()]
        ingest.store("steam", Batch(quotes), Report("steam", now))
    measures.run(database, redis, datetime.now(UTC))  # a day's change counts from the measures' base
    found = database.rows("SELECT id, market_hash_name FROM items")
    return {row["market_hash_name"]: row["id"] for row in found}


def _sign_in(browser: Browser, url: str, state: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/sign-in")
    page.get_by_role("button", name="Sign in as the local owner").click()
    page.wait_for_url(f"{url}/account")
    context.storage_state(path=state)
    context.close()


def gated(pages: int, total: int) -> tuple[Owner, threading.Event]:
    """An inventory of `total` AKs on so many pages; from the second one on Steam waits for the event."""
    kind = {"classid": "1", "instanceid": "0", "market_hash_name": AK, "name": AK, "marketable": 1, "tradable": 1,
            "icon_url": "a"}  # fmt: skip
    event = threading.Event()
    made: list[dict[str, Any]] = []
    for first in range(0, total, total // pages):
        numbers = range(first, first + total // pages)
        assets = [
            {"appid": 730, "contextid": "2", "assetid": str(10**10 - at), "classid": "1", "instanceid": "0", "amount": "1"}
            for at in numbers
        ]  # fmt: skip
        more = {"more_items": 1, "last_assetid": assets[-1]["assetid"]} if numbers.stop < total else {}
        made.append(
            {
                "assets": assets,
                "descriptions": [kind],
                "total_inventory_count": total,
                "success": 1,
                "rwgrsn": -2,
                **more,
            }
        )

    def serve(number: int) -> int:
        if number:
            event.wait(30)
        return number

    return Owner(list(made), serve=serve), event


def shown(context: BrowserContext, url: str, ready: str) -> Page:
    """A page at an address, once something is there."""
    page = context.new_page()
    page.goto(url)
    expect(page.locator(ready).first).to_be_visible()
    return page


Open = Callable[..., Page]
