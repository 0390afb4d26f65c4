"""How each fault is sent over the wire."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import cache
from typing import Any

import brotli  # type: ignore[import-untyped]  # it ships no types

from tests.upstream.faults import Fault
from tests.upstream.wire import Answer, Route, html_answer, json_answer

Send = Callable[[Answer], Awaitable[None]]
Raw = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

_JSON = {"content-type": "application/json"}


class BrokenConnectionError(Exception):
    """Ends the connection in the middle of an answer."""


def simple_answer(fault: Fault, route: Route, normal: Answer) -> Answer | None:
    """The answer of a fault that is a whole answer; None for those that are about how it is sent."""
    wait = {"retry-after": fault.retry_after} if fault.retry_after is not None else {}
    answers: dict[str, Callable[[], Answer]] = {
        "429": lambda: Answer(b"null", 429, {**_JSON, **wait}),
        "500": lambda: html_answer("Something Went Wrong", 500),
        "html": lambda: html_answer("Steam Community"),
        "redirect": lambda: Answer(b"", 302, {"location": "https://steamcommunity.com/login/home/"}),
        "cut": lambda: Answer(normal.body[: len(normal.body) // 2], normal.status, normal.headers),
        "garbage": lambda: Answer(b"\x00\x9f{[" * (fault.size // 4), 200, _JSON),
        "bomb": lambda: Answer(_bomb(fault.size), 200, {**_JSON, "content-encoding": "br"}),
        "empty": lambda: json_answer(route.empty),
        "null": lambda: Answer(b"null", 200, _JSON),
        "cloudflare": lambda: html_answer("Attention Required! | Cloudflare", 403, server="cloudflare"),
        "denied": lambda: json_answer({"message": "Invalid API key"}, 401),
    }
    make = answers.get(fault.kind)
    return make() if make else None


async def until_gone(receive: Receive, sending: Coroutine[Any, Any, None]) -> None:
    """Send until the client hangs up: what is sent to nobody goes nowhere, without an error or a wait."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    sender, watcher = asyncio.create_task(sending), asyncio.create_task(gone())
    done, left = await asyncio.wait({sender, watcher}, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    if sender in done:
        sender.result()


async def send_broken(fault: Fault, normal: Answer, send: Raw) -> None:
    """The faults of sending: nothing, too slow, never ending, broken off."""
    if fault.kind == "silence":
        await asyncio.sleep(fault.seconds)
        raise BrokenConnectionError
    headers = [(b"content-type", b"application/json")]
    if fault.kind == "truncated":
        headers.append((b"content-length", str(len(normal.body) + 1000).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if fault.kind == "truncated":
        await send({"type": "http.response.body", "body": normal.body[: len(normal.body) // 2], "more_body": True})
        raise BrokenConnectionError
    piece, pause = (b"[", 0.1) if fault.kind == "drip" else (b"[" * 65536, 0.0)
    while True:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(pause)


@cache
def _bomb(size: int) -> bytes:
    packed: bytes = brotli.compress(b"[" * size, quality=5)
    return packed
