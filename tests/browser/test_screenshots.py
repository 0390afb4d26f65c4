"""Pictures of every page for people to look at, and the README's.

The README's picture is made where it is missing, or anew with TRACERA_TEST_SCREENSHOT=1.
"""

import os
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.browser.support import DESKTOP, PHONE, complete, opened
from tests.conftest import ROOT

README = ROOT / "docs" / "market.png"
RESULTS = ROOT / "test-results"
PATHS = {"market": "/", "items": "/items", "item": "/item/7", "rankings": "/rankings", "status": "/status"}
LARGEST = 400_000


@pytest.mark.parametrize("name", PATHS)
def test_pictures(browser: Browser, site: str, name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        for width, size in ((1440, DESKTOP), (390, PHONE)):
            page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
            opened(page, site, PATHS[name])
            page.wait_for_timeout(500)
            target = RESULTS / f"{name}-{width}-{scheme}.png"
            page.screenshot(path=target)
            assert target.stat().st_size > 20_000
            page.close()


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
