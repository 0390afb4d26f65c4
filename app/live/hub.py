"""Hub: fans prices and measures out to WebSocket clients, conflated and encoded once."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final

from redis.exceptions import RedisError

from app.live.allowance import Allowances
from app.live.connections import LiveConnections
from app.live.delivery import Delivery
from app.live.feed import Feed
from app.live.protocol import text_frame
from app.live.revalidation import FindEnded, find_none_ended, revalidate
from app.live.settings import LiveSettings
from app.live.staleness import CHECK_EVERY, Staleness
from app.live.subscriptions import Client, Group, Subscriptions
from app.live.updates import Update, Variant, encode, parse_update
from app.live.user_messages import UserMessage

Latest = Callable[[Sequence[int]], Awaitable[Iterable[Mapping[str, Any]]]]
"""Latest prices of items as price messages of the contract, from somewhere else than Redis."""

SHARED_FOR: Final = 2.0
"""Seconds for which one fetch of current prices answers every client that asks for them."""
_log = logging.getLogger(__name__)


class Hub:
    """Belongs to one event loop; only `stats` may be called from other threads."""

    def __init__(
        self, settings: LiveSettings, latest: Latest | None = None, find_ended: FindEnded = find_none_ended
    ) -> None:
        self.settings = settings
        self.feed = Feed(settings.redis_url, self.publish, self._after_gap, self.send_to_user)
        self.staleness = Staleness(self.feed, settings.stale_after)
        self.delivery = Delivery(settings)
        self.subscribing = asyncio.Semaphore(settings.subscribing)
        """Held while a subscription is carried out."""
        self.allowances = Allowances(settings.address_items_per_second, settings.address_item_burst)
        self._latest = latest
        self.connections = LiveConnections(settings.max_each)
        self._find_ended = find_ended
        self._subscriptions = Subscriptions()
        self._dirty: dict[tuple[int, Variant], Update] = {}
        self._next_flush: asyncio.TimerHandle | None = None
        self._last_flush = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to listen to Redis, which need not be there yet."""
        self._spawn(self.feed.run())
        self._spawn(self._watch_staleness())
        self._spawn(revalidate(self.connections, self._find_ended, self.settings.revalidation_interval))

    async def stop(self) -> None:
        """Stop listening; the connections are the server's to close."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._next_flush:
            self._next_flush.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._log_failure)

    def _log_failure(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("The live feed failed", exc_info=error)

    # Clients

    def has_room(self) -> bool:
        """Whether one more client may connect."""
        return len(self.connections) < self.settings.max_clients

    def add(self, client: Client) -> None:
        """Take in a client whose handshake is complete."""
        self.connections.add(client)
        if self.staleness.stale:
            self.delivery.answer(client, text_frame(self.staleness.message()))

    def remove(self, client: Client) -> None:
        """Forget a client; a second call does nothing."""
        self._subscriptions.assign(client, ())
        self.connections.remove(client)
        self.delivery.forget(client)

    def subscribe(self, client: Client, item_ids: Iterable[int]) -> bool:
        """Add items to a client's; False, and nothing is added, if it would have asked for more than `max_items`."""
        items = client.items.union(item_ids)
        if len(items) > self.settings.max_items + client.auto_subscribed:
            return False
        self._subscriptions.assign(client, items)
        return True

    def unsubscribe(self, client: Client, item_ids: Iterable[int]) -> None:
        """Take items from a client's; those it does not have are ignored."""
        self._subscriptions.assign(client, client.items.difference(item_ids))

    async def snapshot(self, client: Client, item_ids: Sequence[int]) -> bool:
        """Send the current prices of these items, as far as they are known; False if neither Redis nor the database answered.

        What is published meanwhile reaches the client anyway and is not said twice. Clients that ask for the same items
        within `SHARED_FOR` seconds share one answer of Redis, and whatever was published since.
        """
        dirty, answered = self._dirty, True
        current = self._subscriptions.known_prices(item_ids)
        if dirty:
            current = [update for update in current if dirty.get((update.item_id, update.variant)) is not update]
        shared_since = time.monotonic() - SHARED_FOR if self.feed.state == "connected" else math.inf
        if outdated := self._subscriptions.outdated(item_ids, shared_since):
            fetched, answered = await self._fetch(outdated)
            fresh = {*current, *fetched}
            known = self._subscriptions.known_prices(client.items.intersection(item_ids))
            current = [update for update in known if update in fresh]
        if client.source is not None:
            current = [update for update in current if update.variant[1] == client.source]
        if current:
            self.delivery.send(client, encode(current, binary=client.binary), current)
            self._schedule_if_needed()
        return answered

    async def _fetch(self, item_ids: Sequence[int]) -> tuple[list[Update], bool]:
        """Fetch current prices of subscribed items; returns those that are new, and whether a source answered."""
        answered = True
        try:
            updates = await self.feed.latest(item_ids)
        except (RedisError, OSError):
            updates, answered = [], False
        missing = set(item_ids).difference(update.item_id for update in updates)
        if missing and self._latest is not None:
            try:
                updates += [parse_update(dict(message)) for message in await self._latest(sorted(missing))]
                answered = True
            # Whatever a database may raise: the connection is good without a snapshot too.
            except Exception:  # noqa: BLE001 - it is logged and the client is told
                _log.warning("Current prices are not available", exc_info=True)
                answered = False
        if answered:
            self._subscriptions.mark_fetched(item_ids, time.monotonic())
        topics = self._subscriptions.topics
        return [u for u in updates if u.item_id in topics and topics[u.item_id].advance(u)], answered

    # From Redis to clients

    def publish(self, updates: Iterable[Update]) -> None:
        """Take in new values; clients get the newest of each at the next tick."""
        topics = self._subscriptions.topics
        for update in updates:
            topic = topics.get(update.item_id)
            if topic is not None and topic.advance(update):
                self._dirty[update.item_id, update.variant] = update
        self._schedule_if_needed()

    def send_to_user(self, message: UserMessage) -> None:
        """Send a message to the connections of its user, and to no other."""
        clients = [client for client in self.connections.of_user(message.user_id) if client.takes_user_messages]
        if clients:
            frame = message.encoded()
            for client in clients:
                self.delivery.answer(client, frame)

    async def _watch_staleness(self) -> None:
        """Tell every client when prices stop coming in, and when they come again."""
        while True:
            await asyncio.sleep(CHECK_EVERY)
            if self.staleness.has_changed():
                frame = text_frame(self.staleness.message())
                for client in self.connections:
                    self.delivery.answer(client, frame)

    def _after_gap(self) -> None:
        self._spawn(self._refresh())

    async def _refresh(self) -> None:
        """Send all clients what they may have missed, as ordinary updates."""
        items = list(self._subscriptions.topics)
        await self._fetch(items)
        self.publish(self._subscriptions.known_prices(items))

    def _schedule_if_needed(self) -> None:
        # The first value after a pause goes out at once; those behind it wait for the tick.
        if self._next_flush is None and (self._dirty or self.delivery.behind):
            loop = asyncio.get_running_loop()
            at = max(loop.time(), self._last_flush + self.settings.tick)
            self._next_flush = loop.call_at(at, self._flush)

    def _flush(self) -> None:
        self._next_flush = None
        self._last_flush = asyncio.get_running_loop().time()
        self.delivery.catch_up()
        for group in self._fill_outboxes():
            updates, group.outbox = group.outbox, []
            payload = encode(updates, binary=group.binary)
            for client in group.clients:
                self.delivery.send(client, payload, updates)
        self._schedule_if_needed()

    def _fill_outboxes(self) -> list[Group]:
        """Put the new values into the outboxes of the groups that want them, and return these groups."""
        dirty, self._dirty = self._dirty, {}
        topics = self._subscriptions.topics
        touched: list[Group] = []
        for (item_id, _), update in dirty.items():
            topic = topics.get(item_id)
            if topic is None:
                continue
            for group in topic.groups:
                if group.source is None or group.wants(update):
                    if not group.outbox:
                        touched.append(group)
                    group.outbox.append(update)
        return touched

    def stats(self) -> dict[str, Any]:
        """How the live path is doing, JSON-able; unknown is None."""
        return {
            "clients": len(self.connections),
            "subscriptions": len(self._subscriptions),
            "groups": self._subscriptions.group_count,
            "items": len(self._subscriptions.topics),
            "behind": len(self.delivery.behind),
            "closed_slow": self.delivery.closed_slow,
            "deliveries": self.delivery.meter.total,
            "deliveries_per_second": self.delivery.meter.per_second(),
            "last_message": self.feed.last_message,
            "redis": self.feed.state,
            "stale": self.staleness.stale,
            "gaps": self.feed.gaps,
            "rejected": self.feed.rejected,
        }
