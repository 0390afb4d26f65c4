"""Names of the recorded markets, and a table of the traps in them."""

import csv
import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.providers.steam.names import WEARS, ItemName, NameIndex, match_key, parse_name, slug

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
BROKEN = {"Music Kit |", "StatTrak™ Music Kit |"}  # real rows of the market whose second half is missing

# name: weapon_type, weapon, skin_name, wear, flags (t StatTrak, s Souvenir, * star, i internal)
TRAPS = {
    "AK-47 | Redline (Field-Tested)": ("Rifle", "AK-47", "Redline", "Field-Tested", ""),
    "StatTrak™ AWP | Asiimov (Battle-Scarred)": ("Sniper Rifle", "AWP", "Asiimov", "Battle-Scarred", "t"),
    "Souvenir P90 | Scorched (Well-Worn)": ("SMG", "P90", "Scorched", "Well-Worn", "s"),
    "M4A4 | 龍王 (Dragon King) (Field-Tested)": ("Rifle", "M4A4", "龍王 (Dragon King)", "Field-Tested", ""),
    "Desert Eagle | Sunset Storm 壱 (Factory New)": ("Pistol", "Desert Eagle", "Sunset Storm 壱", "Factory New", ""),
    "Dual Berettas | Cobra Strike (Minimal Wear)": ("Pistol", "Dual Berettas", "Cobra Strike", "Minimal Wear", ""),
    "R8 Revolver | Fade (Factory New)": ("Pistol", "R8 Revolver", "Fade", "Factory New", ""),
    "MAC-10 | Neon Rider (Well-Worn)": ("SMG", "MAC-10", "Neon Rider", "Well-Worn", ""),
    "XM1014 | Tranquility (Field-Tested)": ("Shotgun", "XM1014", "Tranquility", "Field-Tested", ""),
    "Negev | Mjölnir (Factory New)": ("Machinegun", "Negev", "Mjölnir", "Factory New", ""),
    "StatTrak™ Zeus x27 | Olympus (Factory New)": ("Equipment", "Zeus x27", "Olympus", "Factory New", "t"),
    "★ Karambit": ("Knife", "Karambit", None, None, "*"),
    "★ StatTrak™ Shadow Daggers": ("Knife", "Shadow Daggers", None, None, "t*"),
    "★ M9 Bayonet | Doppler (Factory New)": ("Knife", "M9 Bayonet", "Doppler", "Factory New", "*"),
    "★ StatTrak™ Bayonet | Lore (Field-Tested)": ("Knife", "Bayonet", "Lore", "Field-Tested", "t*"),
    "★ Sport Gloves | Vice (Field-Tested)": ("Gloves", "Sport Gloves", "Vice", "Field-Tested", "*"),
    "★ Hand Wraps | Cobalt Skulls (Well-Worn)": ("Gloves", "Hand Wraps", "Cobalt Skulls", "Well-Worn", "*"),
    "Sticker | Crown (Foil)": ("Sticker", "Sticker", "Crown (Foil)", None, ""),
    "Sticker | niko  | Paris 2023": ("Sticker", "Sticker", "niko  | Paris 2023", None, ""),
    "Sticker | jL (Gold, Champion) | Copenhagen 2024": (
        *("Sticker", "Sticker", "jL (Gold, Champion) | Copenhagen 2024", None, ""),
    ),
    "Sticker Slab | Vox Eminor  | Katowice 2015": ("Charm", "Sticker Slab", "Vox Eminor  | Katowice 2015", None, ""),
    "Music Kit | Knock2, dashstar*": ("Music Kit", "Music Kit", "Knock2, dashstar*", None, ""),
    "StatTrak™ Music Kit | Skog, II-Headshot": ("Music Kit", "Music Kit", "Skog, II-Headshot", None, "t"),
    "Sealed Graffiti | X-Axes (Battle Green)": ("Graffiti", "Sealed Graffiti", "X-Axes (Battle Green)", None, ""),
    "'Two Times' McCoy | TACP Cavalry": ("Agent", None, "'Two Times' McCoy | TACP Cavalry", None, ""),
    "Michael Syfers  | FBI Sniper": ("Agent", None, "Michael Syfers  | FBI Sniper", None, ""),
    "Charm | Lil' Ava": ("Charm", "Charm", "Lil' Ava", None, ""),
    "Souvenir Charm | Austin 2025 Highlight | Blast": ("Charm", "Charm", "Austin 2025 Highlight | Blast", None, "s"),
    "Patch | Metal The Global Elite ★": ("Patch", "Patch", "Metal The Global Elite ★", None, ""),
    "Dreams & Nightmares Case": ("Case", None, "Dreams & Nightmares Case", None, ""),
    "CS:GO Weapon Case 2": ("Case", None, "CS:GO Weapon Case 2", None, ""),
    "Huntsman Case Key": ("Key", None, "Huntsman Case Key", None, ""),
    "Community Sticker Capsule 1 Key": ("Key", None, "Community Sticker Capsule 1 Key", None, ""),
    "Collectible Pins Capsule Series 2": ("Capsule", None, "Collectible Pins Capsule Series 2", None, ""),
    "Katowice 2019 Legends (Holo-Foil)": ("Capsule", None, "Katowice 2019 Legends (Holo-Foil)", None, ""),
    "Autograph Capsule | Titan | Cologne 2015": ("Capsule", "Autograph Capsule", "Titan | Cologne 2015", None, ""),
    "StatTrak™ Radicals Box": ("Capsule", None, "Radicals Box", None, "t"),
    "StatTrak™ Swap Tool": ("Tool", None, "StatTrak™ Swap Tool", None, ""),
    "DreamHack 2013 Souvenir Package": ("Souvenir Package", None, "DreamHack 2013 Souvenir Package", None, ""),
    "Rio 2022 Viewer Pass + 3 Souvenir Tokens": ("Pass", None, "Rio 2022 Viewer Pass + 3 Souvenir Tokens", None, ""),
    "Guardian 2 Pin": ("Pin", None, "Guardian 2 Pin", None, ""),
    "#CSGO_crate_musickit_masterminds2_capsule": (
        *("Other", None, "#CSGO_crate_musickit_masterminds2_capsule", None, "i"),
    ),
}


