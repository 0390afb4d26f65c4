"""Pictures of every page for people to look at, and the README's.

The README's picture is made where it is missing, or anew with TRACERA_TEST_SCREENSHOT=1.
"""

import os

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.support import DESKTOP, complete, opened, pictures
from tests.conftest import ROOT

README = ROOT / "docs" / "market.png"
PATHS = {"market": "/", "items": "/items", "item": "/item/7", "rankings": "/rankings", "status": "/status"}
LARGEST = 400_000


@pytest.mark.parametrize("name", PATHS)
def test_looks(page: Page, site: str, name: str) -> None:
    opened(page, site, PATHS[name])
    pictures(page, name)


def test_the_picture_in_the_readme(browser: Browser, site: str) -> None:
    if not README.exists() or os.environ.get("TRACERA_TEST_SCREENSHOT"):
        page = browser.new_page(viewport=DESKTOP, color_scheme="light", reduced_motion="reduce")
        opened(page, site, "/")
        complete(page, "/")
        page.wait_for_timeout(3000)
        page.screenshot(path=README)
        page.close()
    picture = README.read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) == DESKTOP["width"]
    assert int.from_bytes(picture[20:24]) == DESKTOP["height"]
    assert len(picture) < LARGEST
