"""Delivery: writes to clients without waiting; slow ones get the newest values later, or are closed."""

import time
from collections.abc import Iterable, Sequence
from typing import Final

from app.live.rate import Meter
from app.live.settings import LiveSettings
from app.live.subscriptions import Client
from app.live.updates import Update, encode

TRY_AGAIN_LATER: Final = 1013


class Delivery:
    """Bounds what is buffered for a client: `high_water` bytes and a tick in its socket, one value per key behind that."""

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self.behind: set[Client] = set()
        self.meter = Meter()
        self.closed_slow = 0

    def send(self, clients: Iterable[Client], payload: bytes, updates: Sequence[Update]) -> None:
        """Write the payload, which says `updates`, or keep these for a client that has not read what came before."""
        high_water, written = self._settings.high_water, 0
        for client in clients:
            if not client.backlog and client.connection.offer_frames(payload, high_water):
                written += 1
            else:
                self._defer(client, updates)
        self.meter.add(written * len(updates))

    def answer(self, client: Client, frames: bytes) -> None:
        """Write what a client asked for, or close it if it asks and does not read.

        Answers are not conflated, so they alone could fill the buffer.
        """
        if client.connection.buffered() > self._settings.max_buffer:
            self.close_slow(client)
        else:
            client.connection.write_frames(frames)

    def forget(self, client: Client) -> None:
        """Keep nothing for this client."""
        self.behind.discard(client)
        client.backlog.clear()

    def catch_up(self) -> None:
        """Send their backlog to those who have read on, and close those who have not for too long."""
        now = time.monotonic()
        for client in tuple(self.behind):
            if client.connection.buffered() <= self._settings.high_water // 2:
                self.behind.discard(client)
                backlog, client.backlog = client.backlog, {}
                wanted = [update for update in backlog.values() if update.item_id in client.items]
                if wanted:
                    self.send((client,), encode(wanted, client.encoding), wanted)
            elif now - client.behind_since > self._settings.patience:
                self.close_slow(client)

    def _defer(self, client: Client, updates: Iterable[Update]) -> None:
        if not client.connection.is_open:
            return
        if not client.backlog:
            client.behind_since = time.monotonic()
            self.behind.add(client)
        for update in updates:
            key = (update.item_id, update.variant)
            known = client.backlog.get(key)
            if known is None or update.at >= known.at:
                client.backlog.pop(key, None)  # so that they stay in the order of their offsets
                client.backlog[key] = update

    def close_slow(self, client: Client) -> None:
        """Close a client that does not read."""
        self.forget(client)
        if client.connection.close(TRY_AGAIN_LATER, "too slow: reconnect when you can read faster"):
            self.closed_slow += 1
