"""How quickly a pair's chart stands and how smoothly one scrolls back through a year of its minutes, in a real browser.

    python -m tests.bench.bench_chart [--minutes 525600] [--rounds 5] [--pause 25]

First the chart with 20,000 minutes behind it, in fresh profiles: milliseconds until the first candles are drawn, beside the same for
the page that says that there is no such item, and the longest task. Then, with a year behind it, two indicators on and as many bars
in view as there are places for, the keyboard scrolls back to the beginning: bars in view that were blank, had no price or did not
follow the one before; requests; tasks over 50 and over 200 ms, and the longest. The goals: under 1 s, no task over 200 ms, no gap.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from db.core.pool import Database
from tests import chromium
from tests.browser.minutes import MINUTE, save, scroll_back, walk, zoom_out
from tests.browser.support import DESKTOP
from tests.conftest import Site, start_site, stop_site, wait_for

FIRST = 20_000
TASKS = """(() => {
  window.tasks = [];
  new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: "longtask", buffered: true });
})();"""
APPEARS = """(() => {
  const look = () => {
    if (document.querySelector("SIGN")) requestAnimationFrame(() => setTimeout(() => (window.appeared = performance.now())));
    else requestAnimationFrame(look);
  };
  look();
})();"""
"""Keeps when an element is painted: from outside a busy page is asked at steps of up to a second."""
ADDRESS = "/item/{}?window=1m&indicators=bollinger:20:2,rsi:14"


@contextmanager
def instance(minutes: int) -> Iterator[tuple[Site, int]]:
    """An instance that collects nothing, and the item of a pair with so many minutes."""
    with tempfile.TemporaryDirectory() as folder:
        site = start_site(Path(folder) / "data", TRACERA_PROVIDERS="steam", TRACERA_SCHEDULER="false")
        try:
            wait_for(lambda: site.get("/healthz")[0] == 200, 60, f"not up; see {site.log}")
            database = Database(site.endpoints().database_url, size=2)
            begun = time.perf_counter()
            item = save(database, walk(minutes, int(time.time()) // MINUTE * MINUTE))
            database.close()
            print(f"{minutes:,} minutes stored and rolled up in {time.perf_counter() - begun:.1f} s", flush=True)
            yield site, item
        finally:
            stop_site(site)


def fresh(browser: Browser) -> Page:
    """A page of a fresh profile that counts long tasks."""
    page = browser.new_context(viewport=DESKTOP).new_page()
    page.add_init_script(TASKS)
    return page


def first_chart(browser: Browser, site: Site, path: str, sign: str) -> tuple[float, float]:
    """Milliseconds until `sign` is there, and the longest task of the first three seconds."""
    page = fresh(browser)
    page.add_init_script(APPEARS.replace("SIGN", sign))
    page.goto(site.url + path, wait_until="commit")
    expect(page.locator(sign).first).to_be_visible(timeout=30_000)
    page.wait_for_timeout(3_000)
    took: float = page.evaluate("window.appeared")
    longest = max(page.evaluate("window.tasks"), default=0.0)
    page.context.close()
    return took, longest


def year(browser: Browser, site: Site, item: int, minutes: int, pause: float) -> None:
    """Scroll from now to the beginning, and print what that was like."""
    page = fresh(browser)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "/api/v1/" in request.url else None)
    page.goto(site.url + ADDRESS.format(item))
    expect(page.locator("#price-chart-legend")).to_contain_text("Bollinger")
    page.wait_for_timeout(2_000)
    zoom_out(page)
    page.evaluate("window.tasks.length = 0")
    begun = time.perf_counter()
    steps = scroll_back(page, pause, minutes // 20)
    took = time.perf_counter() - begun
    tasks: list[float] = page.evaluate("window.tasks")
    first = steps[-1]["first"]
    shown = {minute for step in steps for minute in range(step["first"], step["last"] + MINUTE, MINUTE)}
    wanted = (max(step["last"] for step in steps) - first) // MINUTE + 1
    blank = sum(step["blank"] > 0 and step["first"] != first for step in steps)
    print(f"{len(steps):,} steps in {took:.0f} s, {wanted:,} minutes, {wanted - len(shown):,} of them never in view")
    print(f"views with a blank {blank}, uneven {_sum(steps, 'uneven')}, without a price {_sum(steps, 'unknown')}")
    print(f"bars drawn at most {max(step['drawn'] for step in steps):,}; requests {len(requests)}")
    over = sum(task > 200 for task in tasks)  # the goal
    print(f"tasks over 50 ms {len(tasks)}, over 200 ms {over}, longest {max(tasks, default=0):.0f} ms", flush=True)
    page.context.close()


def _sum(steps: list[dict[str, Any]], name: str) -> int:
    return sum(step[name] for step in steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=525_600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pause", type=float, default=25, help="milliseconds between two steps")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.found(), args=chromium.QUIET)
        with instance(FIRST) as (site, item):
            drawn, floor = [], []
            for _ in range(options.rounds):
                floor.append(first_chart(browser, site, "/item/999999", ".state, h1")[0])
                drawn.append(first_chart(browser, site, ADDRESS.format(item), "#price-chart-legend > span"))
            took, longest = (statistics.median(column) for column in zip(*drawn, strict=True))
            least = statistics.median(floor)
            print(
                f"first chart {took:.0f} ms, no such item {least:.0f} ms, {took / least:.2f}; longest task {longest:.0f} ms"
            )
        with instance(options.minutes) as (site, item):
            year(browser, site, item, options.minutes, options.pause)
        browser.close()


if __name__ == "__main__":
    main()
