"""Sign-in errors: codes, HTTP statuses and messages for users."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REFUSALS: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "cancelled": (403, "Signing in was cancelled."),
        "state": (400, "This sign-in was not started in this browser, or longer than ten minutes ago. Start again."),
        "code": (400, "The provider did not accept the sign-in. Start again."),
        "token": (400, "What the provider said about you could not be trusted. Nobody was signed in."),
        "assertion": (400, "Steam's answer could not be trusted. Nobody was signed in."),
        "replay": (400, "This answer of Steam was used already. Start again."),
        "link": (400, "This link was used already or is older than ten minutes. Ask for a new one."),
        "provider-down": (
            502,
            "The provider does not answer right now. Try again in a minute, or sign in another way.",
        ),
        "sessions-down": (
            503,
            "Signing in is not possible right now: Redis does not answer. Try again soon.",
        ),
        "database-down": (503, "Signing in is not possible right now: the database does not answer. Try again soon."),
        "taken": (409, "This account of the provider is linked to another Tracera account already."),
        "second": (409, "Another account of this provider is linked already. Unlink it first."),
        "signed-out": (401, "Sign in first, then link another method."),
        "not-configured": (404, "This way to sign in is not configured here."),
        "not-local": (
            403,
            "The local owner signs in from this computer only, and only while no other way is configured.",
        ),
    }
)
"""Code in the address of a page → HTTP status for programs, and what the page says."""


class RefusedError(Exception):
    """Nobody is signed in or linked; `code` is one of REFUSALS. `detail` is for the log, never for the page."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.status, self.message = REFUSALS[code]
