"""Session: serves one WebSocket from its first message to its last, within its limits."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final

from app.live.hub import Hub
from app.live.lag import now_ms
from app.live.protocol import POLICY_VIOLATION, ClientError, Request, error_frame, parse_request, text_frame
from app.live.rate import TokenBucket
from app.live.subscriptions import Client

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
POLL_INTERVAL: Final = 0.05
"""Seconds between two checks of whether a client has read its answers."""
AHEAD: Final = 0.25
"""Seconds by which processes may hear the same price apart."""


class Session:
    """Answers what a client says, within its limits."""

    def __init__(self, hub: Hub, client: Client, permits: Callable[[str], bool] = lambda _action: True) -> None:
        settings = hub.settings
        self._permits = permits
        self._hub = hub
        self._client = client
        self._messages = TokenBucket(settings.messages_per_second, settings.messages_per_second)
        self._errors = TokenBucket(1.0, settings.error_burst)
        self._items = TokenBucket(settings.items_per_second, settings.item_burst)

    async def run(self, receive: Receive, watchlist: Sequence[int]) -> None:
        """Serve until the client is gone; `watchlist` are the items it is subscribed to at once."""
        self._hub.add(self._client)
        try:
            if watchlist:
                await self._auto_subscribe(watchlist)
            while (message := await receive())["type"] == "websocket.receive":
                await self._receive(message)
                await self._wait_until_read()
        finally:
            self._hub.remove(self._client)

    async def _auto_subscribe(self, watchlist: Sequence[int]) -> None:
        item_ids = list(dict.fromkeys(watchlist))[: self._hub.settings.max_items]
        self._client.auto_subscribed = len(item_ids)
        self._hub.subscribe(self._client, item_ids)
        self._reply({"type": "auto_subscribe", "item_ids": item_ids})
        await self._wait_turn(item_ids)
        self._note_snapshot(answered=await self._hub.snapshot(self._client, item_ids))

    async def _receive(self, message: Mapping[str, Any]) -> None:
        if not self._messages.take():
            self._refuse(f"more than {self._hub.settings.messages_per_second:g} messages a second")
            return
        try:
            await self._answer(parse_request(message.get("text")))
        except ClientError as error:
            self._refuse(str(error))

    async def _answer(self, request: Request) -> None:
        item_ids = request.item_ids
        if not self._permits(request.action):
            raise ClientError(f"{request.action} is not for you; sign in")
        match request.action:
            case "ping":
                told = {"time": now_ms(), **self._hub.position(self._client)} if request.position else {}
                self._reply({"type": "pong", **told})
            case "unsubscribe":
                await self._charge(item_ids)
                self._hub.unsubscribe(self._client, item_ids)
            case "subscribe" | "resume":
                await self._charge(item_ids)
                if request.action == "resume":
                    await self._wait_for(request)
                async with self._hub.subscribing:
                    await self._subscribe(request)
                    await asyncio.sleep(0)  # each in a turn of its own: whatever else is ready goes between

    async def _subscribe(self, request: Request) -> None:
        """Subscribe, and send what the client does not have: current prices, or those it missed."""
        if not self._is_there():
            return
        if not self._hub.subscribe(self._client, request.item_ids):
            raise ClientError(f"at most {self._hub.settings.max_items} items may be subscribed to")
        if request.action == "subscribe":
            self._reply({"type": "subscribed", "item_ids": request.item_ids})
            answered = await self._hub.snapshot(self._client, request.item_ids)
        else:
            answered = await self._hub.resume(self._client, request.epoch, request.offset, request.item_ids)
        self._note_snapshot(answered=answered)

    async def _wait_for(self, request: Request) -> None:
        """Wait a moment for an offset that is yet to come: another process may have been told of it first."""
        history = self._hub.history
        if request.epoch == history.epoch and request.offset > history.offset:
            await asyncio.sleep(AHEAD)

    async def _charge(self, item_ids: Sequence[int]) -> None:
        """Count items that are asked for or given back: what they cost grows with their number."""
        if not self._items.take(len(item_ids)):
            raise ClientError(f"more than {self._hub.settings.items_per_second:g} items a second")
        if not await self._wait_turn(item_ids):
            raise ClientError(
                f"more than {self._hub.settings.address_items_per_second:g} items a second of your address"
            )

    async def _wait_turn(self, item_ids: Sequence[int]) -> bool:
        """Wait until the address may have so many items; False if that takes too long. Nothing is read meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._hub.settings.patience):
                await self._hub.allowances.take(self._client.principal.address, len(item_ids), self._is_there)
                return True
        return False

    def _is_there(self) -> bool:
        """Whether the client is still connected, asked when it had to wait."""
        connection = self._client.connection
        return connection.is_open and not connection.has_left()

    async def _wait_until_read(self) -> None:
        """Read nothing more from a client that does not read its answers, and close it if that lasts."""
        settings, connection = self._hub.settings, self._client.connection
        begun = time.monotonic()
        while connection.is_open and connection.buffered() > settings.high_water:
            if time.monotonic() - begun > settings.patience:
                self._hub.delivery.close_slow(self._client)
            await asyncio.sleep(POLL_INTERVAL)

    def _note_snapshot(self, *, answered: bool) -> None:
        if not answered:
            self._write(error_frame("current prices are not available now; new ones will follow"))

    def _refuse(self, error: str) -> None:
        if self._errors.take():
            self._write(error_frame(error))
        else:
            self._client.connection.close(POLICY_VIOLATION, "too many refused messages")

    def _reply(self, message: dict[str, Any]) -> None:
        self._write(text_frame(message))

    def _write(self, frames: bytes) -> None:
        self._hub.delivery.answer(self._client, frames)
