"""Scrolling back through a pair's minutes: no gap, the beginning is said, live prices go on, and the way back to now."""

import time

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.minutes import DRAWN, MINUTE, SOURCE, save, scroll_back, walk, zoom_out
from tests.browser.support import DESKTOP, Own, complete, opened, until

pytestmark = pytest.mark.slow

COUNT = 12_000
HOLE = slice(9_000, 9_010)


def _end() -> int:
    return int(time.time()) // MINUTE * MINUTE


def test_minutes_come_without_a_gap_until_the_beginning(page: Page, own: Own, complaints: list[str]) -> None:
    end = _end()
    candles = walk(COUNT, end)
    item = save(own.runtime.services.database, candles)
    page.set_viewport_size(DESKTOP)
    opened(page, own.url, f"/item/{item}?window=1m&indicators=ema:50,rsi:14")
    expect(page.locator("#price-chart-legend")).to_contain_text("EMA 50")
    expect(page.locator("#price-chart-now")).to_be_hidden()
    page.wait_for_timeout(1_000)
    zoom_out(page)
    steps = scroll_back(page, 60, 200)
    seen: set[int] = set()
    for step in steps:
        assert (step["uneven"], step["unknown"]) == (0, 0)
        assert step["blank"] == 0 or step["first"] == candles.open_time[0], "nothing is blank but before the beginning"
        assert step["drawn"] < 6_000
        seen.update(range(step["first"], step["last"] + MINUTE, MINUTE))
    assert seen >= set(candles.open_time[:-1_500].tolist())
    expect(page.locator("#price-chart-place")).to_contain_text("History begins on")
    # Indicators follow to the beginning, and say nothing of what they warm up with.
    values = """() => { const data = window.dash_component_api.getLayout('price-chart').props.series
        .find(({ id }) => id === 'ema:50 ema').data; return [data.length, data.findIndex(({ value }) => value !== undefined)]; }"""
    until(page, lambda: page.evaluate(values)[1] == 49, "the indicator does not follow")

    place = page.evaluate(DRAWN)
    own.publish(item, 5_123_400, source=SOURCE)
    page.wait_for_timeout(1_000)
    assert page.evaluate(DRAWN) == place, "a live price leaves the view where it is"
    page.get_by_role("button", name="To now").click()
    until(page, lambda: page.evaluate(DRAWN)["last"] >= end - MINUTE, "not at now")
    expect(page.locator("#price-chart-now")).to_be_hidden()
    expect(page.locator("#price-chart-place")).to_have_text("")
    assert not complaints


FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def settled(page: Page) -> int:
    """The newest time in view, once it has been the same for half a second."""
    found: list[int] = []
    while len(found) < 3 or len(set(found[-3:])) > 1:
        page.wait_for_timeout(250)
        found.append(page.evaluate(DRAWN)["last"])
    return found[-1]


def test_the_mouse_drags_back_and_the_bars_stay_under_it(page: Page, own: Own, complaints: list[str]) -> None:
    item = save(own.runtime.services.database, walk(COUNT, _end()))
    page.set_viewport_size(DESKTOP)
    opened(page, own.url, f"/item/{item}?window=1m&levels=ath")
    page.wait_for_timeout(1_000)
    zoom_out(page)
    frame = page.locator("#price-chart-frame").bounding_box()
    assert frame
    height = frame["y"] + 150
    moved: list[int] = []
    for _ in range(4):
        page.mouse.move(frame["x"] + 60, height)
        page.mouse.down()
        for grip in (68, 76):  # the library takes hold at the second movement
            page.mouse.move(frame["x"] + grip, height)
            page.evaluate(FRAME)  # a busy browser would make one movement of two
        begin = settled(page)
        for step in range(1, 11):
            page.mouse.move(frame["x"] + 76 + 50 * step, height)
            page.wait_for_timeout(150)
            now = page.evaluate(DRAWN)
            assert (now["uneven"], now["unknown"], now["blank"]) == (0, 0, 0)
        end = settled(page)
        moved.append((begin - end) // MINUTE)
        page.mouse.up()
        page.wait_for_timeout(500)
        assert settled(page) == end, "what is drawn anew when the button is let go moves nothing"
    # Behind the newest bar some places are free: those are dragged through first.
    assert moved[0] < min(moved[1:]) >= max(moved[1:]) - 2, moved
    assert sum(moved) > 3_000, "it went no further than what was loaded at first"
    expect(page.get_by_role("button", name="To now")).to_be_visible()
    assert not complaints


def test_a_hole_is_a_gap_as_wide_as_it_is_long(page: Page, own: Own, complaints: list[str]) -> None:
    whole = walk(COUNT, _end())
    candles = whole.take(np.setdiff1d(np.arange(COUNT), np.arange(COUNT)[HOLE]))
    item = save(own.runtime.services.database, candles)
    page.set_viewport_size(DESKTOP)
    opened(page, own.url, f"/item/{item}?window=1m")
    page.wait_for_timeout(1_000)
    zoom_out(page)
    steps = scroll_back(page, 60, 200)
    assert {step["uneven"] for step in steps} == {0}
    assert max(step["unknown"] for step in steps) == HOLE.stop - HOLE.start
    assert not complaints


def test_another_interval_begins_anew(page: Page, own: Own, complaints: list[str]) -> None:
    item = save(own.runtime.services.database, walk(COUNT, _end()))
    page.set_viewport_size(DESKTOP)
    opened(page, own.url, f"/item/{item}?window=1m")
    page.wait_for_timeout(1_000)
    zoom_out(page)
    page.get_by_role("radiogroup", name="Length of a candle").get_by_text("15m", exact=True).click()
    expect(page.locator("#price-chart-legend")).to_contain_text("Step15 min")
    times = "() => window.dash_component_api.getLayout('price-chart').props.series.find(({ id }) => id === 'price').data.map(({ time }) => time)"
    until(page, lambda: np.all(np.diff(page.evaluate(times)) == 15 * MINUTE), "minutes are still drawn")
    page.reload()
    complete(page, f"/item/{item}")
    expect(page.locator("#price-chart-legend")).to_contain_text("Step15 min")
    assert not complaints
