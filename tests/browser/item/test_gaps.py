"""An item's chart shows a gap as one, says its cause under the crosshair, and lists it below."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from db.operations import outages, providers
from tests.browser.item.support import drawn
from tests.browser.support import Own, pictures, quote

pytestmark = pytest.mark.slow

NAME = "Gapped Case"
HOUR = timedelta(hours=1)
COLOURS = """() => window.dash_component_api.getLayout('price-chart').props.series
    .find(({id}) => id === 'price').data.filter(({color}) => color === 'transparent').map(({time}) => time)"""


@pytest.fixture
def item(own: Own) -> int:
    """Hourly quotes of twenty days without those of thirty hours, while the instance was off."""
    now = datetime.now(UTC)
    hours = [hour for hour in range(480) if not 100 < hour <= 130]
    own.keep(*(quote(NAME, 1_000 + 3 * (hour % 11), now - hour * HOUR, volume=40) for hour in hours))
    database = own.runtime.services.database
    providers.register(database, "steam", simulated=False, interval=60)
    database.execute("UPDATE provider_state SET outages_since = '2020-01-01'")
    outages.begin(database, "steam", now - 129 * HOUR, cause="instance_off", detail="")
    outages.end(database, "steam", now - 101 * HOUR)
    found = database.row("SELECT id FROM items WHERE market_hash_name = %s", [NAME])
    assert found
    return int(found["id"])


def test_a_gap_is_seen_as_one_and_listed(page: Page, own: Own, item: int, complaints: list[str]) -> None:
    page.goto(f"{own.url}/item/{item}?window=30d")
    data = drawn(page)
    empty = [at for at, close in enumerate(data["close"]) if close is None]
    assert len(empty) == 30
    assert empty == list(range(empty[0], empty[0] + 30))
    assert data["time"] == list(range(data["time"][0], data["time"][-1] + 3600, 3600))
    # The line does not go on over it, and no other piece is left out.
    assert page.evaluate(COLOURS) == [data["time"][empty[0] - 1]]
    listed = page.locator("#price-chart-gaps")
    listed.get_by_text("1 gap in this chart").click()
    expect(listed.locator("li")).to_contain_text("1 d · this instance was off")
    pictures(page, "gaps")
    assert complaints == []


def test_a_chart_without_one_says_nothing(page: Page, own: Own, complaints: list[str]) -> None:
    now = datetime.now(UTC)
    own.keep(*(quote("Even Case", 500, now - hour * HOUR, volume=4) for hour in range(60)))
    row = own.runtime.services.database.row("SELECT id FROM items WHERE market_hash_name = 'Even Case'")
    assert row
    page.goto(f"{own.url}/item/{row['id']}?window=7d")
    assert None not in drawn(page)["close"]
    expect(page.locator("#price-chart-gaps")).to_be_empty()
    assert complaints == []
