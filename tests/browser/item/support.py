"""What the tests of an item's page share: names of items, and what its chart holds."""

import re
from typing import Any

from playwright.sync_api import Page, Request, expect

TWO = "Sawed-Off | Kraken (Minimal Wear)"
OLD = "Negev | Loudmouth (Well-Worn)"
DATA_OF_CHART = "() => window.dash_component_api.getLayout('price-chart-data').props.data"
SERIES_OF_CHART = """() => Object.fromEntries(
    window.dash_component_api.getLayout('price-chart').props.series.map(({id, type, data}) => [id, {type, n: data.length}]))"""
Market = dict[str, int]


def drawn(page: Page) -> dict[str, Any]:
    """The chart's data, once it is there."""
    expect(page.locator("#price-chart-legend > span").first).to_be_visible()
    # A page that one has just gone to may hold the last one's legend.
    page.wait_for_function(f"() => ({DATA_OF_CHART})() !== null")
    data: dict[str, Any] = page.evaluate(DATA_OF_CHART)
    return data


def series(page: Page) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = page.evaluate(SERIES_OF_CHART)
    return found


def callbacks_for(page: Page, output: str) -> list[str]:
    """The requests for a property that are made from now on, as they are made."""
    asked: list[str] = []

    def look(request: Request) -> None:
        # The address of callbacks has a digest of its own; their bodies begin with what they are for.
        body = request.post_data or ""
        if body.startswith('{"output":') and output in body.split('"outputs":', maxsplit=1)[0]:
            asked.append(request.url)

    page.on("request", look)
    return asked


def choose_window(page: Page, window: str) -> None:
    page.locator(".chart-controls label", has_text=re.compile(f"^{window}$")).click()
