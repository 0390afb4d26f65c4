"""Account texts: names of browsers, events and sign-in methods."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from app.accounts.methods.registry import NAMES
from components.ui.format import DASH

_BROWSERS: Final = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Safari/", "Safari"),
    (r"curl/|python|Werkzeug|httpx", "a program"),
)
_SYSTEMS: Final = (
    (r"iPhone|iPad", "iOS"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"CrOS", "ChromeOS"),
    (r"Linux|X11", "Linux"),
)
_EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account": "Account created {method}",
        "sign-in": "Signed in {method}",
        "sign-out": "Signed out",
        "sign-out-everywhere": "Signed out everywhere",
        "session-end": "Ended a session",
        "link": "Linked {method}",
        "unlink": "Unlinked {method}",
        "key-create": "Created the API key “{name}” ({scope})",
        "key-revoke": "Revoked the API key “{name}”",
        "webhook-set": "Set the webhook of alerts to {name}",
        "webhook-rotate": "Changed the secret of the webhook",
        "webhook-delete": "Deleted the webhook of alerts",
        "export": "Exported everything",
        "refused": "Refused {call}: {reason}",
    }
)


def device(user_agent: str | None) -> str:
    """`Firefox on Linux`, as far as the browser tells."""
    text = user_agent or ""
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, text)), "An unknown browser")
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, text)), None)
    words = browser if system is None else f"{browser} on {system}"
    return words[0].upper() + words[1:]


def event(kind: str, detail: Mapping[str, Any]) -> str:
    """A line of the log; an event of a later version is shown by its own name."""
    known = dict.fromkeys(("method", "name", "scope", "call", "reason"), DASH) | dict(detail)
    name = str(known["method"])
    known["method"] = method(name)
    if kind in {"account", "sign-in"}:
        known["method"] = (
            "as the local owner" if name == "local" else f"with {'an ' if name == 'email' else ''}{method(name)}"
        )
    return _EVENTS[kind].format(**known) if kind in _EVENTS else kind.replace("-", " ")


def method(name: str | None) -> str:
    """A way to sign in, as people call it."""
    return NAMES.get(name or "", name or DASH)
