"""An item's page says which close it left out, marks it on the chart and keeps it out of the bands."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from jobs import measures
from tests.browser.support import Own, quote

pytestmark = pytest.mark.slow

NAME = "Spiky Case"
BACK = 20
MARKERS = """() => window.dash_component_api.getLayout('price-chart').props.series
    .find(({id}) => id === 'price').markers.map(({time, text}) => [time, text])"""


@pytest.fixture
def item(own: Own) -> int:
    """Forty sales an hour at 10.00, and one at 450.00 twenty hours ago."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    own.keep(
        *(
            quote(
                NAME,
                45_000 if hour == BACK else 1_000 + hour % 3,
                now - timedelta(hours=hour),
                volume=1 if hour == BACK else 40,
            )
            for hour in range(60)
        )
    )
    held = own.runtime.services
    measures.run(held.database, held.redis, datetime.now(UTC))
    found = held.database.row("SELECT id FROM items WHERE market_hash_name = %s", [NAME])
    assert found
    return int(found["id"])


def test_an_outlier_is_told_and_marked(page: Page, own: Own, item: int, complaints: list[str]) -> None:
    page.goto(f"{own.url}/item/{item}?window=7d")
    note = page.locator(".metric-outliers")
    expect(note).to_contain_text("1 close left out as an outlier: $450.00 on")
    expect(note).to_contain_text("With it: volatility")
    expect(page.locator("#price-chart-legend > span").first).to_be_visible()
    ((time, text),) = page.evaluate(MARKERS)
    assert text == "Outlier"
    hours = (datetime.now(UTC).timestamp() - time) / 3600
    assert BACK <= hours < BACK + 2
    page.get_by_text("Figures of this chart").click()
    expect(page.locator("#price-chart-rows td", has_text="$450.00 (outlier)")).to_have_count(1)
    upper = page.evaluate("() => window.dash_component_api.getLayout('price-chart-data').props.data.upper")
    assert max(value for value in upper if value is not None) < 1_100
    assert complaints == []
