"""Demo catalogue: about 500 items with names like the real ones, each with a plausible base price.

Weapons, knives and gloves are the game's; finishes, stickers and the rest are partly well known, mostly made up.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from app.providers.markets import CS2
from app.providers.steam.names import WEARS, parse_name

# Rarity @ lowest and highest dollars of the best wear @ weapon: finishes; …
_WEAPONS: Final = """
Consumer Grade   @ 0.06 0.9 @ Nova: Dry Riverbed; MP7: Gravel Path; Sawed-Off: Fallen Pine; P250: Sand Ripple
Consumer Grade   @ 0.06 0.9 @ UMP-45: Moss Wall; MAG-7: Slate
Industrial Grade @ 0.15 4  @ Galil AR: Copper Drift; SSG 08: Birch Shade; Tec-9: Harbor Blue; AUG: Quarry
Industrial Grade @ 0.15 4  @ MP9: Signal Stripe; P2000: Tin Roof
Mil-Spec Grade   @ 0.5 22  @ AK-47: Elite Build, Rust Canyon; M4A4: Night Ferry; FAMAS: Paper Crane; MAC-10: Street Neon
Mil-Spec Grade   @ 0.5 22  @ XM1014: Oxide Bloom; Negev: Tidal Chart; Glock-18: Weasel; PP-Bizon: Sour Lime
Mil-Spec Grade   @ 0.5 22  @ CZ75-Auto: Twin Rivets; Dual Berettas: Cobalt Tide; SG 553: Dust Lantern
Restricted       @ 2 90    @ AWP: Polar Signal; M4A1-S: Basilisk, Glass Harbor; USP-S: Quiet Garden; P90: Paper Dragon
Restricted       @ 2 90    @ Five-SeveN: Koi Pond; Desert Eagle: Amber Verdict; MP5-SD: Deep Current
Restricted       @ 2 90    @ G3SG1: Orbital Map; R8 Revolver: Velvet Rope
Classified       @ 6 380   @ AK-47: Redline, Jade Circuit; M4A4: Desert Choir; AWP: Ember Crane; MAC-10: Hot Lap
Classified       @ 6 380   @ Glock-18: Water Elemental; USP-S: Copper Saint; Desert Eagle: Sunken City; SSG 08: Snow Owl
Classified       @ 6 380   @ FAMAS: Last Arcade
Covert           @ 25 1500 @ AK-47: Vulcan, Phoenix Court; AWP: Asiimov, Thunder Reef; M4A1-S: Printstream, Golden Delta
Covert           @ 25 1500 @ M4A4: Neon Empress; Desert Eagle: Moon Courier; P90: Tower of Glass; USP-S: Black Tulip
"""
_SHORT_WEARS: Final = {"Asiimov": WEARS[2:], "Water Elemental": WEARS[:3], "Printstream": WEARS[:3]}
_STATTRAK: Final = (
    *("Elite Build", "Night Ferry", "Basilisk", "Polar Signal", "Quiet Garden", "Redline", "Jade Circuit", "Hot Lap"),
    *("Ember Crane", "Copper Saint", "Vulcan", "Phoenix Court", "Asiimov", "Thunder Reef", "Golden Delta"),
    "Moon Courier",
)
_SOUVENIR: Final = ("Gravel Path", "Quarry", "Birch Shade", "Glass Harbor")
_KNIVES: Final = """
Covert @ 140 3000 @ Karambit: Doppler, Ocean Damascus; M9 Bayonet: Tiger Tooth, Night Frost; Butterfly Knife: Fade
Covert @ 140 3000 @ Butterfly Knife: Silver Web; Bayonet: Slaughter, Autumn Marble; Flip Knife: Crimson Web
Covert @ 140 3000 @ Flip Knife: Polished Bone; Talon Knife: Case Hardened; Skeleton Knife: Blue Steel
Covert @ 80 900 @ Gut Knife: Lime Ripple; Navaja Knife: Rust Coat; Kukri Knife: Grey Harbor
"""
_GLOVES: Final = """
Extraordinary @ 90 2200 @ Sport Gloves: Vice, Coral Reef; Driver Gloves: Lunar Weave, Black Cherry
Extraordinary @ 90 2200 @ Hand Wraps: Cobalt Skulls, Sea Rope; Specialist Gloves: Fade, Ember Web
Extraordinary @ 90 2200 @ Moto Gloves: Spearmint, Turbine
"""
_VANILLA: Final = "Covert @ 120 900 @ Karambit; Butterfly Knife; Bayonet; Huntsman Knife; Classic Knife"
# What has no wear: whole names.
_OTHERS: Final = """
High Grade    @ 0.05 3  @ Sticker | Lucky Duck; Sticker | Paper Plane; Sticker | Coffee Break; Sticker | Night Bus
High Grade    @ 0.05 6  @ Sticker | Brick Wall; Sticker | North Peak | Lisbon 2024; Sticker | Blue Otters | Lisbon 2024
Remarkable    @ 0.3 25  @ Sticker | Neon Fox (Holo); Sticker | Storm Glass (Holo); Sticker | Sunset Rush (Glitter)
Remarkable    @ 0.3 25  @ Sticker | Blue Otters (Holo) | Lisbon 2024; Sticker | North Peak (Glitter) | Lisbon 2024
Exotic        @ 3 900   @ Sticker | Crown (Foil); Sticker | Silver Comet (Foil); Sticker | Kilo Nine (Foil) | Oslo 2023
Extraordinary @ 8 400   @ Sticker | vexel (Gold) | Lisbon 2024; Sticker | mirko (Gold) | Oslo 2023
Base Grade    @ 0.3 60  @ Lagoon Case; Ember Case; Ember 2 Case; Midnight Weapon Case; Arcade Case; Glacier Case
Base Grade    @ 0.3 60  @ Operation Northwind Case; Harvest Case; Mirage City Case; Circuit Case; Circuit 2 Case
Base Grade    @ 0.2 12  @ Lisbon 2024 Legends Sticker Capsule; Oslo 2023 Champions Autograph Capsule; Pixel Pets Capsule
Base Grade    @ 1 40    @ Lisbon 2024 Inferno Souvenir Package; Oslo 2023 Nuke Souvenir Package; Lagoon Case Key
Distinguished @ 1.5 15  @ Street Soldier | Phoenix; Markus Delrow | FBI HRT; Officer Ruiz | NSWC SEAL
Exceptional   @ 3 25    @ Old Sergeant Pike | SAS; 'Quiet' Marlow | SWAT; Dragomir | Sabre
Master        @ 6 60    @ 'Northern' Lindqvist | KSK; Sir Darryl | The Professionals; Col. Okafor | Guerrilla Warfare
High Grade    @ 2 14    @ Music Kit | Nine Lanterns, Static Rain; Music Kit | Ada Mole, Run It Back
High Grade    @ 4 25    @ StatTrak™ Music Kit | Nine Lanterns, Static Rain; StatTrak™ Music Kit | The Low Tides, Harbor
High Grade    @ 0.2 8   @ Charm | Lil' Anchor; Charm | Pocket Radio; Charm | Brass Whistle; Charm | Tiny Kettle
Exotic        @ 4 70    @ Charm | Glass Chicken; Charm | Diamond Pup; Compass Pin; Old Mill Pin
High Grade    @ 0.4 9   @ Patch | North Peak | Lisbon 2024; Patch | Koi Clan; Patch | Night Watch
Base Grade    @ 0.1 0.6 @ Sealed Graffiti | Rocket (Battle Green); Sealed Graffiti | Smile (Wire Blue)
"""


@dataclass(frozen=True, slots=True)
class DemoItem:
    """One item on sale, with the descriptive fields of a `Quote`; `base_price` is in cents and never quoted as such."""

    market_hash_name: str
    item_type: str
    rarity: str
    base_price: float
    source: str = "demo"
    market: str = CS2.id
    currency: str = CS2.currency
    image_url: str | None = None


def catalogue() -> tuple[DemoItem, ...]:
    """Every item, in a fixed order: the row order of the simulation's arrays."""
    return tuple(
        DemoItem(name, parse_name(name).weapon_type, rarity, max(cents, 5.0)) for name, rarity, cents in _rows()
    )


