"""Which items stand beside an item."""

from db.core.pool import Database
from db.items import items

ADD = """
INSERT INTO items (market, market_hash_name, match_key, slug, weapon_type, weapon, skin_name, wear)
VALUES ('steam:730', %(name)s, %(name)s, %(name)s, %(type)s, %(weapon)s, %(skin)s, %(wear)s) RETURNING id
"""


def add(database: Database, name: str, *parts: str | None) -> int:
    found = database.row(ADD, {"name": name, **dict(zip(("type", "weapon", "skin", "wear"), parts, strict=True))})
    assert found
    return int(found["id"])


def names(database: Database, item: int) -> list[str]:
    return [row["market_hash_name"] for row in items.similar(database, item)]


def test_the_same_finish_then_the_same_weapon_and_nothing_else(database: Database) -> None:
    me = add(database, "AK-47 | Redline (Field-Tested)", "Rifle", "AK-47", "Redline", "Field-Tested")
    add(database, "AK-47 | Slate (Field-Tested)", "Rifle", "AK-47", "Slate", "Field-Tested")
    add(database, "AK-47 | Redline (Well-Worn)", "Rifle", "AK-47", "Redline", "Well-Worn")
    add(database, "M4A4 | Griffin (Field-Tested)", "Rifle", "M4A4", "Griffin", "Field-Tested")
    assert names(database, me) == ["AK-47 | Redline (Well-Worn)", "AK-47 | Slate (Field-Tested)"]


def test_what_is_no_weapon_has_its_type(database: Database) -> None:
    me = add(database, "Glove Case", "Case", None, None, None)
    add(database, "Chroma Case", "Case", None, None, None)
    add(database, "Sticker | Crown (Foil)", "Sticker", None, None, None)
    assert names(database, me) == ["Chroma Case"]
