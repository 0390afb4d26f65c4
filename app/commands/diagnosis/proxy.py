"""Checks of the way in: pages and WebSocket through TRACERA_BASE_URL, and what a proxy before the instance forwards."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect
from websockets.typing import Origin

from app.commands.base import one_line
from app.commands.diagnosis.finding import Finding
from app.live.protocol import PATH
from app.security.diagnosis import HEADER, sign
from app.settings import Settings
from app.settings.addresses import is_loopback
from app.settings.origins import parse_origin

TIMEOUT: Final = 5.0
OK: Final = 200


def check_way_in(settings: Settings, secret: str | None) -> Iterator[Finding]:
    """What people meet at TRACERA_BASE_URL; `secret` is the instance's, None where nobody knows it."""
    base = settings.base_url
    try:
        with httpx.Client(timeout=TIMEOUT) as client:
            healthy = client.get(f"{base}/healthz")
            seen = client.get(f"{base}/api/v1/arrival", headers={HEADER: sign(secret)}) if secret else None
    except httpx.HTTPError as error:
        remedy = "start the instance, or correct TRACERA_BASE_URL"
        yield Finding("address", "failed", f"{base} does not answer: {one_line(error)}", remedy)
        return
    if healthy.status_code != OK or not healthy.headers.get("Content-Type", "").startswith("application/json"):
        seen_there = f"{base} leads to something else, which answers {healthy.status_code}"
        yield Finding("address", "failed", seen_there, "let the proxy pass every path, or correct TRACERA_BASE_URL")
        return
    yield Finding("address", "ok", f"{base} answers")
    yield from _forwarding(settings, seen)
    yield check_websocket(base)


def _forwarding(settings: Settings, response: httpx.Response | None) -> Iterator[Finding]:
    if response is None:
        remedy = "set TRACERA_SESSION_SECRET, which all processes share"
        yield Finding("proxy", "skipped", "the instance's secret is not known here", remedy)
    elif response.status_code != OK:
        remedy = "run it with the instance's settings: its session secret differs"
        yield Finding(
            "proxy", "skipped", f"the instance does not tell how requests arrive ({response.status_code})", remedy
        )
    else:
        yield from judge_arrival(settings, response.json())


def judge_arrival(settings: Settings, seen: dict[str, Any]) -> Iterator[Finding]:
    """What an arrival tells of the proxies in front."""
    base = urlsplit(settings.base_url)
    trust = f"set TRACERA_TRUSTED_PROXIES to {seen['peer']}, or to the number of proxies in a row"
    if seen["forwarded_for"] and not seen["trusted"]:
        yield Finding("proxy", "failed", f"the proxy at {seen['peer']} is not trusted: all people count as one", trust)
        return
    if not seen["forwarded_for"] and not is_loopback(base.hostname):
        yield Finding(
            "proxy", "warning", f"no X-Forwarded-For: {seen['peer']} counts as the client",
            "if a proxy is in front, let it send X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host",
        )  # fmt: skip
        return
    if seen["scheme"] != base.scheme:
        remedy = "let the proxy send X-Forwarded-Proto" if not seen["forwarded_proto"] else trust
        yield Finding("proxy", "failed", f"requests seem to come by {seen['scheme']}, not {base.scheme}", remedy)
    elif parse_origin(f"{seen['scheme']}://{seen['host']}") != parse_origin(settings.base_url):
        remedy = "let the proxy send X-Forwarded-Host, or pass Host as it is; or correct TRACERA_BASE_URL"
        yield Finding("proxy", "failed", f"requests seem to be for {seen['host']}, not {base.netloc}", remedy)
    else:
        way = f"through {seen['peer']}" if seen["trusted"] else "without a proxy"
        yield Finding("proxy", "ok", f"requests arrive {way}, from {seen['client']}")


def check_websocket(base: str) -> Finding:
    """Whether a WebSocket opens as a page's would, and answers."""
    url = base.replace("http", "ws", 1) + PATH
    try:
        with connect(url, origin=Origin(base), open_timeout=TIMEOUT, close_timeout=1) as socket:
            socket.send('{"action":"ping"}')
            socket.recv(timeout=TIMEOUT)
    except (OSError, InvalidHandshake, TimeoutError) as error:
        seen = f"{PATH} does not open: {one_line(error)}"
        return Finding("websocket", "failed", seen, "let the proxy pass Upgrade and Connection, and Host as it is")
    return Finding("websocket", "ok", f"{PATH} opens and answers")
