"""assets/live/ in a real Chromium, on a Dash page, under the content security policy that the design names."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from dash import Dash, Input, Output, html
from flask import Flask, Response, jsonify
from playwright.sync_api import Browser, ConsoleMessage, Page, WebSocket, WebSocketRoute, expect

from app.live.settings import LiveSettings
from app.web.assets import ASSETS, register_bundles
from components.ui.live import (
    live_age,
    live_change,
    live_chip,
    live_price,
    live_subscription,
)
from tests.live.support import Live, Valkey, price, serving, until

MOST = 40
"""Items that the page may subscribe to."""
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def now(seconds: float = 0) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def page_layout() -> html.Div:
    quoted_at = datetime.now(UTC) - timedelta(seconds=30)
    quote: dict[str, Any] = {"source": "steam", "quoted_at": quoted_at, "stale_after": 60}
    return html.Div(
        [
            live_chip(simulated=False, max_items=MOST),
            live_price(1, 1250, **quote, id="dashed"),
            html.P(live_price(1, 1250, **quote), id="plain"),
            html.P(live_price(1, 1200, source="skinport"), id="other"),
            html.P(live_age(1, **quote), id="age"),
            html.P(live_change(1, 1250, 1250, **quote), id="change"),
            html.P(live_price(2, 10**8, price_scale=10**8, currency="USDT"), id="crypto"),
            live_subscription(3),
            html.Button("More", id="more"),
            html.Div(id="added"),
        ]
    )


def dash_app() -> Flask:
    server = Flask("live-browser")
    app = Dash(assets_folder=str(ASSETS), server=server, enable_mcp=False)  # type: ignore[arg-type] # Dash's own example
    app.layout = page_layout
    register_bundles(server, app)

    @app.callback(Output("added", "children"), Input("more", "n_clicks"), prevent_initial_call=True)
    def more(_clicks: int) -> html.Span:
        return live_price(4, None)

    @server.get("/healthz")
    def healthz() -> str:
        return "ok"

    @server.get("/api/v1/items/<int:item_id>")
    def item(item_id: int) -> Response:
        quotes = [{"source": "steam", "price": 7777, "volume": None, "time": now()}]
        return jsonify({"id": item_id, "prices": quotes if item_id == 1 else []})

    hashes = " ".join(app.csp_hashes())

    @server.after_request
    def headers(response: Response) -> Response:
        policy = f"default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; connect-src 'self'"
        response.headers["Content-Security-Policy"] = policy
        return response

    return server


@pytest.fixture
def site(settings: LiveSettings) -> Iterator[Live]:
    with serving(dash_app(), settings) as live:
        yield live


@pytest.fixture
def page(browser: Browser, site: Live) -> Iterator[Page]:
    problems: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "WebSocket connection" not in message.text:
            problems.append(message.text)

    tab = browser.new_page(locale="de-DE")
    tab.on("console", note)
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.goto(f"http://127.0.0.1:{site.port}/")
    until(lambda: site.stats()["subscriptions"] == 3)
    yield tab
    tab.close()
    assert problems == []


def quote(item_id: int, value: int, source: str = "steam") -> dict[str, Any]:
    return price(item_id, value, source=source) | {"timestamp": now()}


def test_what_the_server_wrote_stands_until_news_comes(page: Page) -> None:
    expect(page.locator("#dashed")).to_have_text("$12.50")
    expect(page.locator("#crypto")).to_have_text("1.00\u00a0USDT")
    expect(page.locator("#age")).to_have_text("3" + page.locator("#age").inner_text()[1:])
    expect(page.locator("[data-live-chip]")).to_have_attribute("data-live-state", "live")


@pytest.mark.slow
def test_news_moves_what_shows_it_and_nothing_else(page: Page, valkey: Valkey) -> None:
    valkey.publish([quote(1, 123456), quote(2, 10423312345678, source="binance")])
    expect(page.locator("#dashed")).to_have_text("$1,234.56")
    expect(page.locator("#plain")).to_have_text("$1,234.56")
    expect(page.locator("#crypto")).to_have_text("104,233.12345678\u00a0USDT")
    expect(page.locator("#other")).to_have_text("$12.00")
    expect(page.locator("#change")).to_have_text("▲ +9776.5\u00a0%")
    expect(page.locator("#change .live-up")).to_have_count(1)
    expect(page.locator("#age")).to_have_text("0 s")
    expect(page.locator("[data-live-chip]")).to_have_text("Live · 1 s")
    valkey.publish(quote(1, 1) | {"timestamp": now(3600)})
    valkey.publish(quote(2, 10**8, source="binance"))
    expect(page.locator("#crypto")).to_have_text("1.00\u00a0USDT")
    expect(page.locator("#plain")).to_have_text("$1,234.56")


def test_a_change_flashes_unless_motion_is_unwanted(page: Page, valkey: Valkey) -> None:
    page.evaluate("""() => { window.seen = new Set(); new MutationObserver(() => {
        for (const name of document.querySelector('#plain span').classList) window.seen.add(name);
    }).observe(document.querySelector('#plain span'), {attributes: true}); }""")
    valkey.publish(quote(1, 2000))
    expect(page.locator("#plain")).to_have_text("$20.00")
    until(lambda: page.evaluate("window.seen.has('live-flash-up')"))
    expect(page.locator("#plain span")).not_to_have_class("live-flash-up")
    page.emulate_media(reduced_motion="reduce")
    valkey.publish(quote(1, 1000))
    expect(page.locator("#plain")).to_have_text("$10.00")
    assert "live-flash-down" not in page.evaluate("[...window.seen]")


def test_subscriptions_follow_the_page(page: Page, site: Live, valkey: Valkey) -> None:
    valkey.keep(quote(4, 4444))
    page.click("#more")
    until(lambda: site.stats()["subscriptions"] == 4)
    expect(page.locator("#added")).to_have_text("$44.44")
    page.evaluate("document.querySelector('#added').replaceChildren()")
    until(lambda: site.stats()["subscriptions"] == 3)


def test_a_page_asks_for_no_more_items_than_the_server_lets_it(page: Page, site: Live) -> None:
    page.evaluate(
        """(count) => { for (let item = 100; item < 100 + count; item += 1) {
        const one = document.createElement('i'); one.dataset.liveItem = item; document.body.append(one); } }""",
        MOST,
    )
    until(lambda: site.stats()["subscriptions"] == MOST)


def test_only_what_is_in_view_is_asked_for(browser: Browser, site: Live, valkey: Valkey) -> None:
    tab = browser.new_page()
    tab.clock.install()
    tab.goto(f"http://127.0.0.1:{site.port}/")
    until(lambda: site.stats()["subscriptions"] == 3)
    valkey.keep(quote(8, 800))
    tab.evaluate("""() => {
        const add = (html) => document.body.insertAdjacentHTML('beforeend', html);
        add('<p><span data-live-item="7">near</span></p><div style="height: 5000px"></div>');
        add('<p id="far"><span data-live-item="8">far</span></p>');
    }""")
    tab.clock.run_for(500)
    until(lambda: site.stats()["subscriptions"] == 4)
    expect(tab.locator("#far")).to_have_text("far")
    tab.locator("#far").scroll_into_view_if_needed()
    expect(tab.locator("#far")).to_have_text("$8.00")
    _step(tab, lambda: site.stats()["subscriptions"] == 2)  # 8, and 3, which is wanted without being shown
    tab.evaluate("window.scrollTo(0, 0)")
    _step(tab, lambda: site.stats()["subscriptions"] == 4)
    tab.close()


def _step(tab: Page, condition: Callable[[], bool]) -> None:
    """Let the page's clock run till something holds."""
    for _ in range(100):
        if condition():
            return
        tab.clock.run_for(1_000)
        tab.wait_for_timeout(20)
    raise AssertionError("waited in vain")


