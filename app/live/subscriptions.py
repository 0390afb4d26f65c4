"""Subscriptions: an index from items to groups of clients that want the same."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from app.live.binary import Encoding
from app.live.principal import VISITOR, Principal
from app.live.transport import Connection
from app.live.updates import Update, Variant

GroupKey = tuple[frozenset[int], str | None, Encoding]


@dataclass(slots=True, eq=False)
class Group:
    """Clients that get the very same bytes: same items, same source, same encoding."""

    items: frozenset[int]
    source: str | None
    encoding: Encoding
    clients: set["Client"] = field(default_factory=set)
    outbox: list[Update] = field(default_factory=list)

    @property
    def key(self) -> GroupKey:
        """What makes two groups one."""
        return self.items, self.source, self.encoding

    def wants(self, update: Update) -> bool:
        """Whether the update passes the group's filter by source, which concerns prices alone."""
        kind, variant = update.variant
        return self.source is None or kind != "price" or variant == self.source


@dataclass(slots=True, eq=False)
class Client:
    """One connection and what is owed to it."""

    connection: Connection
    source: str | None = None
    """Only this source's prices are wanted; None for all."""
    encoding: Encoding = "json"
    principal: Principal = VISITOR
    takes_user_messages: bool = False
    """Whether messages for its user alone are for it too."""
    auto_subscribed: int = 0
    """Items of the watchlist that it was subscribed to at once; they do not count against its limit."""
    group: Group | None = None
    backlog: dict[tuple[int, Variant], Update] = field(default_factory=dict)
    """The newest values that wait until the client has read what it was sent before."""
    behind_since: float = 0.0

    @property
    def items(self) -> frozenset[int]:
        """The items it is subscribed to."""
        return self.group.items if self.group else frozenset()


@dataclass(slots=True, eq=False)
class Topic:
    """One item with subscribers, and the newest value of each kind seen meanwhile."""

    groups: set[Group] = field(default_factory=set)
    newest: dict[Variant, Update] = field(default_factory=dict)
    fetched_at: float = -math.inf
    """Monotonic time at which its current prices were last asked for and answered."""

    def advance(self, update: Update) -> bool:
        """Keep the update if it is not older than the known one of its variant; False if it is."""
        known = self.newest.get(update.variant)
        if known is not None and update.at < known.at:
            return False
        self.newest[update.variant] = update
        return True


class Subscriptions:
    """The index item → groups → clients. An item without subscribers is not in it."""

    def __init__(self) -> None:
        self.topics: dict[int, Topic] = {}
        self._groups: dict[GroupKey, Group] = {}

    def assign(self, client: Client, items: Collection[int]) -> None:
        """Make these the client's items; none takes it out of the index."""
        left = client.group
        key = (frozenset(items), client.source, client.encoding)
        if left is not None and left.key == key:
            return
        # Joining before leaving keeps what is known about items that are in both.
        client.group = self._join(client, key) if items else None
        if left is not None:
            left.clients.discard(client)
            if not left.clients:
                self._drop(left)

    def _join(self, client: Client, key: GroupKey) -> Group:
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(*key)
            for item_id in group.items:
                self.topics.setdefault(item_id, Topic()).groups.add(group)
        group.clients.add(client)
        return group

    def _drop(self, group: Group) -> None:
        del self._groups[group.key]
        for item_id in group.items:
            topic = self.topics[item_id]
            topic.groups.discard(group)
            if not topic.groups:
                del self.topics[item_id]

    def outdated(self, item_ids: Iterable[int], since: float) -> list[int]:
        """Those of the items whose current prices were not fetched since that monotonic time."""
        return [key for key in item_ids if (topic := self.topics.get(key)) is None or topic.fetched_at < since]

    def mark_fetched(self, item_ids: Sequence[int], at: float) -> None:
        """Note that the current prices of these items were fetched."""
        for item_id in item_ids:
            if (topic := self.topics.get(item_id)) is not None:
                topic.fetched_at = at

    def known_prices(self, item_ids: Iterable[int]) -> list[Update]:
        """The newest prices seen of these items, one per source."""
        topics = [topic for item_id in item_ids if (topic := self.topics.get(item_id)) is not None]
        return [update for topic in topics for update in topic.newest.values() if update.variant[0] == "price"]

    def __len__(self) -> int:
        """How many subscriptions there are: a client counts once for each of its items."""
        return sum(len(group.items) * len(group.clients) for group in tuple(self._groups.values()))

    @property
    def group_count(self) -> int:
        """How many groups there are."""
        return len(self._groups)
