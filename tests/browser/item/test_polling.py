"""An item's page says when each provider reads it next and why; the status page has the plan, and what went wrong."""

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from db.operations import outages, polling, providers
from db.operations.polling import Planned
from tests.browser.support import Own, grave, pictures, quote

pytestmark = pytest.mark.slow


def test_the_plan_is_told_on_the_items_page_and_on_status(page: Page, own: Own, complaints: list[str]) -> None:
    now = datetime.now(UTC)
    own.keep(*(quote(name, 500, now, volume=4) for name in ("Held Case", "Other Case")))
    database = own.runtime.services.database
    held, other = (
        row["id"]
        for row in database.rows("SELECT id FROM items WHERE market_hash_name LIKE '% Case' ORDER BY market_hash_name")
    )
    providers.register(database, "steam", simulated=False, interval=60)
    planned = Planned(np.array([held]), np.array([540.0]), np.array([True]), np.array([0.9]), np.array([0.1]))
    polling.save(database, "steam", planned, at=now, per_minute=7.5, pass_seconds=28_000)
    polling.polled(database, "steam", held, now)
    page.goto(f"{own.url}/item/{held}")
    lines = page.locator(".item-polls li")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("steam is asked every 9 min, next in")
    expect(lines).to_contain_text(": somebody here holds or watches it and it trades a lot.")
    assert grave(page, ".item-main") == []
    pictures(page, "polling")
    page.goto(f"{own.url}/item/{other}")
    expect(lines).to_have_text("steam is asked every 7 h: with the whole market, page by page.")
    outages.begin(database, "steam", now - timedelta(hours=5), cause="throttled", detail="429, too many requests")
    outages.end(database, "steam", now - timedelta(hours=3))
    outages.begin(database, "skinport", now - timedelta(hours=1), cause="network", detail="nobody answers")
    page.goto(f"{own.url}/status")
    plan = page.locator(".status-table[aria-label=Polling] tbody tr")
    expect(plan).to_have_text(re.compile("steam7.51.item, every 9 minnonein 7 h"))
    rows = page.locator(".status-table[aria-label=Outages] tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("skinport could not be reached")
    expect(rows.first).to_contain_text("1 h, still")
    expect(rows.last.locator("td")).to_contain_text(["steam", "5 h", "2 h", "steam asked for a pause", "429"])
    pictures(page, "polling-status")
    assert grave(page) == []
    assert complaints == []
