"""What the browser tests share: the pages, when they are complete, and an instance whose database a test may take away."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypedDict

import psycopg
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Request, ViewportSize, expect

from app.providers.base import Batch, Quote, VolumeKind
from app.runtime import Runtime
from db.core.pool import Database, DatabaseDownError
from db.core.redis import publish_messages
from jobs.ingest import Ingest, Report
from tests.conftest import ROOT, start_site, stop_site, wait_for
from tests.patience import within

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
RESULTS = ROOT / "test-results"
PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1280, "height": 900}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Look(TypedDict):
    """A window and its colours, as playwright's contexts take them."""

    viewport: ViewportSize
    color_scheme: Literal["light", "dark"]


LOOKS: list[Look] = [{"viewport": WIDE, "color_scheme": "light"}, {"viewport": PHONE, "color_scheme": "dark"}]
if os.environ.get("TRACERA_TEST_LOOKS") == "all":
    LOOKS += [{"viewport": WIDE, "color_scheme": "dark"}, {"viewport": PHONE, "color_scheme": "light"}]
NAMED = [f"{look['viewport']['width']}-{look['color_scheme']}" for look in LOOKS]
COMPLETE = {
    "/": ("#market-volatile .item-row >> nth=9", ".map[data-drawn]", "#market-tiles .tile-value .figure >> nth=0"),
    "/items": (".ag-row >> nth=5",),
    "/rankings": (".ranking tbody tr >> nth=20",),
    "/portfolio": ("#portfolio-look",),
    "/compare": ("#compare-body .state",),
    "/status": (".status-table >> nth=1", ".verdict"),
    "/item": ("#item-head h1",),
}
"""For each page what is there once it is complete."""

ONLY_FAULTS = {"resultTypes": ["violations"]}
"""axe otherwise finds a selector for each of thousands of elements that pass, which takes three times as long."""
WATCH = """(() => {
  const seen = (window.seen = { shift: 0, longest: 0, sources: [] });
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
    seen.shift += entry.value;
    seen.sources.push(...entry.sources.map(({ node }) => node?.id || node?.className || node?.parentElement?.className));
  } }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) seen.longest = Math.max(seen.longest, entry.duration); })
    .observe({ type: "longtask", buffered: true });
})();"""
"""Keeps the layout shift and the longest task of a page; to be added before it opens."""


VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""
"""Keeps what the content security policy forbade; to be added before a page opens."""
SCHEME = "document.documentElement.getAttribute('data-mantine-color-scheme')"
DEADLOCKS = 5
NOWHERE = ("/not-found", "/shared/<token>", "/research/shared/<token>")
"""Pages whose document is a 404, which the browser reports."""


def violations(page: Page) -> Any:
    return page.evaluate("window.violations")


def opened(page: Page, site: str, path: str) -> Page:
    """The page at `path`, complete."""
    page.goto(site + path)
    complete(page, path)
    return page


def complete(page: Page, path: str) -> None:
    """Wait until everything of the page at `path` is there."""
    name = path.split("?", maxsplit=1)[0]
    for selector in COMPLETE.get("/item" if name.startswith("/item/") else name, ("#content h1 >> nth=0",)):
        expect(page.locator(selector)).to_be_visible()


def until(page: Page, condition: Callable[[], Any], what: str, seconds: float = 15) -> None:
    """Wait for a condition; `page.wait_for_function` needs eval, which the policy forbids."""
    deadline = time.monotonic() + within(seconds)
    while not condition():
        assert time.monotonic() < deadline, what
        page.wait_for_timeout(50)