def test_events_reach_charts(page: Page, valkey: Valkey) -> None:
    page.evaluate("""() => { window.heard = [];
        for (const name of ['tracera:price', 'tracera:volatility', 'tracera:live'])
            document.addEventListener(name, (event) => window.heard.push([name, event.detail])); }""")
    valkey.publish(quote(3, 33))
    valkey.publish({"type": "volatility", "item_id": 3, "window": "1h", "timestamp": now()}, channel="volatility")
    until(lambda: page.evaluate("new Set(window.heard.map(([name]) => name)).size === 3"))
    heard = dict(page.evaluate("window.heard"))
    assert heard["tracera:price"]["price"] == 33
    assert heard["tracera:volatility"]["window"] == "1h"
    assert heard["tracera:live"]["state"] == "live"
    assert abs(heard["tracera:live"]["serverTime"] - datetime.now(UTC).timestamp() * 1000) < 5000


def test_a_new_rendering_by_dash_keeps_the_newest(page: Page, valkey: Valkey) -> None:
    valkey.publish(quote(1, 5000))
    expect(page.locator("#dashed")).to_have_text("$50.00")
    page.evaluate("window.dash_clientside.set_props('dashed', {children: '$1.00', 'data-live-price': 100})")
    expect(page.locator("#dashed")).to_have_text("$50.00")


