"""Connections: counts open WebSockets by address and user, and finds those of a user."""

from collections import Counter
from collections.abc import Collection, Iterator

from app.live.principal import Principal
from app.live.subscriptions import Client


class LiveConnections:
    """All connected clients, and those of signed-in users by user.

    Args:
        most: connections that one address, and one user, may have at once; 0: as many as they like.
    """

    def __init__(self, most: int = 0) -> None:
        self.most = most
        self._clients: set[Client] = set()
        self._users: dict[int, set[Client]] = {}
        self._places: Counter[str] = Counter()

    def reserve(self, principal: Principal) -> bool:
        """Count one connection more of this principal, from before its handshake on; False if there would be too many."""
        names = _counted(principal)
        if self.most and any(self._places[name] >= self.most for name in names):
            return False
        self._places.update(names)
        return True

    def release(self, principal: Principal) -> None:
        """Count one connection less."""
        for name in _counted(principal):
            self._places[name] -= 1
            if not self._places[name]:
                del self._places[name]

    def enter(self, client: Client) -> None:
        """Take a client in."""
        self._clients.add(client)
        if client.principal.user_id is not None:
            self._users.setdefault(client.principal.user_id, set()).add(client)

    def leave(self, client: Client) -> None:
        """Forget a client; a second call does nothing."""
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


def _counted(principal: Principal) -> list[str]:
    names = [] if principal.address is None else [f"ip:{principal.address}"]
    return names if principal.user_id is None else [*names, f"user:{principal.user_id}"]
