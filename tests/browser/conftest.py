"""A real Chromium: the one that playwright would download is replaced by the machine's own."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=45_000)  # a test machine may be busy; what comes at once passes at once


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the machine's browser."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail("no Chromium on this machine; `make test` installs it where it may, else install it yourself")
    return {**browser_type_launch_args, "executable_path": path, "args": QUIET}


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complains about while the test runs; a test that asks for this fails if there is any.

    Covers console errors, uncaught exceptions and violations of the content security policy. A test that provokes some
    on purpose clears the list.
    """
    found: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            found.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    page.on("console", hear)
    page.on("pageerror", lambda error: found.append(f"uncaught: {error}"))
    yield found
    assert not found
