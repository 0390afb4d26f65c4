"""Access levels and rate-limit groups: the values that the policy's rows are made of."""

from enum import StrEnum
from typing import NamedTuple


class Access(StrEnum):
    """Who may pass. A key's scope is read or full; a session has them all."""

    PUBLIC = "public"
    """Anybody."""
    LOOPBACK = "loopback"
    """Anybody at this very machine, not through a proxy."""
    SIGNED_IN = "signed in"
    """A session; no key, since keys must not make keys or change how one signs in."""
    KEY_READ = "key, read"
    """A session, or any key."""
    KEY_FULL = "key, full"
    """A session, or a key of full scope."""
    PAGE = "page"
    """Whoever may see the page that the address leads to."""
    CALLBACK = "callback"
    """Whoever may call the callback that the request names."""
    NOTHING = "nothing"
    """Anybody, even without a token: it says only that there is nothing here."""


class Group(StrEnum):
    """What requests are counted together, for each address and each user."""

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
    """One row of the table."""

    access: Access
    group: Group
