"""Destinations: pages, orders of the items, and actions that the search finds by the beginnings of their words."""

from dataclasses import dataclass

from components.account import data
from components.items.filters import SORTS
from components.shell import navigation
from components.ui import context
from db.items.search_form import search_words

SHORTEST = 2
"""Letters from which on they are looked for: fewer would stand above items at every search's beginning."""
MOST = 4


@dataclass(frozen=True, slots=True)
class Destination:
    """Where `href` leads, or what assets/shell/search.js does by the name of `action`; `words` find it beside its name."""

    name: str
    icon: str
    kind: str
    href: str | None = None
    action: str | None = None
    words: str = ""


def found(text: str) -> list[Destination]:
    """Those whose name begins with the first word and which have a word that begins with each."""
    typed = search_words(text)
    if not typed or len("".join(typed)) < SHORTEST:
        return []
    return [one for one in _all() if _fits(one, typed)][:MOST]


def _fits(one: Destination, typed: list[str]) -> bool:
    words = search_words(f"{one.name} {one.words}")
    return all(any(word.startswith(start) for word in words) for start in typed)


def _all() -> list[Destination]:
    pages = [Destination(place.name, place.icon, "Page", href=place.path) for place in navigation.places()]
    orders = []
    if context.has_items():
        orders = [
            Destination(f"Items · {label}", "items", "Page", href=f"/items?sort={sort}", words="order")
            for sort, label in SORTS
        ]
    return [*pages, *_actions(), *orders]


def _actions() -> list[Destination]:
    caller = data.current_caller()
    if caller.unknown:
        account = []
    elif data.session_user(caller) is None:
        account = [Destination("Sign in", "user", "Page", href="/sign-in", words="log login account")]
    else:
        account = [
            Destination("Account", "user", "Page", href="/account", words="settings sessions keys export delete"),
            Destination("Sign out", "sign-out", "Action", action="sign-out", words="log logout"),
        ]
    return [
        Destination(
            "Compare items", "compare", "Action", href="/compare", words="versus beside correlation beta rebased"
        ),
        Destination("Light or dark colours", "moon", "Action", action="scheme", words="colors theme mode look"),
        Destination("Keyboard", "key", "Action", action="keys", words="keys shortcuts help"),
        *account,
    ]
