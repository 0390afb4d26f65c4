"""What holds for all pages alike: each is opened once wide and light, once narrow and dark, and looked at from every side."""

from typing import Literal

import pytest
from playwright.sync_api import Page, Request, ViewportSize

from app.security import policy
from app.security.access import Access
from tests.browser.support import (
    DESKTOP,
    NOWHERE,
    PHONE,
    SCHEME,
    VIOLATIONS,
    WATCH,
    grave,
    opened,
    overflow,
    pictures,
    violations,
)

pytestmark = pytest.mark.slow

PAGES = sorted(path.replace("<item_id>", "7") for path, access in policy.PAGES.items() if access is Access.PUBLIC)
PICTURED = {"/": "market", "/items": "items", "/item/7": "item", "/rankings": "rankings", "/status": "status"}
"""Those that people look at pictures of, and the names of these; other pages have tests that take some."""


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["wide-light", "narrow-dark"])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wrong_with_it(  # fixtures
    page: Page, site: str, complaints: list[str], path: str, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="no-preference")
    page.set_viewport_size(size)
    page.add_init_script(WATCH)
    page.add_init_script(VIOLATIONS)
    calls: list[Request] = []
    page.on("request", lambda request: calls.append(request) if "_dash-update" in request.url else None)
    opened(page, site, path)
    page.wait_for_timeout(1500)
    seen = page.evaluate("window.seen")
    assert seen["shift"] < 0.05, seen["sources"]
    assert violations(page) == []
    assert page.evaluate(SCHEME) == scheme
    assert overflow(page) == 0
    assert grave(page) == []
    carry_tokens(calls)
    if path in NOWHERE:
        complaints[:] = [complaint for complaint in complaints if "status of 404" not in complaint]
    if path in PICTURED and size is DESKTOP:
        pictures(page, PICTURED[path])


def carry_tokens(calls: list[Request]) -> None:
    """Every call back to the server carried the session's token, and was answered."""
    assert calls
    for call in calls:
        assert call.headers.get("x-csrftoken")
        reply = call.response()
        assert reply
        assert reply.status in {200, 204}
