"""How quickly pages stand in a real browser, next to a page of the same frame without any data, in the same run.

    python -m tests.bench.bench_pages [--rounds 5] [--url http://localhost:8050] [--latency 0]

For each page, at 1440 and 390 px: milliseconds to the first paint, until everything of it is there, the longest task, and the
layout shift; at 1440 px also until everything is there once its link is followed on another page. `--latency` is the time in
milliseconds that each answer takes longer, as over a network. Medians of the rounds, each in a fresh profile. The goals: frame
under 300 ms, data under 1 s, no task over 200 ms, shift under 0.05. The floor is the page that says that there is no such page.
Without `--url` it starts an instance with a month of simulated history.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests import chromium
from tests.browser.support import COMPLETE, DESKTOP, PHONE, WATCH
from tests.conftest import start_site, stop_site, wait_for

PATHS = ("/", "/items", "/rankings", "/status", "/portfolio", "/item/7")
FLOOR = "/nothing-here"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


@contextmanager
def instance() -> Iterator[str]:
    """A running instance with measures."""
    with tempfile.TemporaryDirectory() as folder:
        site = start_site(Path(folder) / "data", TRACERA_DEMO_HISTORY_DAYS="31")
        try:
            ranked = "/api/v1/rankings/volatile?window=30d&limit=1"
            wait_for(lambda: len(site.get(ranked)[1]) > 10, 120, "no rankings")
            time.sleep(10)  # what runs once at the start is over
            yield site.url
        finally:
            stop_site(site)


def open_page(browser: Browser, size: ViewportSize, latency: float) -> Page:
    """A page of a fresh profile, on a network whose answers take `latency` milliseconds longer."""
    page = browser.new_context(viewport=size).new_page()
    if latency:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        conditions = {"offline": False, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1}
        session.send("Network.emulateNetworkConditions", conditions)
    return page


def until_complete(page: Page, path: str, begun: float) -> float:
    """Milliseconds since `begun`, by `time.perf_counter`, when everything of the page at `path` is there."""
    name = "/item" if path.startswith("/item/") else path
    for selector in COMPLETE.get(name, ("#content h1",)):
        expect(page.locator(selector)).to_be_visible(timeout=30_000)
    return (time.perf_counter() - begun) * 1000


def follow(browser: Browser, url: str, path: str, latency: float) -> float:
    """Milliseconds from a click on the page's link, somewhere else in the application, until everything of it is there."""
    page = open_page(browser, DESKTOP, latency)
    start = "/" if path != "/" else "/status"
    page.goto(url + start)
    until_complete(page, start, time.perf_counter())
    page.wait_for_timeout(1500)
    link = page.locator("a.item-row" if path.startswith("/item/") else f"#navigation a[href='{path}']").first
    begun = time.perf_counter()
    link.click()
    complete = until_complete(page, path, begun)
    page.context.close()
    return complete


def visit(browser: Browser, url: str, path: str, size: ViewportSize, latency: float = 0) -> dict[str, float]:
    """One visit in a fresh profile; times in milliseconds."""
    page = open_page(browser, size, latency)
    page.add_init_script(WATCH)
    begun = time.perf_counter()
    page.goto(url + path, wait_until="commit")
    complete = until_complete(page, path, begun)
    page.wait_for_timeout(1000)
    seen: dict[str, Any] = page.evaluate("window.seen")
    paint = page.evaluate(PAINT)
    page.context.close()
    return {"paint": paint or float("nan"), "complete": complete, "longest": seen["longest"], "shift": seen["shift"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--url")
    parser.add_argument("--latency", type=float, default=0)
    options = parser.parse_args()
    path = chromium.found()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.QUIET)
        if options.url:
            measure(browser, options.url, options.rounds, options.latency)
        else:
            with instance() as url:
                measure(browser, url, options.rounds, options.latency)
        browser.close()


def measure(browser: Browser, url: str, rounds: int, latency: float) -> None:
    """Print every page, in turns with the floor."""
    print(f"{'page':<10}{'px':>6}{'paint ms':>10}{'complete':>10}{'longest':>9}{'shift':>8}   complete / floor")
    for size in (DESKTOP, PHONE):
        for path in PATHS:
            runs, floors = [], []
            for _ in range(rounds):
                floors.append(visit(browser, url, FLOOR, size, latency)["complete"])
                runs.append(visit(browser, url, path, size, latency))
            middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            ratio = middle["complete"] / statistics.median(floors)
            print(
                f"{path:<10}{size['width']:>6}{middle['paint']:>10.0f}{middle['complete']:>10.0f}{middle['longest']:>9.0f}"
                f"{middle['shift']:>8.3f}   {ratio:.2f}",
                flush=True,
            )
    print("from another page, until complete:")
    for path in PATHS:
        print(
            f"{path:<16}{statistics.median(follow(browser, url, path, latency) for _ in range(rounds)):>10.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
