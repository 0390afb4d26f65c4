"""The installable page in Chromium: what browsers ask of one, and what it shows without a server."""

import contextlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.support import DESKTOP, PHONE, RESULTS, SCHEMES, grave, overflow, until
from tests.conftest import Site, free_port, start_site, stop_site, wait_for

pytestmark = pytest.mark.slow

READY = """async () => {
  const registration = await navigator.serviceWorker.ready;
  return Boolean(navigator.serviceWorker.controller) && registration.active.state === "activated";
}"""
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request, { ignoreVary: true });
      found.push([name, new URL(request.url).pathname, await answer.text()]);
    }
  }
  return found;
}"""
FILES = (
    "/assets/offline.html",
    "/assets/tracera.css",
    "/assets/ui/scheme.js",
    "/assets/tracera/",
    "/assets/favicon.svg",
)
"""All that a device keeps."""


class BadGateway(http.server.BaseHTTPRequestHandler):
    """What a proxy says for a server that is down."""

    def do_GET(self) -> None:
        self.send_error(502)

    def log_message(self, *_parts: object) -> None:
        """Say nothing."""


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A window whose service workers may run; those of the other tests may not, for they would outlive a test."""
    with browser.new_context(reduced_motion="reduce") as made:
        yield made


@contextlib.contextmanager
def serving(folder: Path, port: int, program: str = "app.cli", **settings: str) -> Iterator[Site]:
    """An instance at that port until the block ends."""
    site = start_site(folder, port, program, TRACERA_DEMO_HISTORY_DAYS="0", **settings)
    try:
        wait_for(lambda: site.get("/healthz")[0] == 200, 60, f"not up; see {site.log}")
        yield site
    finally:
        stop_site(site)


@contextlib.contextmanager
def proxy_without_server(port: int) -> Iterator[None]:
    """A proxy at that port, whose server is down."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), BadGateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kept(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(KEPT)
    return found


def installed(page: Page) -> None:
    until(page, lambda: page.evaluate(READY), "the service worker does not run", seconds=30)


def not_reached(page: Page) -> None:
    expect(page.get_by_role("heading", name="Tracera cannot be reached")).to_be_visible()


def test_chromium_finds_nothing_that_hinders_installing(window: BrowserContext, site: str) -> None:
    page = window.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if "Security Policy" in message.text else None)
    page.goto(f"{site}/status")
    installed(page)
    session = window.new_cdp_session(page)
    manifest: dict[str, Any] = session.send("Page.getAppManifest")
    assert (manifest["url"], manifest["errors"]) == (f"{site}/app.webmanifest", [])
    said = json.loads(manifest["data"])
    assert (said["start_url"], said["scope"], said["display"]) == ("/", "/", "standalone")
    assert {icon["purpose"] for icon in said["icons"]} == {"any", "maskable"}
    for icon in said["icons"]:
        drawn: list[int] = page.evaluate(
            "(src) => new Promise((done) => { const image = new Image(); image.src = src;"
            " image.onload = () => done([image.naturalWidth, image.naturalHeight]); })",
            icon["src"],
        )
        assert f"{drawn[0]}x{drawn[1]}" == icon["sizes"]
    assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    assert heard == []


def test_without_its_server_an_installed_page_says_since_when_and_goes_on(
    window: BrowserContext, tmp_path: Path
) -> None:
    port = free_port()
    page = window.new_page()
    with serving(tmp_path / "data", port) as site:
        page.goto(f"{site.url}/sign-in?next=/portfolio")
        page.get_by_role("button", name="Sign in as the local owner").click()
        page.wait_for_url(f"{site.url}/portfolio")
        installed(page)
        until(page, lambda: page.evaluate("localStorage.getItem('tracera-reached')"), "nobody notes when", seconds=60)
        page.goto(f"{site.url}/portfolio")  # through the worker
        owner = page.locator("#account .account-name").inner_text()
        first = kept(page)

    page.reload()
    not_reached(page)
    expect(page.locator("#offline-since")).to_have_text(re.compile(r"^Last reached .+ \d+, \d{4}.+ ago\."))
    expect(page.locator("[data-case=here]")).to_be_visible()
    expect(page.locator("[data-case]:visible")).to_have_count(1)
    assert page.url == f"{site.url}/portfolio"
    RESULTS.mkdir(exist_ok=True)
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.reload()
            not_reached(page)
            assert (overflow(page), grave(page)) == (0, [])
            page.screenshot(path=RESULTS / f"offline-{size['width']}-{scheme}.png")
    # Of what is no part of that page nothing comes from a cache: JSON fails rather than to come old.
    assert page.evaluate("fetch('/api/v1/items').then(() => 'came', (error) => error.name)") == "TypeError"
    with proxy_without_server(port):
        page.reload()
        not_reached(page)

    with serving(tmp_path / "data", port):
        account = page.get_by_label(re.compile("^Account of"))
        expect(account).to_be_visible()  # it went on by itself
        assert page.url == f"{site.url}/portfolio"
        account.click()
        page.locator(".account-corner .menu-entries").get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        for found in (first, kept(page)):
            assert len(found) == len(FILES)
            assert all(any(path.startswith(name) for _, path, _ in found) for name in FILES)
            assert not [path for _, path, text in found if owner in text]


def test_a_new_version_takes_over_and_what_is_switched_off_leaves_nothing(
    window: BrowserContext, tmp_path: Path
) -> None:
    port = free_port()
    page = window.new_page()
    with serving(tmp_path / "data", port) as site:
        page.goto(f"{site.url}/status")
        installed(page)
        (before,) = {name for name, *_ in kept(page)}

    with serving(tmp_path / "data", port, "tests.browser.installed_version"):
        page.goto(f"{site.url}/status")
        until(page, lambda: before not in page.evaluate("caches.keys()"), "the old version stays", seconds=60)
        (after,) = {name for name, *_ in kept(page)}
    page.reload()
    not_reached(page)
    expect(page.get_by_text("Version 99.0.0.")).to_be_visible()
    assert before != after

    with serving(tmp_path / "data", port, TRACERA_INSTALLABLE="false") as site:
        page.goto(f"{site.url}/status")
        gone = "async () => [(await navigator.serviceWorker.getRegistrations()).length, (await caches.keys()).length]"
        until(page, lambda: page.evaluate(gone) == [0, 0], "the worker stays", seconds=60)
