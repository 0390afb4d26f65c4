"""The rankings page: measures, windows, liquidity, the file, and why a list is empty."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect
from redis import Redis

from tests.browser.support import DESKTOP, PHONE, Own, announced, asked, complete, grave, opened, quote
from tests.conftest import Site

ROWS = ".ranking tbody tr"
MEASURES = ("Volatility", "Change", "Trend", "CV", "Sharpe", "Drawdown", "Volume")


def scores(page: Page) -> list[float]:
    texts = page.locator(f"{ROWS} .bar-text").all_inner_texts()
    return [float(re.sub(r"[^\d.\u2212]", "", text).replace("\u2212", "-")) for text in texts]


def choose(page: Page, group: str, name: str) -> None:
    page.get_by_role("radiogroup", name=group).get_by_text(name, exact=True).click()


def test_every_measure_ranks_in_its_order(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/rankings?window=30d")
    for measure in MEASURES:
        choose(page, "Order", "Highest first")
        choose(page, "Measure", measure)
        expect(page.locator(".ranking caption")).to_have_text(f"Items by {measure}, highest first, window 30d")
        found = scores(page)
        assert len(found) == 100, measure
        assert found == sorted(found, reverse=True), measure
        choose(page, "Order", "Lowest first")
        expect(page.locator(".ranking caption")).to_have_text(f"Items by {measure}, lowest first, window 30d")
        lowest = scores(page)
        assert lowest == sorted(lowest), measure


def test_the_address_holds_everything_that_was_chosen(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/rankings")
    choose(page, "Measure", "Change")
    expect(page).to_have_url(f"{site}/rankings?measure=percent_change")
    choose(page, "Window", "7d")
    choose(page, "Order", "Lowest first")
    shared = f"{site}/rankings?measure=percent_change&window=7d&order=asc"
    expect(page).to_have_url(shared)
    expect(page.locator(f"{ROWS} .bar-text").first).to_have_text(re.compile("^\u2212"))
    page.go_back()
    expect(page.get_by_role("radio", name="Highest first")).to_be_checked()
    expect(page.locator(f"{ROWS} .bar-text").first).to_have_text(re.compile(r"^\+"))
    page.go_forward()
    expect(page.get_by_role("radio", name="Lowest first")).to_be_checked()
    other = page.context.new_page()
    other.goto(f"{shared}&least=50")
    expect(other.get_by_role("radio", name="Change", exact=True)).to_be_checked()
    expect(other.get_by_role("radio", name="7d")).to_be_checked()
    expect(other.get_by_role("slider")).to_have_attribute("aria-valuenow", "50")
    expect(other.locator(f"{ROWS} .bar-text").first).to_have_text(re.compile("^\u2212"))
    other.close()


def test_the_slider_leaves_out_what_trades_less(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/rankings?window=30d&least=495")
    slider = page.get_by_role("slider", name="Least sales a day")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(f"{site}/rankings?window=30d&least=500")
    expect(page.locator("#rankings-body .ranking-note")).to_contain_text("500 sales a day")
    sold = page.locator(f"{ROWS} .rank-sold").all_inner_texts()
    assert all(text.endswith(("k", "M")) or int(text.replace(",", "")) >= 500 for text in sold)


def test_the_file_holds_what_is_shown(page: Page, site: str, complaints: list[str], tmp_path: Path) -> None:
    opened(page, site, "/rankings?measure=sharpe&window=30d")
    shown = page.locator(f"{ROWS} .rank-link").evaluate_all("links => links.map((link) => link.title)")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert re.fullmatch(r"tracera-sharpe-30d-\d{8}-\d{4}\.csv", download.value.suggested_filename)
    download.value.save_as(tmp_path / "ranking.csv")
    lines = list(csv.DictReader(io.StringIO((tmp_path / "ranking.csv").read_text(encoding="utf-8-sig"))))
    assert len(lines) == len(shown)
    assert [line["rank"] for line in lines] == [str(place) for place in range(1, len(lines) + 1)]
    # The measures are computed anew every few seconds, so places may have changed between page and file.
    assert len({line["market_hash_name"] for line in lines} & set(shown)) > 90
    assert all(float(line["sharpe"]) for line in lines)
    assert {line["simulated"] for line in lines} == {"True"}


def test_a_published_price_moves_the_number(page: Page, live_site: Site, complaints: list[str]) -> None:
    opened(page, live_site.url, "/rankings")
    loaded = asked(page)
    item = str(page.locator(f"{ROWS} [data-live-field=price]").nth(3).get_attribute("data-live-item"))
    price = page.locator(f"{ROWS} [data-live-item='{item}'][data-live-field=price]")
    with Redis.from_url(live_site.endpoints().redis_url) as client:
        announced(page, price, client, int(item), 1_234_567, source="demo")
    assert loaded == []


def test_a_row_leads_to_its_item_and_back(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/rankings?measure=trend_score&window=30d")
    loaded = asked(page)
    link = page.locator(f"{ROWS} .rank-link").first
    name = str(link.get_attribute("title"))
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name.split(" (", maxsplit=1)[0])
    page.go_back()
    complete(page, "/rankings")
    expect(page.get_by_role("radio", name="Trend")).to_be_checked()
    expect(page).to_have_url(f"{site}/rankings?measure=trend_score&window=30d")
    assert loaded == []


def test_rows_are_cards_of_two_lines_on_a_phone(page: Page, site: str, complaints: list[str]) -> None:
    page.set_viewport_size(PHONE)
    opened(page, site, "/rankings")
    row = page.locator(ROWS).first
    boxes = {name: row.locator(f".rank-{name}").bounding_box() for name in ("item", "score", "price", "change")}
    item, score, price, change = (box for box in boxes.values() if box)
    assert abs(item["y"] - score["y"]) < 8
    assert abs(price["y"] - change["y"]) < 8
    assert price["y"] >= item["y"] + item["height"] - 2
    assert item["x"] + item["width"] <= score["x"] + 1
    page.get_by_role("radiogroup", name="Measure").get_by_text("Volume").click()
    expect(page.locator(f"{ROWS} .bar-text").first).to_have_text(re.compile(r"^[\d,.]+k?M?$"))


def test_a_window_that_is_too_short_says_so(page: Page, site: str, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    page.goto(f"{site}/rankings?measure=sharpe&window=1h")
    expect(page.get_by_text("This window is too short")).to_be_visible()
    assert grave(page) == []
    choose(page, "Window", "30d")
    complete(page, "/rankings")


def test_too_few_prices_say_so_and_a_database_that_is_down(page: Page, own: Own, complaints: list[str]) -> None:
    own.keep(quote("Glove Case", 500, datetime.now(UTC) - timedelta(minutes=1)))
    page.goto(f"{own.url}/rankings")
    expect(page.get_by_text("Not enough prices yet")).to_be_visible()
    expect(page.locator("#rankings-body .ranking-note")).to_contain_text("How far prices swing")
    with own.without_database():
        page.goto(f"{own.url}/rankings")
        expect(page.get_by_role("alert")).to_contain_text("The database does not answer")
        assert grave(page) == []
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Not enough prices yet")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
