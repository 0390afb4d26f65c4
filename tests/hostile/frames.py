"""Frames sent to a WebSocket that was opened as it should be."""

import contextlib
import time

from tests.conftest import Site
from tests.hostile.client import Notes
from tests.server.wire import opened


def pour(site: Site, frame: bytes, notes: Notes) -> None:
    """Send a frame, then a good ping; what counts is that nothing hangs."""
    begun = time.monotonic()
    with contextlib.suppress(OSError, EOFError):
        made, _ = opened(site)
        with made:
            made.sendall(frame)
            made.settimeout(0.01)
            made.recv(4096)
    notes.add(repr(frame), 101, time.monotonic() - begun)
