"""Who is connected, and which connections are one user's."""

from collections.abc import Collection, Iterator

from app.live.subscriptions import Client


class Crowd:
    """All connected clients, and those of signed-in users by user."""

    def __init__(self) -> None:
        self._clients: set[Client] = set()
        self._users: dict[int, set[Client]] = {}

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

    def __iter__(self) -> Iterator[Client]:
        """All of them, as they are now."""
        return iter(tuple(self._clients))

    def __len__(self) -> int:
        """How many are connected."""
        return len(self._clients)
