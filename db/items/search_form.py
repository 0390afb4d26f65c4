"""Search form: the normal form in which names and search terms are compared."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final, LiteralString

# Blanks, ASCII and Latin punctuation, combining accents, and the signs that names carry (such as the star). The column
# `items.search_form` is made by the same rule in migrations/0011_search_form.sql; tests/db/items/test_search_form.py compares.
_LEFT_OUT: Final = re.compile(r"[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\xbf\u0300-\u036f\u2000-\u2bff\u3000-\u303f]")


def search_form(text: str) -> str:
    """Letters and digits alone, in lower case and without accents: `★ M4A1-S | Ímpetu™` is `m4a1simpetu`."""
    return _LEFT_OUT.sub("", unicodedata.normalize("NFKD", text.replace("™", "")).lower())


def search_words(text: str) -> list[str]:
    """The words of what was typed, each in that form; what consists of signs alone asks for nothing."""
    return [form for word in text.split() if (form := search_form(word))]


WEARS: Final = {
    "fn": "Factory New", "mw": "Minimal Wear", "ft": "Field-Tested", "ww": "Well-Worn", "bs": "Battle-Scarred",
}  # fmt: skip
"""The players' short forms of wears."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a search asks for: names that hold all `words`, and of items that have a wear those of `wear`.

    `short` is how the wear was typed: of items without one the name must hold these letters, as `Fnatic` holds `fn`.
    """

    words: tuple[str, ...]
    short: str | None = None
    wear: str | None = None

    @property
    def form(self) -> str:
        """The search form of the name that was typed, should it be a whole one: the wear stands last in names."""
        return "".join(self.words) + ("" if self.wear is None else search_form(self.wear))

    @property
    def parameters(self) -> dict[str, Any]:
        """Those of `MATCHES`."""
        short = None if self.short is None else f"%{self.short}%"
        return {"words": [f"%{word}%" for word in self.words], "short": short, "wear": self.wear}


MATCHES: Final[LiteralString] = (
    "i.search_form LIKE ALL(%(words)s::text[]) AND (%(wear)s::text IS NULL"
    " OR CASE WHEN i.wear IS NULL THEN i.search_form LIKE %(short)s ELSE i.wear = %(wear)s END)"
)
"""Condition on `items i`: what the terms ask for."""


def search_terms(text: str) -> Terms | None:
    """The terms of what was typed; None asks for nothing. One word at most is taken for a wear."""
    words = search_words(text)
    if not words:
        return None
    short = next((word for word in words if word in WEARS), None)
    if short is None:
        return Terms(tuple(words))
    words.remove(short)
    return Terms(tuple(words), short, WEARS[short])
