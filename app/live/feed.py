"""Feed: listens to Redis' channels through every loss of connection, and reads the latest prices."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from app.live.history import History
from app.live.price_log import PriceLog
from app.live.updates import Update, UpdateError, parse_updates
from app.live.user_messages import CHANNEL as USER_MESSAGES
from app.live.user_messages import UserMessage, parse_user_message

CHANNELS: Final = ("prices", "volatility", "levels", USER_MESSAGES)
PING_AFTER: Final = 5.0
"""Seconds of silence after which the connection is pinged; twice that ends it."""
LOOKS: Final = 5
"""Looks at a connection in that time."""
MAX_BACKOFF: Final = 2.0
"""Seconds between attempts at most: an attempt costs next to nothing, and pages are to be live soon after Redis is."""
COMMAND_TIMEOUT: Final = 3.0
CHUNK: Final = 1_000
"""Keys per MGET, so that one gap with many items does not hold up Redis."""

State = Literal["connecting", "connected", "reconnecting", "stopped"]
_USER_CHANNEL: Final = USER_MESSAGES.encode()
_log = logging.getLogger(__name__)


def _connect(url: str, retry: Retry) -> Redis:
    return Redis.from_url(url, retry=retry, socket_timeout=COMMAND_TIMEOUT, socket_connect_timeout=COMMAND_TIMEOUT)


class Feed:
    """Calls `on_updates` and `on_user_message` with what the channels say, and reads on in the price log after a loss.

    `on_gap` is called where that log does not reach back far enough, or begins anew.
    """

    def __init__(
        self,
        url: str,
        history: History,
        on_updates: Callable[[list[Update]], None],
        on_gap: Callable[[], None],
        on_user_message: Callable[[UserMessage], None],
    ) -> None:
        # redis-py would reconnect silently, and missed messages would go unnoticed.
        self._channels = _connect(url, Retry(NoBackoff(), 0))
        # A restarted Redis leaves dead connections in the pool, and answers late while it loads.
        self._commands = _connect(url, Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.05), 3))
        self._log = PriceLog(self._commands)
        self._history = history
        self._server: str | None = None
        self._caught_up_to: int | None = None
        """The offset that was read from the log last; the channel may say up to there again."""
        self._on_updates = on_updates
        self._on_gap = on_gap
        self._on_user_message = on_user_message
        self._waiting_since = math.inf
        """When it began to wait for the next message, by the event loop's clock; infinite while one is worked on."""
        self.state: State = "connecting"
        self.gaps = 0
        self.recovered = 0
        """Losses after which the log had everything."""
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
        connection: Any = channels.connection
        loop = asyncio.get_running_loop()
        watching = asyncio.create_task(self._watch_silence(channels, connection))
        try:
            while True:
                self._waiting_since = loop.time()
                # Not by `get_message`: what that does beside this costs as much as all else that is done for a price.
                kind, *said = await connection.read_response(
                    timeout=math.inf, disconnect_on_error=False, push_request=True
                )
                self._waiting_since = math.inf
                if kind == b"message":
                    channel, payload = said
                    if channel == _USER_CHANNEL:
                        self._receive_user_message(payload)
                    else:
                        await self._receive(payload)
                elif kind == b"subscribe" and said[1] == len(CHANNELS):
                    await self._connected()
        finally:
            watching.cancel()

    async def _watch_silence(self, channels: PubSub, connection: Any) -> None:
        """Ping a silent connection, and end one that is silent even then, which `_listen` notices."""
        loop, quiet = asyncio.get_running_loop(), 0
        looked = loop.time()
        while True:
            await asyncio.sleep(PING_AFTER / LOOKS)
            # Counted in looks, for time also passes while the event loop is held up, with the answer in the socket.
            quiet = quiet + 1 if self._waiting_since < looked else 0
            looked = loop.time()
            if quiet == LOOKS:
                await channels.ping()
            elif quiet == 2 * LOOKS:
                await connection.disconnect(nowait=True)
                return

    async def _connected(self) -> None:
        """Read what the channel said meanwhile. What it says from now on waits in the socket."""
        lost = self.state == "reconnecting"
        recovered = await self._catch_up()
        self.state = "connected"
        if lost:
            self.gaps += 1
            self.recovered += recovered
            _log.info("Redis is back")

    async def _catch_up(self) -> bool:
        """Read on in the log; False where something was missed, or may have been."""
        history, head = self._history, await self._log.head()
        if head is None:
            self._on_gap()
            return False
        replaced = self._server is not None and head.server != self._server
        if head.epoch == history.epoch and (replaced or head.offset < history.offset):
            # A server that came in place of another one may give numbers anew that were given before.
            head = await self._log.begin_anew(head.epoch) or head
        self._server = head.server
        begin, frames = await self._log.since(history.offset if head.epoch == history.epoch else 0)
        begin = head.offset if begin is None else begin
        recovered = head.epoch == history.epoch and begin <= history.offset
        if not recovered:
            history.begin(head.epoch, begin)
            self._on_gap()
        for frame in frames:
            self._take(self._parse(frame))
        history.skip_to(head.offset)
        self._caught_up_to = history.offset
        return recovered

    async def _receive(self, payload: bytes) -> None:
        updates = self._parse(payload)
        first = next((update for update in updates if update.epoch), None)
        if first is not None and not self._history.continues(first) and not self._is_repeated(first):
            await self._catch_up()
        if updates:
            self.last_message = time.time()
            self._take(updates)

    def _is_repeated(self, update: Update) -> bool:
        """Whether the log said this before the channel did."""
        history = self._history
        known = update.epoch == history.epoch and update.position <= history.offset
        return known and self._caught_up_to == history.offset

    def _take(self, updates: Sequence[Update]) -> None:
        news = [update for update in updates if self._history.is_news(update)]
        if news:
            self._on_updates(news)

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
            RedisError: Redis cannot be asked; at once while the channels are lost, so that nobody waits for its retries.
        """
        if self.state == "reconnecting":
            raise RedisConnectionError("the channels are lost")
        keys = [f"price:latest:{item_id}" for item_id in item_ids]
        updates: list[Update] = []
        for start in range(0, len(keys), CHUNK):
            values: Sequence[Any] = await self._commands.mget(keys[start : start + CHUNK])
            for value in values:
                if value is not None:
                    updates += self._parse(value)
        return updates
