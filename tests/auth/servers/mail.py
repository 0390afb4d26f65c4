"""A mail server that ends without cutting anybody off."""

import asyncio
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.conftest import wait_for


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
