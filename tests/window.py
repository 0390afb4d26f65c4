"""The browser window that the tests of a process share, opened anew after some of them and after a crash."""

import time

from playwright.sync_api import Browser, BrowserContext, expect

MINUTE = 60
PATIENCE = 90_000  # milliseconds for one act, on the busiest of machines
TESTS = 40
"""So many tests use a window: its renderer forgets nothing on purpose, and holds half a gigabyte by then."""

expect.set_options(timeout=60_000)  # patience for busy machines; what must be quick is measured where it is tested


class Window:
    """One window for many tests: like a reader's, it need not fetch and compile every file for each page."""

    def __init__(self, browser: Browser) -> None:
        """Nothing is opened before the first test that wants it."""
        self._browser = browser
        self._context: BrowserContext | None = None
        self._uses = 0

    def lend(self) -> BrowserContext:
        """The window, as if nobody had used it."""
        if self._context is None:
            self._context = self._opened()
        self._uses += 1
        return self._context

    def take_back(self) -> None:
        """Make it as new: no cookie, nothing stored, no other page. A window that cannot be made so is replaced.

        Raises:
            playwright.sync_api.Error: Its renderer crashed.
            AssertionError: A test stopped the window's clock; such a test needs a window of its own.
        """
        context = self._context
        if context is None:
            return
        kept = False
        try:
            for page in context.pages[1:]:
                page.close()
            context.clear_permissions()
            context.set_storage_state({"cookies": [], "origins": []})
            now = context.pages[0].evaluate("Date.now()") / 1000
            assert abs(now - time.time()) < MINUTE, "no clock may stay: own_window"
            kept = self._uses < TESTS
        finally:
            if not kept:
                self.close()

    def close(self) -> None:
        """Close it with all its pages; the next test gets another."""
        if self._context is not None:
            self._context.close()
        self._context, self._uses = None, 0

    def _opened(self) -> BrowserContext:
        # What moves is tested where it matters, and costs everywhere.
        # A service worker would outlive the test that opened its page, and answer in place of the next one's routes.
        context = self._browser.new_context(reduced_motion="reduce", service_workers="block")
        context.set_default_timeout(PATIENCE)
        anchor = context.new_page()  # its renderer serves every page of this host, and lives as long as it is open
        anchor.route(
            "http://localhost/", lambda route: route.fulfill(body="<title>Anchor</title>", content_type="text/html")
        )
        anchor.goto("http://localhost/")
        return context
