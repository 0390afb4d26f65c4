"""What every test in a real Chromium has: an ear for complaints, and an instance of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page

from app.runtime import Runtime
from tests.browser.support import Own, own_site

BAD_WORDS = ("Content Security Policy", "uplicate", "nonexistent object")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complains about while the test runs; a test that asks for this fails if there is any.

    Covers console errors, uncaught exceptions, violations of the content security policy and ids that Dash finds twice.
    A test that provokes some on purpose clears the list.
    """
    found: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" or any(words in message.text for words in BAD_WORDS):
            found.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    page.on("console", hear)
    page.on("pageerror", lambda error: found.append(f"uncaught: {error}"))
    yield found
    assert not found


@pytest.fixture
def own(runtime: Runtime, tmp_path: Path) -> Iterator[Own]:
    """An instance on an empty database that collects nothing: the test decides what happens."""
    with own_site(runtime, tmp_path) as made:
        yield made