@pytest.mark.slow
def test_ages_turn_stale(browser: Browser, site: Live) -> None:
    tab = browser.new_page()
    tab.clock.install()
    tab.goto(f"http://127.0.0.1:{site.port}/")
    until(lambda: site.stats()["subscriptions"] == 3)
    tab.clock.fast_forward(40_000)
    expect(tab.locator("#age .stale")).to_have_count(1)
    expect(tab.locator("#age")).to_have_text("1 min")
    tab.clock.fast_forward(60_000)
    expect(tab.locator("[data-live-chip]")).to_have_attribute("data-live-state", "stale")
    tab.close()


def test_a_lost_connection_comes_back(page: Page, site: Live, valkey: Valkey) -> None:
    (client,) = site.hub.connections
    site.loop.call_soon_threadsafe(client.connection.close, 1012, "again")
    until(lambda: list(site.hub.connections) not in ([], [client]))
    until(lambda: site.stats()["subscriptions"] == 3)
    valkey.publish(quote(1, 3000))
    expect(page.locator("#plain")).to_have_text("$30.00")


def test_a_page_asks_for_what_it_missed(browser: Browser, site: Live, valkey: Valkey) -> None:
    tab = browser.new_page()
    said: list[str] = []
    heard: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda text: said.append(str(text)))
        socket.on("framereceived", lambda text: heard.append(str(text)))

    tab.on("websocket", listen)
    valkey.number(quote(1, 2000))
    until(lambda: site.hub.history.offset == 1)
    tab.goto(f"http://127.0.0.1:{site.port}/")
    until(lambda: site.stats()["subscriptions"] == 3)
    valkey.number(quote(1, 2100))
    expect(tab.locator("#plain")).to_have_text("$21.00")
    epoch = site.hub.history.epoch
    _wait(tab, lambda: any('"pong"' in text and '"offset":' in text for text in heard))
    del said[:], heard[:]
    (client,) = site.hub.connections
    site.loop.call_soon_threadsafe(client.connection.close, 1012, "again")
    until(lambda: site.stats()["clients"] == 0)
    # Nobody is subscribed, and no current price is kept: only the log knows of this one.
    valkey.number(quote(1, 2200))
    expect(tab.locator("#plain")).to_have_text("$22.00")
    asked, ping = (orjson.loads(text) for text in said[:2])
    assert asked == {"action": "resume", "epoch": epoch, "offset": asked["offset"], "item_ids": [1, 2, 3]}
    assert 1 <= asked["offset"] <= 2
    assert ping == {"action": "ping", "position": True}
    assert any('"recovered":true' in text for text in heard)
    assert not any("subscribe" in text for text in said)
    tab.close()


