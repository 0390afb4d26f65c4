"""A mail server that ends without cutting anybody off."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.conftest import free_port, wait_for


class PatientController(Controller):
    """Lets nobody in any more, then stops once its clients have hung up.

    A connection cut off stays open until a later test finds it as garbage.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._served: list[SMTP] = []

    def factory(self) -> SMTP:
        made: SMTP = super().factory()  # type: ignore[no-untyped-call]
        self._served.append(made)
        return made

    def stop(self, no_assert: bool = False) -> None:  # noqa: FBT001, FBT002  # as its base has it
        asyncio.run_coroutine_threadsafe(self._shut_the_door(), self.loop).result()
        wait_for(self._left, 20, "a client of the mail server hangs on")
        super().stop(no_assert)

    async def _shut_the_door(self) -> None:
        """Accepts no more; the server is not closed yet, which would cut off who is just coming in."""
        assert isinstance(self.server, asyncio.Server)
        for socket in self.server.sockets:
            self.loop.remove_reader(socket)

    def _left(self) -> bool:
        """Whether nobody is there; who is just coming in has no transport yet, but is a task already."""
        return not asyncio.all_tasks(self.loop) and all(one.transport is None for one in self._served)


class Mailbox:
    """Keeps what is sent to anybody."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.messages: list[Message] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(message_from_bytes(envelope.content))
        return "250 OK"

    def link(self, number: int = 1) -> str:
        """The path and query of the newest of so many messages."""
        wait_for(lambda: len(self.messages) >= number, 10, "no mail")
        found = re.search(r"http://localhost(?::\d+)?(/\S+)", self.messages[-1].get_payload())  # type: ignore[arg-type]
        assert found
        return found[1]


@contextmanager
def receiving(port: int | None = None) -> Iterator[Mailbox]:
    """A mail server, on a free port where none is named."""
    box = Mailbox(port or free_port())
    controller = PatientController(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
