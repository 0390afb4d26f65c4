"""A mail server that ends without cutting anybody off."""

from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.conftest import wait_for


class PatientController(Controller):
    """Stops once its clients have hung up: a connection cut off stays open until a later test finds it as garbage."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._served: list[SMTP] = []

    def factory(self) -> SMTP:
        made: SMTP = super().factory()  # type: ignore[no-untyped-call]
        self._served.append(made)
        return made

    def stop(self, no_assert: bool = False) -> None:  # noqa: FBT001, FBT002  # as its base has it
        wait_for(lambda: all(one.transport is None for one in self._served), 20, "a client of the mail server hangs on")
        super().stop(no_assert)