def flags(item: ItemName) -> str:
    marks = (("t", item.stattrak), ("s", item.souvenir), ("*", item.star), ("i", item.internal))
    return "".join(mark for mark, on in marks if on)


@pytest.mark.parametrize("name", TRAPS)
def test_traps(name: str) -> None:
    item = parse_name(name)
    assert (item.weapon_type, item.weapon, item.skin_name, item.wear, flags(item)) == TRAPS[name]
    assert item.market_hash_name == name


@pytest.mark.parametrize(
    ("feed", "market"),
    [
        ("StatTrak AK-47 | Redline (Field-Tested)", "StatTrak™ AK-47 | Redline (Field-Tested)"),
        ("StatTrak Karambit | Lore (Well-Worn)", "★ StatTrak™ Karambit | Lore (Well-Worn)"),
        ("StatTrak™ ★ Karambit", "★ StatTrak™ Karambit"),
        (" Sport Gloves | Vice (Field-Tested)", "★ Sport Gloves | Vice (Field-Tested)"),
    ],
)
def test_feeds_that_drop_marks_are_repaired_and_joined(feed: str, market: str) -> None:
    assert parse_name(feed).market_hash_name == market
    assert match_key(feed) == match_key(market)
    assert slug(feed) == slug(market)


def test_stattrak_and_souvenir_never_join_a_plain_item() -> None:
    plain = "AK-47 | Redline (Field-Tested)"
    keys = {match_key(prefix + plain) for prefix in ("", "StatTrak™ ", "Souvenir ")}
    assert len(keys) == 3


def test_an_unknown_weapon_keeps_its_parts_but_not_a_group() -> None:
    item = parse_name("Souvenir Nail Gun | Rust (Field-Tested)")
    assert item == ItemName("Other", "Nail Gun", "Rust", "Field-Tested", stattrak=False, souvenir=True, star=False)


def test_a_market_rarity_wins_and_is_otherwise_only_what_the_group_tells() -> None:
    assert parse_name("AK-47 | Redline (Field-Tested)").rarity is None
    assert parse_name("AK-47 | Redline (Field-Tested)", rarity="Classified").rarity == "Classified"
    assert parse_name("★ Karambit").rarity == "Covert"


def test_slugs_read_well() -> None:
    assert slug("★ StatTrak™ Karambit | Doppler (Factory New)") == "stattrak-karambit-doppler-factory-new"
    assert slug("Charm | Lil' Ava") == "charm-lil-ava"
    assert slug("Nova | Wurst Hölle (Field-Tested)") == "nova-wurst-holle-field-tested"
    assert slug("Patch | Metal The Global Elite ★") == "patch-metal-the-global-elite-u2605"
    assert slug("Sticker | Boom(Foil)").startswith("sticker-boom-foil-")


def test_index_refuses_to_guess_between_names_that_share_a_key() -> None:
    index = NameIndex(["Sticker | NiKo | Paris 2023", "Sticker | niko  | Paris 2023", "★ Karambit"])
    assert index.find("Sticker | niko  | Paris 2023") == "Sticker | niko  | Paris 2023"
    assert index.find("Sticker | niko | Paris 2023") is None
    assert index.find("karambit") == "★ Karambit"
    assert index.find("StatTrak™ Karambit") is None


PARTS = st.sampled_from(
    [
        *(
            "★",
            "★ ",
            "StatTrak™ ",
            "StatTrak ",
            "Souvenir ",
            "Karambit",
            "AK-47",
            "Sticker",
            "Music Kit",
            "Swap Tool",
            "#k",
        ),
        *(
            " | ",
            " |",
            " ",
            "  ",
            "(Dragon King)",
            "(Field-Tested)",
            " (Well-Worn)",
            "龍王",
            "™",
            "Case",
            "İ",
            "ß",
            "é",
            "e\u0301",
        ),
    ]
)
NAMES = st.one_of(st.text(), st.lists(PARTS, max_size=8).map("".join))


