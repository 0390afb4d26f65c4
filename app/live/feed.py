"""Feed: listens to Redis' channels through every loss of connection, and reads the latest prices."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import RedisError

from app.live.updates import Update, UpdateError, parse_updates
from app.live.user_messages import CHANNEL as USER_MESSAGES
from app.live.user_messages import UserMessage, parse_user_message

CHANNELS: Final = ("prices", "volatility", USER_MESSAGES)
PING_AFTER: Final = 5.0
"""Seconds of silence after which the connection is pinged; twice that ends it."""
MAX_BACKOFF: Final = 10.0
COMMAND_TIMEOUT: Final = 3.0
CHUNK: Final = 1_000
"""Keys per MGET, so that one gap with many items does not hold up Redis."""

State = Literal["connecting", "connected", "reconnecting", "stopped"]
_log = logging.getLogger(__name__)


def _connect(url: str, retry: Retry) -> Redis:
    return Redis.from_url(url, retry=retry, socket_timeout=COMMAND_TIMEOUT, socket_connect_timeout=COMMAND_TIMEOUT)


class Feed:
    """Calls `on_updates` and `on_user_message` with what the channels say, and `on_gap` once they are heard again after a loss."""

    def __init__(
        self,
        url: str,
        on_updates: Callable[[list[Update]], None],
        on_gap: Callable[[], None],
        on_user_message: Callable[[UserMessage], None],
    ) -> None:
        # redis-py would reconnect silently, and missed messages would go unnoticed.
        self._channels = _connect(url, Retry(NoBackoff(), 0))
        # A restarted Redis leaves dead connections in the pool, and answers late while it loads.
        self._commands = _connect(url, Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.05), 3))
        self._on_updates = on_updates
        self._on_gap = on_gap
        self._on_user_message = on_user_message
        self.state: State = "connecting"
        self.gaps = 0
        self.rejected = 0
        self.last_message: float | None = None
        """Unix time of the last price or measure that was understood."""

    async def run(self) -> None:
        """Listen until cancelled."""
        failures = 0
        try:
            while True:
                try:
                    async with self._channels.pubsub() as channels:
                        await channels.subscribe(*CHANNELS)
                        await self._listen(channels)
                except (RedisError, OSError) as error:
                    failures = self._note_failure(error, failures)
                # Jitter keeps many processes from coming back in the same instant.
                await asyncio.sleep(min(MAX_BACKOFF, 0.1 * 2**failures) * random.uniform(0.5, 1))  # noqa: S311
        finally:
            self.state = "stopped"
            await self._channels.aclose()
            await self._commands.aclose()

    def _note_failure(self, error: Exception, failures: int) -> int:
        """Note a failure and return how many there were since the connection last worked."""
        if self.state == "connected":
            self.state, failures = "reconnecting", -1
        if failures < 1:
            _log.warning("Redis is not reachable, live prices wait for it: %s", error)
        return failures + 1

    async def _listen(self, channels: PubSub) -> None:
        ping_sent = False
        while True:
            message = await channels.get_message(timeout=PING_AFTER)
            if message is None:
                if ping_sent:
                    raise TimeoutError(f"no answer from Redis for {PING_AFTER} s")
                await channels.ping()
                ping_sent = True
                continue
            ping_sent = False
            if message["type"] == "subscribe" and message["data"] == len(CHANNELS):
                self._connected()
            elif message["type"] == "message":
                if message["channel"] == USER_MESSAGES.encode():
                    self._receive_user_message(message["data"])
                else:
                    self._receive(message["data"])

    def _connected(self) -> None:
        lost, self.state = self.state == "reconnecting", "connected"
        if lost:
            self.gaps += 1
            _log.info("Redis is back")
            self._on_gap()

    def _receive(self, payload: bytes) -> None:
        updates = self._parse(payload)
        if updates:
            self.last_message = time.time()
            self._on_updates(updates)

    def _receive_user_message(self, payload: bytes) -> None:
        try:
            user_message = parse_user_message(payload)
        except UpdateError as error:
            self._log_refused([str(error)])
        else:
            self._on_user_message(user_message)

    def _parse(self, payload: bytes) -> list[Update]:
        try:
            updates, refused = parse_updates(payload)
        except UpdateError as error:
            updates, refused = [], [str(error)]
        if refused:
            self._log_refused(refused)
        return updates

    def _log_refused(self, reasons: Sequence[str]) -> None:
        self.rejected += len(reasons)
        _log.warning("%d message(s) from Redis refused, the first because of %s", len(reasons), reasons[0])

    async def latest(self, item_ids: Iterable[int]) -> list[Update]:
        """The prices stored under `price:latest:{id}`; items without one are left out.

        Raises:
            RedisError: Redis cannot be asked.
        """
        keys = [f"price:latest:{item_id}" for item_id in item_ids]
        updates: list[Update] = []
        for start in range(0, len(keys), CHUNK):
            values: Sequence[Any] = await self._commands.mget(keys[start : start + CHUNK])
            for value in values:
                if value is not None:
                    updates += self._parse(value)
        return updates
