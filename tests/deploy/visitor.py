"""A browser without a screen, at an address of its own, that comes through a proxy."""

from typing import Any, Self

import httpx
import orjson
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.deploy.proxies import Front

AUTH = "/api/v1/auth"


class Visitor:
    """Keeps cookies and follows redirects; `address` is where it seems to be (all of 127.0.0.0/8 is this machine)."""

    def __init__(self, at: Front, address: str, **headers: str) -> None:
        self.front, self.address = at, address
        transport = httpx.HTTPTransport(verify=at.trust(), local_address=address, http2=False)
        self.client = httpx.Client(
            base_url=at.url, transport=transport, headers=headers, timeout=30, follow_redirects=True
        )

    def sign_in(self, provider: str = "github") -> dict[str, Any]:
        """All the way to a provider's stand-in and back; who that is. `provider`: the part of its path."""
        self.get(f"{AUTH}/{provider}").raise_for_status()
        found: dict[str, Any] = self.get(f"{AUTH}/me").raise_for_status().json()
        return found

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """An unsafe request with the token of this session, as a page's script sends it."""
        token = self.get(f"{AUTH}/csrf").raise_for_status().json()["token"]
        given = {"X-CSRF-Token": token, "Origin": self.front.url} | headers
        return self.client.request(method, path, json=body, headers=given)

    def socket(self, origin: str | None = None) -> ClientConnection:
        """A WebSocket of this browser's session."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.client.cookies.jar)
        return connect(
            self.front.url.replace("http", "ws", 1) + "/api/v1/ws",
            origin=Origin(origin or self.front.url),
            ssl=self.front.trust(),
            additional_headers={"Cookie": cookies} if cookies else None,
            source_address=(self.address, 0),
            open_timeout=10,
            close_timeout=2,
        )

    def close(self) -> None:
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def subscribe(socket: ClientConnection, *item_ids: int) -> None:
    socket.send(orjson.dumps({"action": "subscribe", "item_ids": item_ids}).decode())


def hear(socket: ClientConnection, kind: str, seconds: float = 15) -> dict[str, Any]:
    """The next message of a kind."""
    while True:
        message: dict[str, Any] = orjson.loads(socket.recv(seconds))
        if message["type"] == kind:
            return message