@given(NAMES)
@example("Music Kit |")
@example("Souvenir foo |")
@example("★ StatTrak™ ★")
def test_putting_a_name_together_and_parsing_it_again_changes_nothing(name: str) -> None:
    item = parse_name(name)
    assert item.wear is None or item.wear in WEARS
    assert parse_name(item.market_hash_name) == item


@given(NAMES)
def test_key_and_slug_are_idempotent(name: str) -> None:
    assert match_key(match_key(name)) == match_key(name)
    ticker = slug(name)
    assert slug(ticker) == ticker
    assert ticker
    assert set(ticker) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def _load(path: Path) -> Any:
    raw = path.read_bytes()
    return json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)


@pytest.fixture(scope="module")
def names() -> frozenset[str]:
    if not DATA.is_dir():
        pytest.skip(f"no recorded market data at {DATA}")
    found: set[str] = set()
    for path in (DATA / "steam_sellprice_snapshots").iterdir():
        found |= _load(path)["prices"].keys()
    for path in (DATA / "skinport").iterdir():
        found |= {row["market_hash_name"] for row in _load(path)["skipped_items"]}
    found |= _load(DATA / "csfloat" / "csfloat_sticker_floor_prices_usd.json").keys()
    found |= _load(DATA / "feeds" / "buff_sticker_prices_2024-12-23.json").keys()
    found |= {row["name"] for row in _load(DATA / "feeds" / "csgobackpack_items_2021.json")}
    with gzip.open(DATA / "feeds" / "aggregator_prices_2026-07-08.csv.gz", "rt", encoding="utf-8", newline="") as file:
        found |= {row["name"] for row in csv.DictReader(file)}
    return frozenset(found)


@pytest.mark.slow
def test_recorded_names_are_classified_and_survive_a_round_trip(names: frozenset[str]) -> None:
    items = {name: parse_name(name) for name in names}
    other = {name for name, item in items.items() if item.weapon_type == "Other"}
    print(f"{1 - len(other) / len(names):.3%} of {len(names)} names classified")
    assert len(names) > 30_000
    assert len(other) <= 0.001 * len(names)
    assert all(items[name].internal for name in other)
    assert {name for name, item in items.items() if item.market_hash_name != name} == BROKEN
    assert not [name for name, item in items.items() if item.star != name.startswith("★ ")]


@pytest.mark.slow
def test_recorded_names_keep_apart_what_is_apart(names: frozenset[str]) -> None:
    slugs, keys = defaultdict(set), defaultdict(set)
    for name in names:
        slugs[slug(name)].add(name)
        keys[match_key(name)].add(name)
    # One feed writes "Volt" for Steam's "volt".
    assert [clash for clash in slugs.values() if len(clash) > 1] == [
        {"Sticker | volt | Shanghai 2024", "Sticker | Volt | Shanghai 2024"}
    ]
    clashes = [clash for clash in keys.values() if len(clash) > 1]
    assert len(clashes) == 13
    assert all(len({" ".join(name.casefold().split()) for name in clash}) == 1 for clash in clashes)


GROUPS = {
    "agent": {"Agent"},
    "glove": {"Gloves"},
    "graffiti": {"Graffiti"},
    "key": {"Key"},
    "keychain": {"Charm"},
    "melee": {"Knife"},
    "musickit": {"Music Kit"},
    "patch": {"Patch"},
    "sticker": {"Sticker"},
    "case": {"Case", "Capsule", "Souvenir Package"},
    "collectible": {"Pin", "Collectible"},
    "tool": {"Tool"},
    "rifle": {"Rifle", "Sniper Rifle"},
    "secondary": {"Pistol"},
    "smg": {"SMG"},
    "heavy": {"Shotgun", "Machinegun"},
    "equipment": {"Equipment"},
}
KIND_PREFIX = {
    "agent": "Agent | ",
    "key": "Key | ",
    "case": "Container | ",
    "collectible": "Collectible | ",
    "tool": "Tool | ",
}
RARITY_COLOUR = {"Covert": "#eb4b4b", "Extraordinary": "#eb4b4b", "High Grade": "#4b69ff", "Base Grade": "#b0c3d9"}


@pytest.mark.slow
def test_groups_agree_with_the_games_own_types() -> None:
    path = DATA / "item_meta" / "cs2lib_items_7.33.1.json.gz"
    if not path.exists():
        pytest.skip(f"no recorded item list at {path}")
    wrong = []
    checked = 0
    for row in _load(path):
        kind = row["category"] if row["type"] == "weapon" else row["type"]
        base_gear = row["type"] in ("melee", "glove") and row.get("free", False)
        if kind not in GROUPS or base_gear:
            continue
        item = parse_name(row["name"].removeprefix(KIND_PREFIX.get(kind, "")))
        checked += 1
        if item.weapon_type not in GROUPS[kind]:
            wrong.append(row["name"])
        if item.rarity is not None:
            assert RARITY_COLOUR[item.rarity] == row["rarity"], row["name"]
    print(f"{checked} items compared")
    assert checked > 24_000
    assert wrong == ["Collectible | Counter-Strike Game License"]  # never on the market
