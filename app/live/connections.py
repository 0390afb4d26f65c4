"""Who is connected: how many in each place, and which connections are one user's."""

from collections import Counter
from collections.abc import Collection, Iterator

from app.live.principal import Guest
from app.live.subscriptions import Client


class Crowd:
    """All connected clients, and those of signed-in users by user.

    Args:
        most: connections that one address, and one user, may have at once; 0: as many as they like.
    """

    def __init__(self, most: int = 0) -> None:
        self.most = most
        self._clients: set[Client] = set()
        self._users: dict[int, set[Client]] = {}
        self._places: Counter[str] = Counter()

    def take_place(self, guest: Guest) -> bool:
        """Count one connection more of this guest, from before its handshake on; False if there would be too many."""
        names = _counted(guest)
        if self.most and any(self._places[name] >= self.most for name in names):
            return False
        self._places.update(names)
        return True

    def leave_place(self, guest: Guest) -> None:
        """Count one connection less."""
        for name in _counted(guest):
            self._places[name] -= 1
            if not self._places[name]:
                del self._places[name]

    def enter(self, client: Client) -> None:
        """Take a client in."""
        self._clients.add(client)
        if client.guest.user_id is not None:
            self._users.setdefault(client.guest.user_id, set()).add(client)

    def leave(self, client: Client) -> None:
        """Forget a client; a second call does nothing."""
        self._clients.discard(client)
        user_id = client.guest.user_id
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


def _counted(guest: Guest) -> list[str]:
    names = [] if guest.address is None else [f"ip:{guest.address}"]
    return names if guest.user_id is None else [*names, f"user:{guest.user_id}"]