def changes(page: Page) -> list[str]:
    """The change in an item's head and that among its measures, each with the price that it counts from."""
    found: list[str] = page.evaluate("""() => [document.querySelector('.item-now-moved'),
        [...document.querySelectorAll('.metric')].find((card) => card.querySelector('.metric-name').textContent.startsWith('Change'))]
        .map((place) => place?.querySelector('[data-live-field=change]'))
        .map((figure) => figure ? `${figure.textContent} from ${figure.dataset.liveBase}` : '')""")
    return found


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def pictures(page: Page, name: str) -> None:
    """Pictures of an open page for people to look at, wide and narrow, light and dark; nowhere is it wider than the window."""
    RESULTS.mkdir(exist_ok=True)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.wait_for_timeout(500)
            assert overflow(page) == 0
            page.screenshot(path=RESULTS / f"{name}-{size['width']}-{scheme}.png")


def grave(page: Page, part: str | None = None) -> list[str]:
    """What axe finds serious or critical, in a part of the page if that is named by a selector."""
    found = Axe().run(page, part, options=ONLY_FAULTS).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


@dataclass(slots=True)
class Own:
    """An instance of the test's own."""

    url: str
    runtime: Runtime

    def keep(self, *quotes: Quote, source: str = "steam") -> None:
        """Ingest quotes, as a provider's cycle does."""
        held = self.runtime.services
        ingest = Ingest(held.database, held.redis, heartbeat=timedelta(0))
        ingest.store(source, Batch(list(quotes)), Report(source, datetime.now(UTC)))

    def publish(self, item_id: int, price: int, *, source: str = "steam") -> None:
        """Announce a price, as ingestion does."""
        publish(self.runtime.services.redis, item_id, price, source=source)

    @contextlib.contextmanager
    def without_database(self) -> Iterator[None]:
        """Nobody can reach the database; afterwards everybody can again."""
        url = self.runtime.database_url
        name = url.rsplit("/", 1)[1].split("?")[0]
        with psycopg.connect(url.replace(f"/{name}?", "/postgres?"), autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            try:
                yield
            finally:
                connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def publish(client: Any, item_id: int, price: int, *, source: str) -> None:
    """Announce a price on the channel that ingestion uses."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    message = {"type": "price", "item_id": item_id, "price": price, "volume": 3, "source": source, "timestamp": now}
    publish_messages(client, "prices", [message])


def announced(page: Page, place: Locator, client: Any, item_id: int, price: int, *, source: str) -> None:
    """Announce a price in cents until it stands at `place`: nobody tells whether the page has subscribed already."""

    def shown() -> bool:
        publish(client, item_id, price, source=source)
        return place.inner_text() == f"${price / 100:,.2f}"

    until(page, shown, "the price does not show")


def quote(name: str, price: int, at: datetime, *, volume: int = 100) -> Quote:
    """A Steam quote in cents."""
    return Quote(name, "steam", price, at, volume=volume, volume_kind=VolumeKind.INTERVAL)


def forget(database: Database, *tables: str) -> None:
    """Empty tables and what refers to them; what the instance does meanwhile may hold them in another order."""
    for attempt in range(DEADLOCKS):
        try:
            database.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        except DatabaseDownError as error:
            if "deadlock" not in str(error) or attempt == DEADLOCKS - 1:
                raise
        else:
            return


@contextlib.contextmanager
def own_site(runtime: Runtime, folder: Path) -> Iterator[Own]:
    """`tracera serve` on this runtime's servers, without jobs: nothing is collected."""
    runtime.start()
    site = start_site(
        folder / "data",
        TRACERA_DATABASE_URL=runtime.database_url,
        TRACERA_REDIS_URL=runtime.redis_url,
        TRACERA_PROVIDERS="steam",
        TRACERA_SCHEDULER="false",
    )
    try:
        wait_for(lambda: site.get("/healthz")[0] == 200, 60, f"not up; see {site.log}")
        yield Own(site.url, runtime)
    finally:
        stop_site(site)


def asked(page: Page) -> list[str]:
    """Addresses of the documents that the page loads from now on; a change without reload adds none."""
    found: list[str] = []

    def note(request: Request) -> None:
        if request.is_navigation_request():
            found.append(request.url)

    page.on("request", note)
    return found
