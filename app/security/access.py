"""Access levels and rate-limit groups: the values that the policy's rows are made of."""

from enum import StrEnum
from typing import NamedTuple


class Access(StrEnum):
    """The caller that a route needs. A key's scope is read or full; a session has every right."""

    PUBLIC = "public"
    """Every caller."""
    LOOPBACK = "loopback"
    """Every caller on this machine, not through a proxy."""
    SIGNED_IN = "signed in"
    """A session; no key, since keys must not make keys or change sign-in methods."""
    KEY_READ = "key, read"
    """A session, or any key."""
    KEY_FULL = "key, full"
    """A session, or a key of full scope."""
    PAGE = "page"
    """What the page at the address needs."""
    CALLBACK = "callback"
    """What the callback that the request names needs."""
    NOTHING = "nothing"
    """Every caller, even without a token: the answer is 404."""


class Group(StrEnum):
    """Requests that are counted together, for each address and each user."""

    SIGN_IN = "sign_in"
    AUTH = "auth"
    JSON = "json"
    IMPORT = "import"
    PAGES = "pages"
    CALLBACKS = "callbacks"
    WEBSOCKET = "websocket"
    OPERATIONS = "operations"
    FILES = "files"
    """Scripts, styles, images: never counted."""


FAIL_CLOSED = frozenset({Group.SIGN_IN, Group.IMPORT})
"""Refused with 503 while Redis is down; all others are counted in the process meanwhile."""


class Row(NamedTuple):
    """One row of the policy."""

    access: Access
    group: Group
