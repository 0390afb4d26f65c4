"""Search form: one normal form of names for what is searched and what is searched for."""

import re
import unicodedata
from typing import Final

# Blanks, ASCII and Latin punctuation, combining accents, and the signs that names carry (such as the star). The column
# `items.search_form` is made by the same rule in migrations/0011_search_form.sql; tests/db/items/test_search_form.py compares.
_LEFT_OUT: Final = re.compile(r"[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\xbf\u0300-\u036f\u2000-\u2bff\u3000-\u303f]")


def search_form(text: str) -> str:
    """Letters and digits alone, in lower case and without accents: `★ M4A1-S | Ímpetu™` is `m4a1simpetu`."""
    return _LEFT_OUT.sub("", unicodedata.normalize("NFKD", text.replace("™", "")).lower())


def search_words(text: str) -> list[str]:
    """The words of what was typed, each in that form; what consists of signs alone asks for nothing."""
    return [form for word in text.split() if (form := search_form(word))]