def test_a_flipped_bit_is_found_counted_and_mended(browser: Browser, site: Live, valkey: Valkey) -> None:
    tab = browser.new_page()
    damage = {"next": False}
    asked: list[dict[str, Any]] = []

    def stand_between(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()

        def to_page(message: str | bytes) -> None:
            if isinstance(message, bytes) and damage["next"]:
                damage["next"] = False
                message = bytes((*message[:30], message[30] ^ 4, *message[31:]))
            page_side.send(message)

        def to_server(message: str | bytes) -> None:
            asked.append(orjson.loads(message))
            server_side.send(message)

        server_side.on_message(to_page)
        page_side.on_message(to_server)

    tab.route_web_socket("**/api/v1/ws", stand_between)
    valkey.number(quote(1, 2000))
    until(lambda: site.hub.history.offset == 1)
    tab.goto(f"http://127.0.0.1:{site.port}/")
    _wait(tab, lambda: site.stats()["subscriptions"] == 3)
    valkey.number(quote(1, 2100))
    expect(tab.locator("#plain")).to_have_text("$21.00")
    tab.evaluate("document.addEventListener('tracera:live', ({detail}) => { window.damaged = detail.damaged; })")
    _wait(tab, lambda: tab.evaluate("window.damaged") == 0)
    del asked[:]
    damage["next"] = True
    valkey.number(quote(1, 2200))
    expect(tab.locator("#plain")).to_have_text("$22.00")
    assert [request["action"] for request in asked if request["action"] != "ping"] == ["resume"]
    _wait(tab, lambda: tab.evaluate("window.damaged") == 1)
    tab.close()


def test_a_price_that_no_frame_holds_is_shown(page: Page, valkey: Valkey) -> None:
    valkey.publish(quote(1, 3000) | {"bid": 1})
    expect(page.locator("#plain")).to_have_text("$30.00")


def test_the_lag_until_prices_are_painted_is_shown_where_it_is_wanted(page: Page, site: Live, valkey: Valkey) -> None:
    line = page.locator("#live-lag")
    expect(line).to_have_count(0)
    page.evaluate("location.hash = 'live-lag'")
    expect(line).to_contain_text("Published → painted: no price yet (0 frames")
    # The first number given begins an epoch, and what follows it is a snapshot.
    for value in range(1, 100):
        valkey.number(quote(1, value))
        page.wait_for_timeout(50)
        if "p99" in line.inner_text():
            break
    expect(line).to_have_text(
        re.compile(r"p50 -?\d+ · p95 -?\d+ · p99 -?\d+ ms \([1-9]\d* frames, [1-9]\d* B/s, 0 damaged\)")
    )
    page.evaluate("location.hash = 'live-lag-off'")
    expect(line).to_have_count(0)


def _wait(tab: Page, condition: Callable[[], bool]) -> None:
    """Wait while the page's events come in."""
    for _ in range(100):
        if condition():
            return
        tab.wait_for_timeout(50)
    raise AssertionError("waited in vain")


@pytest.mark.slow
def test_polling_stands_in_and_ends(browser: Browser, site: Live, valkey: Valkey) -> None:
    tab = browser.new_page()
    refused = {"on": True}
    tab.route_web_socket("**/api/v1/ws", lambda ws: ws.close() if refused["on"] else ws.connect_to_server() and None)
    tab.goto(f"http://127.0.0.1:{site.port}/")
    chip = tab.locator("[data-live-chip]")
    expect(chip).to_have_attribute("data-live-state", "reconnecting")
    expect(tab.locator("#plain")).to_have_text("$77.77")
    expect(chip).to_have_attribute("data-live-state", "polling")
    refused["on"] = False
    expect(chip).to_have_attribute("data-live-state", "live")
    tab.close()


@pytest.mark.slow
def test_a_hidden_tab_lets_go_and_comes_back(browser: Browser, site: Live, valkey: Valkey) -> None:
    tab = browser.new_page()
    tab.clock.install()
    tab.goto(f"http://127.0.0.1:{site.port}/")
    until(lambda: site.stats()["subscriptions"] == 3)
    show = "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    show += " document.dispatchEvent(new Event('visibilitychange')); }"
    tab.evaluate(show, True)  # noqa: FBT003 - the page's argument
    tab.clock.fast_forward(50_000)
    assert site.stats()["clients"] == 1
    tab.clock.fast_forward(15_000)
    until(lambda: site.stats()["clients"] == 0)
    valkey.keep(quote(1, 6500))
    tab.evaluate(show, False)  # noqa: FBT003 - the page's argument
    until(lambda: site.stats()["subscriptions"] == 3)
    tab.clock.run_for(1000)
    expect(tab.locator("#plain")).to_have_text("$65.00")
    tab.close()
