"""Items are found as people type them, by every search, with one rule."""

import pytest

from app.items.screener import table
from app.providers.markets import MARKETS
from db.core.pool import Database
from db.items import items, listing
from db.items.search_form import search_form, search_words

NAMES = [
    "AK-47 | Redline (Field-Tested)", "StatTrak™ AK-47 | Redline (Field-Tested)", "M4A1-S | Knight (Factory New)",
    "Five-SeveN | Case Hardened (Minimal Wear)", "UMP-45 | Primal Saber (Well-Worn)", "★ StatTrak™ Karambit | Doppler (Factory New)",
    "Sticker | Dignitas\u2019 Own | Katowice 2014", "M4A4 | 龍王 (Dragon King) (Field-Tested)", "Patch | Señor Ímpetu 100%_x",
    "M4A1-S | Drift Knight (Battle-Scarred)", "Sticker | Fnatic | Katowice 2014",
]  # fmt: skip
TYPED = [
    ("ak47", {0, 1}), ("AK 47", {0, 1}), ("redline ak", {0, 1}), ("m4a1s", {2, 9}), ("fiveseven", {3}), ("ump45", {4}), ("five seven", {3}),
    ("stattrak karambit doppler", {5}), ("★ karambit | doppler", {5}), ("dignitas' own", {6}), ("dignitas\u2019", {6}), ("dignitas` own", {6}),
    ("龍王", {7}), ("senor impetu", {8}), ("SEÑOR", {8}), ("100%_x", {8}), ("fieldtested", {0, 1, 7}), ("nothing", set()),
    # Wears by their short forms; of what has no wear the letters count.
    ("ft redline", {0, 1}), ("redline FT", {0, 1}), ("ft", {0, 1, 7}), ("fn knight", {2}), ("bs knight", {9}), ("ww", {4}), ("mw ak", set()),
    ("fn", {2, 5, 10}), ("sticker fn", {10}), ("ft knight", set()),
]  # fmt: skip


@pytest.fixture
def stocked(database: Database) -> Database:
    for name in NAMES:
        wear = MARKETS["steam:730"].parse_name(name, rarity=None).wear
        database.execute(
            "INSERT INTO items (market, market_hash_name, match_key, slug, wear) VALUES ('steam:730', %s, %s, %s, %s)",
            [name, name.casefold(), name, wear],
        )
    return database


@pytest.mark.parametrize(("typed", "places"), TYPED)
def test_every_search_finds_the_same(stocked: Database, typed: str, places: set[int]) -> None:
    expected = {NAMES[place] for place in places}
    assert {row["market_hash_name"] for row in items.search(stocked, typed)} == expected
    paged = listing.page(stocked, sort="name", limit=50, cursor=None, search=typed)
    assert {row["market_hash_name"] for row in paged} == expected
    block = table.of(stocked).block(table.Query(search=typed), 0, 50)
    assert block.total == len(expected)


def test_the_column_has_the_form_that_is_searched_for(stocked: Database) -> None:
    rows = stocked.rows("SELECT market_hash_name, search_form FROM items")
    assert {row["market_hash_name"]: row["search_form"] for row in rows} == {name: search_form(name) for name in NAMES}


def test_signs_alone_ask_for_nothing(stocked: Database) -> None:
    assert (search_words("★ | \u2019 -"), items.search(stocked, "★ |")) == ([], [])
    assert len(listing.page(stocked, sort="name", limit=50, cursor=None, search="★")) == len(NAMES)


def test_the_item_of_just_this_name_comes_first(stocked: Database) -> None:
    for typed in ("ak47 redline fieldtested", "ak47 redline ft"):
        assert items.search(stocked, typed, 1)[0]["market_hash_name"] == NAMES[0]
