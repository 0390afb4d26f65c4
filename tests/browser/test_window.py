"""The shared window: a crash costs one test."""

import contextlib

import pytest
from playwright.sync_api import Browser, Error

from tests import window
from tests.window import Window

pytestmark = pytest.mark.browser


def text(shared: Window) -> str:
    page = shared.lend().new_page()
    page.set_content("<p>hello</p>")
    return page.inner_text("p")


def test_after_a_crash_the_next_test_has_another_window(browser: Browser) -> None:
    shared = Window(browser)
    assert text(shared) == "hello"
    with contextlib.suppress(Error):
        shared.lend().pages[0].goto("chrome://crash")
    with pytest.raises(Error, match="crashed"):
        shared.take_back()
    assert text(shared) == "hello"
    shared.close()


def test_a_window_is_replaced_before_it_holds_too_much(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "TESTS", 2)
    shared = Window(browser)
    first = shared.lend()
    shared.take_back()
    assert shared.lend() is first
    shared.take_back()
    assert shared.lend() is not first
    shared.close()
