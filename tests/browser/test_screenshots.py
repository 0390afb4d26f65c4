"""The README's picture: made where it is missing, or anew with TRACERA_TEST_SCREENSHOT=1."""

import os

from playwright.sync_api import Browser

from tests.browser.support import DESKTOP, complete, opened
from tests.conftest import ROOT

README = ROOT / "docs" / "market.png"
LARGEST = 400_000


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
