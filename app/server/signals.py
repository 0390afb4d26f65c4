"""Signals and sockets: binds the port before anything starts, and ends the process in good order."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType


class PortError(OSError):
    """The address cannot be listened on; the message says why and what to do."""


@contextmanager
def bind_sockets(host: str, port: int, *, shared: bool) -> Iterator[list[socket.socket]]:
    """Sockets bound to every address of a host, not listening yet.

    Args:
        host: an address, or a name that has some.
        port: the port.
        shared: whether other processes that say so too may open the port (SO_REUSEPORT).

    Raises:
        PortError: the port is taken, not allowed, or no address of this machine.
    """
    with ExitStack() as opened:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            sockets = [opened.enter_context(socket.socket(family, kind, proto)) for family, kind, proto, _, _ in found]
            for listener, (family, _, _, _, address) in zip(sockets, found, strict=True):
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if shared:
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                if family == socket.AF_INET6:
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listener.bind(address)
        except OSError as error:
            raise PortError(
                f"cannot listen on {host}:{port}: {error.strerror}; choose another with --host or --port"
            ) from error
        yield sockets


class SignalHandler:
    """Handles SIGINT and SIGTERM: interrupts the start, later calls `on_signal`; a second signal does no more than the first."""

    def __init__(self) -> None:
        self.on_signal: Callable[[], None] | None = None
        self.received = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Handle one signal."""
        first, self.received = not self.received, True
        if self.on_signal:
            self.on_signal()
        elif first:
            raise KeyboardInterrupt


@contextmanager
def handle_signals() -> Iterator[SignalHandler]:
    """Handle SIGINT and SIGTERM alike while the block runs."""
    handler = SignalHandler()
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield handler
    except KeyboardInterrupt:
        pass
    finally:
        for number, old in before.items():
            signal.signal(number, old)
