"""Connections: counts open WebSockets by address and user, and finds those of a user."""

from collections import Counter
from collections.abc import Collection, Iterator

from app.live.principal import Principal
from app.live.subscriptions import Client


class LiveConnections:
    """All connected clients, and those of signed-in users by user.

    Args:
        limit: connections that one address, and one user, may have at once; 0: no limit.
    """

    def __init__(self, limit: int = 0) -> None:
        self.limit = limit
        self._clients: set[Client] = set()
        self._users: dict[int, set[Client]] = {}
        self._counts: Counter[str] = Counter()

    def reserve(self, principal: Principal) -> bool:
        """Count one connection more of this principal, before its handshake; False if there would be too many."""
        keys = principal.counted_as()
        if self.limit and any(self._counts[key] >= self.limit for key in keys):
            return False
        self._counts.update(keys)
        return True

    def release(self, principal: Principal) -> None:
        """Count one connection less."""
        for key in principal.counted_as():
            self._counts[key] -= 1
            if not self._counts[key]:
                del self._counts[key]

    def count(self, key: str) -> int:
        """How many are counted under one of a principal's keys."""
        return self._counts[key]

    def keys(self) -> list[str]:
        """The keys under which any are counted."""
        return list(self._counts)

    def add(self, client: Client) -> None:
        """Add a client."""
        self._clients.add(client)
        if client.principal.user_id is not None:
            self._users.setdefault(client.principal.user_id, set()).add(client)

    def remove(self, client: Client) -> None:
        """Remove a client; a second call does nothing."""
        self._clients.discard(client)
        user_id = client.principal.user_id
        if user_id is not None and (own := self._users.get(user_id)):
            own.discard(client)
            if not own:
                del self._users[user_id]

    def of_user(self, user_id: int) -> Collection[Client]:
        """The connections of one user."""
        return tuple(self._users.get(user_id, ()))

    def signed_in(self) -> list[Client]:
        """The connections of all signed-in users."""
        return [client for own in self._users.values() for client in own]

    def __iter__(self) -> Iterator[Client]:
        """All of them, as they are now."""
        return iter(tuple(self._clients))

    def __len__(self) -> int:
        """How many are connected."""
        return len(self._clients)