def uniform(text: str) -> float:
    """A fixed number in [0, 1) for a text, so that adding goods moves no other price."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) / 2**64


def _rows() -> Iterator[tuple[str, str, float]]:
    for rarity, name, base in _finishes(_WEAPONS):
        yield from _weapon_rows(rarity, name, base)
    for table, wears in ((_KNIVES, WEARS[:3]), (_GLOVES, WEARS[1:4])):
        for rarity, name, base in _finishes(table):
            yield from _worn(f"★ {name}", rarity, base, wears)
    for rarity, knife, base in _goods(_VANILLA):
        yield f"★ {knife}", rarity, base
        yield f"★ StatTrak™ {knife}", rarity, base * 1.2
    for rarity, name, base in _goods(_OTHERS):
        yield name, rarity, base


def _goods(table: str) -> Iterator[tuple[str, str, float]]:
    """Rarity, name and best price in cents, log-uniform over the line's range."""
    for line in table.strip().splitlines():
        rarity, dollars, goods = line.split("@")
        low, high = (float(dollar) for dollar in dollars.split())
        for name in goods.strip().split("; "):
            yield rarity.strip(), name, 100 * low * math.exp(uniform(name) * math.log(high / low))


def _finishes(table: str) -> Iterator[tuple[str, str, float]]:
    for line in table.strip().splitlines():
        prefix, _, goods = line.rpartition("@")
        for entry in goods.strip().split("; "):
            weapon, _, finishes = entry.partition(": ")
            names = "; ".join(f"{weapon} | {finish}" for finish in finishes.split(", "))
            yield from _goods(f"{prefix}@{names}")


def _weapon_rows(rarity: str, name: str, base: float) -> Iterator[tuple[str, str, float]]:
    finish = name.partition(" | ")[2]
    wears = _SHORT_WEARS.get(finish, WEARS)
    yield from _worn(name, rarity, base, wears)
    if finish in _STATTRAK:
        yield from _worn(f"StatTrak™ {name}", rarity, base * (1.6 + 1.6 * uniform(name + "#st")), wears)
    if finish in _SOUVENIR:
        yield from _worn(f"Souvenir {name}", rarity, base * (1.1 + uniform(name + "#so")), wears[:3])


def _worn(name: str, rarity: str, best: float, wears: tuple[str, ...]) -> Iterator[tuple[str, str, float]]:
    """One row a wear; each costs less than the one before, by a step that belongs to the finish."""
    factor = 0.5 + 0.3 * uniform(name.removeprefix("StatTrak™ ").removeprefix("Souvenir ") + "#wear")
    for wear in wears:
        yield f"{name} ({wear})", rarity, best * factor ** (0, 1, 1.7, 2.1, 2.4)[WEARS.index(wear)]
