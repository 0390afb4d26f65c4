"""Hub: fans prices and measures out to WebSocket clients, conflated and encoded once."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Final

from redis.exceptions import RedisError

from app.live import lag
from app.live.allowance import Allowances
from app.live.connections import LiveConnections
from app.live.delivery import Delivery
from app.live.demand import TELL_EVERY, Report
from app.live.feed import Feed
from app.live.history import History
from app.live.protocol import text_frame
from app.live.revalidation import FindEnded, find_none_ended, revalidate
from app.live.seats import Seats
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
        self,
        settings: LiveSettings,
        latest: Latest | None = None,
        find_ended: FindEnded = find_none_ended,
        demand: Report | None = None,
    ) -> None:
        self.settings = settings
        self.history = History()
        self.feed = Feed(settings.redis_url, self.history, self.publish, self._after_gap, self.send_to_user)
        self.staleness = Staleness(self.feed, settings.stale_after)
        self.delivery = Delivery(settings)
        self.subscribing = asyncio.Semaphore(settings.subscribing)
        """Held while a subscription is carried out."""
        self.allowances = Allowances(settings.address_items_per_second, settings.address_item_burst)
        self._latest = latest
        self.connections = LiveConnections(settings.max_each)
        self.seats = Seats(settings.redis_url, self.connections, settings.worker)
        self._find_ended = find_ended
        self._demand = demand
        self._subscriptions = Subscriptions()
        self._dirty: dict[tuple[int, Variant], Update] = {}
        self._next_flush: asyncio.TimerHandle | None = None
        self._last_flush = 0.0
        self._flushed_offset = 0
        self._refreshing = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to listen to Redis, which need not be there yet."""
        self._spawn(self.feed.run())
        self._spawn(self._watch_staleness())
        self._spawn(self.seats.keep())
        self._spawn(revalidate(self.connections, self._find_ended, self.settings.revalidation_interval))
        if self._demand is not None:
            self._spawn(self._tell_demand(self._demand))

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
        if self.history.epoch is not None:
            self.delivery.answer(client, text_frame({"type": "hello", **self._here()}))
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

    # Positions

    def _here(self) -> dict[str, Any]:
        """Up to where clients have what they are subscribed to; None where prices are not numbered."""
        offset = self._flushed_offset if self._dirty else self.history.offset
        return {"epoch": self.history.epoch, "offset": None if self.history.epoch is None else offset}

    def position(self, client: Client) -> dict[str, Any]:
        """Up to where this client was sent what it is subscribed to; empty while that cannot be told."""
        unknown = self.history.epoch is None or self._refreshing or client.backlog
        return {} if unknown else self._here()

    async def resume(self, client: Client, epoch: str, offset: int, item_ids: Sequence[int]) -> bool:
        """Answer a client that has everything of its items up to an offset; False as of `snapshot`."""
        recovered = self.history.covers(epoch, offset)
        self.delivery.answer(client, text_frame(self._resumed(recovered=recovered)))
        if not recovered:
            return await self.snapshot(client, item_ids)
        topics = self._subscriptions.topics
        missed = []
        for update in self.history.since(offset, item_ids):
            # One that waits for the tick reaches the client with it.
            if self._dirty.get((update.item_id, update.variant)) is not update:
                topics[update.item_id].advance(update)
                missed.append(topics[update.item_id].newest[update.variant])
        self._send_prices(client, missed)
        return True

    def _resumed(self, *, recovered: bool) -> dict[str, Any]:
        return {"type": "resumed", "recovered": recovered, **self._here()}

    def _send_prices(self, client: Client, updates: list[Update]) -> None:
        if client.source is not None:
            updates = [update for update in updates if update.variant[1] == client.source]
        if updates:
            # In the order of their offsets: a client cut off in between has everything before the last one it got.
            updates.sort(key=lambda update: update.position)
            self.delivery.send((client,), encode(updates, client.encoding), updates)
            self._schedule_if_needed()

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
        self._send_prices(client, current)
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
        updates = list(updates)
        self.history.add(updates)
        self._spread(updates)

    def _spread(self, updates: Iterable[Update]) -> None:
        topics, dirty = self._subscriptions.topics, self._dirty
        for update in updates:
            topic = topics.get(update.item_id)
            if topic is not None and topic.advance(update):
                key = update.item_id, update.variant
                dirty.pop(key, None)  # so that they stay in the order of their offsets
                dirty[key] = update
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

    async def _tell_demand(self, demand: Report) -> None:
        """Tell what clients are subscribed to, over and over: who stops saying so is gone."""
        while True:
            await demand(tuple(self._subscriptions.topics))
            await asyncio.sleep(TELL_EVERY)

    def _after_gap(self) -> None:
        self._refreshing += 1
        if self.history.epoch is not None:
            frame = text_frame(self._resumed(recovered=False))
            for client in self.connections:
                self.delivery.answer(client, frame)
        self._spawn(self._refresh(self.history.epoch, self.history.offset))

    async def _refresh(self, epoch: str | None, offset: int) -> None:
        """Send all clients what they may have missed, as ordinary updates; what is numbered behind the offset comes anyway."""
        try:
            items = list(self._subscriptions.topics)
            await self._fetch(items)
            known = self._subscriptions.known_prices(items)
            self._spread([update for update in known if update.epoch != epoch or update.position <= offset])
            self._flush_now()
        finally:
            self._refreshing -= 1

    def _schedule_if_needed(self) -> None:
        # The first value after a pause goes out at once; those behind it wait for the tick.
        if self._next_flush is None and (self._dirty or self.delivery.behind):
            loop = asyncio.get_running_loop()
            at = max(loop.time(), self._last_flush + self.settings.tick)
            self._next_flush = loop.call_at(at, self._flush)

    def _flush_now(self) -> None:
        if self._next_flush is not None:
            self._next_flush.cancel()
            self._flush()

    def _flush(self) -> None:
        self._next_flush = None
        self._last_flush = asyncio.get_running_loop().time()
        self.delivery.catch_up()
        news = self._dirty.values()
        for group in self._fill_outboxes():
            updates, group.outbox = group.outbox, []
            self.delivery.send(group.clients, encode(updates, group.encoding), updates)
        self._note_lag(news)
        self._flushed_offset = self.history.offset
        self._schedule_if_needed()

    def _note_lag(self, sent: Iterable[Update]) -> None:
        known = [(1000 * one.at.timestamp(), one.moments) for one in sent if one.moments.published is not None]
        lag.observe(known, lag.now_ms())

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
            "gaps_recovered": self.feed.recovered,
            "remembered_items": len(self.history),
            "rejected": self.feed.rejected,
            "lag": lag.summary(),
        }
