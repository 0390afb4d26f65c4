"""CS2 names: parses a `market_hash_name` into weapon, finish, wear and quality, and derives its match key and slug.

A name is `[★ ][StatTrak™ |Souvenir ]weapon | finish (wear)` for weapons, `kind | name` for stickers and the like,
`agent | faction` for agents, and free text for containers, keys, pins and passes.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2s
from typing import Final

WEARS: Final = ("Factory New", "Minimal Wear", "Field-Tested", "Well-Worn", "Battle-Scarred")
OTHER: Final = "Other"

_WEAPONS: Final[dict[str, tuple[str, ...]]] = {
    "Rifle": ("AK-47", "AUG", "FAMAS", "Galil AR", "M4A1-S", "M4A4", "SG 553"),
    "Sniper Rifle": ("AWP", "G3SG1", "SCAR-20", "SSG 08"),
    "Pistol": (
        *("CZ75-Auto", "Desert Eagle", "Dual Berettas", "Five-SeveN", "Glock-18"),
        *("P2000", "P250", "R8 Revolver", "Tec-9", "USP-S"),
    ),
    "SMG": ("MAC-10", "MP5-SD", "MP7", "MP9", "P90", "PP-Bizon", "UMP-45"),
    "Shotgun": ("MAG-7", "Nova", "Sawed-Off", "XM1014"),
    "Machinegun": ("M249", "Negev"),
    "Equipment": ("Zeus x27",),
    "Knife": (
        *("Bayonet", "Bowie Knife", "Butterfly Knife", "Classic Knife", "Falchion Knife", "Flip Knife", "Gut Knife"),
        *("Huntsman Knife", "Karambit", "Kukri Knife", "M9 Bayonet", "Navaja Knife", "Nomad Knife", "Paracord Knife"),
        *("Shadow Daggers", "Skeleton Knife", "Stiletto Knife", "Survival Knife", "Talon Knife", "Ursus Knife"),
    ),
    "Gloves": (
        *("Bloodhound Gloves", "Broken Fang Gloves", "Driver Gloves", "Hand Wraps"),
        *("Hydra Gloves", "Moto Gloves", "Specialist Gloves", "Sport Gloves"),
    ),
}
# What stands before the first " | " and decides the group by itself.
_HEADS: Final[dict[str, str]] = {weapon: group for group, weapons in _WEAPONS.items() for weapon in weapons} | {
    "Sticker": "Sticker",
    "Charm": "Charm",
    "Sticker Slab": "Charm",  # a sticker in a frame that hangs from the weapon: the game itself counts it as a charm
    "Music Kit": "Music Kit",
    "Patch": "Patch",
    "Sealed Graffiti": "Graffiti",
    "Graffiti": "Graffiti",
    "Autograph Capsule": "Capsule",
}
_FACTIONS: Final = frozenset(
    {
        *("Brazilian 1st Battalion", "Elite Crew", "FBI", "FBI HRT", "FBI SWAT", "FBI Sniper", "Gendarmerie Nationale"),
        *("Guerrilla Warfare", "KSK", "NSWC SEAL", "NZSAS", "Phoenix", "SAS", "SEAL Frogman", "SWAT", "Sabre"),
        *("Sabre Footsoldier", "TACP Cavalry", "The Professionals", "USAF TACP"),
    }
)
# Names without " | ", first match wins: an autograph capsule is no case, a capsule key no capsule.
_ENDINGS: Final = tuple(
    (group, re.compile(pattern))
    for group, pattern in (
        ("Key", r"\bKey$"),
        ("Souvenir Package", r"\bSouvenir (?:Highlight )?Package$"),
        ("Pass", r"\bPass(?: \+ \d+ (?:Souvenir )?Tokens?)?$"),
        ("Gift", r"^(?:Gift Package|Pallet of Presents|Audience Participation Parcel)$"),
        ("Tool", r"\b(?:Name Tag|Swap Tool|Storage Unit|Trade Up Contract|Charm Detachment(?:s| Pack))$"),
        (
            "Capsule",
            r"\b(?:Capsule|Patch Pack|Sticker Pack|Graffiti Box|Music Kit Box|Radicals Box)(?: (?:Series )?\d+)?$",
        ),
        ("Capsule", r"\b(?:Legends|Challengers|Contenders)\b[^()]*(?:\((?:Holo[-/])?Foil\))?$"),
        ("Capsule", r"\b(?:Sticker|Patch|Graffiti)(?: #\d)? Collection$"),
        ("Case", r"\b(?:Case(?: \d)?|Terminal|Package)$"),
        ("Pin", r"\bPin$"),
        ("Collectible", r"^(?:Champion|(?:Semi|Quarter)?[Ff]inalist) at |\b(?:Coin|Medal|Trophy|Badge)$"),
    )
)
# Groups in which every item has the same rarity; elsewhere a name does not tell it.
_RARITY: Final[dict[str, str]] = {
    "Knife": "Covert",
    "Gloves": "Extraordinary",
    "Music Kit": "High Grade",
    **dict.fromkeys(("Case", "Capsule", "Souvenir Package", "Key"), "Base Grade"),
}
_STARS: Final = re.compile(r"^[★\s]*((?:StatTrak™?|Souvenir)\s+)?[★\s]*")
_QUALITY: Final = re.compile(r"(?P<quality>StatTrak|Souvenir)™?\s+(?P<rest>\S.*)", re.DOTALL)
_WEAR: Final = re.compile(rf"(?P<body>.*\S)\s+\((?P<wear>{'|'.join(WEARS)})\)", re.DOTALL)
_DANGLING: Final = re.compile(r"(?:\s\|?)+$")
_KEY_PREFIX: Final = re.compile(r"[★\s]*(stattrak\s)?[★\s]*")
_APOSTROPHES: Final = "'\u2019"
_IRREGULAR: Final = re.compile(r"\s\s|[^\s(]\(")

_Parts = tuple[str, str | None, str | None, str | None]
"""Group, weapon, finish, wear."""


@dataclass(frozen=True, slots=True)
class ItemName:
    """The parts of a name.

    `weapon_type` is the group (`Rifle`, `Knife`, `Sticker`, `Case`, …, `Other` where nothing fits). `weapon` is what
    stands before the first ` | ` (`AK-47`, `Sticker`), None for agents, containers and other free names. `skin_name` is
    the rest, None for a vanilla knife. `stattrak` also marks boxes of StatTrak™ kits. `star` holds for every knife and
    pair of gloves, also where a feed dropped the ★. `internal` marks keys of the game's files that leaked into the
    market.
    """

    weapon_type: str
    weapon: str | None
    skin_name: str | None
    wear: str | None
    stattrak: bool
    souvenir: bool
    star: bool
    rarity: str | None = None
    internal: bool = False

    @property
    def market_hash_name(self) -> str:
        """The name put together again, with the ★ and ™ that feeds drop."""
        quality = "StatTrak™ " if self.stattrak else "Souvenir " if self.souvenir else ""
        body = " | ".join(part for part in (self.weapon, self.skin_name) if part is not None)
        wear = f" ({self.wear})" if self.wear else ""
        return f"{'★ ' if self.star else ''}{quality}{body}{wear}".strip()


def parse_name(name: str, *, rarity: str | None = None) -> ItemName:
    """Take a market_hash_name apart; any text is accepted, what fits nothing is `Other`.

    Args:
        name: as a market gives it; ★ and ™ may be missing.
        rarity: as the market gives it; without it only groups of one rarity (knives, cases, …) have one.
    """
    text = _DANGLING.sub("", name.strip())
    bare = _STARS.sub(r"\1", text, count=1)
    if bare.startswith("#"):
        return ItemName(
            OTHER, None, text, None, stattrak=False, souvenir=False, star=False, rarity=rarity, internal=True
        )
    quality, parts = _split_quality(bare)
    group, weapon, skin, wear = parts
    return ItemName(
        weapon_type=group,
        weapon=weapon,
        skin_name=skin,
        wear=wear,
        stattrak=quality == "StatTrak",
        souvenir=quality == "Souvenir",
        star=group in ("Knife", "Gloves") or bare != text,
        rarity=rarity or _RARITY.get(group),
    )


def _split_quality(bare: str) -> tuple[str | None, _Parts]:
    """The quality in front, unless its words belong to a free name (`Souvenir …`, the tool that swaps counters)."""
    match = _QUALITY.fullmatch(bare)
    if match is None or match["rest"] == "Swap Tool":
        return None, _split(bare)
    parts = _split(match["rest"])
    if match["quality"] == "Souvenir" and parts[1] is None:
        return None, _split(bare)
    return match["quality"], parts


def _split(rest: str) -> _Parts:
    """Group, weapon, finish and wear of a name without ★ and quality."""
    match = _WEAR.fullmatch(rest)
    body, wear = (match["body"], match["wear"]) if match else (rest, None)
    body = _DANGLING.sub("", body)
    head, bar, skin = body.partition(" | ")
    if head in _HEADS:
        return _HEADS[head], head, skin or None, wear
    if not bar:
        group = next((group for group, ending in _ENDINGS if ending.search(head)), OTHER)
        return group, None, head or None, wear
    if wear:
        return OTHER, head, skin, wear  # a weapon that is newer than this list
    return ("Agent" if skin in _FACTIONS else OTHER), None, body, None


def match_key(name: str) -> str:
    """Key for joining feeds: case, ™, a leading ★ and runs of blanks do not count; StatTrak and Souvenir do.

    A ★ elsewhere is part of the name (two patches differ by nothing else). A dozen real pairs differ by case or blanks
    alone (`Sticker | NiKo | Paris 2023`, `Sticker | niko  | Paris 2023`), so join through `NameIndex`.
    """
    # Canonical caseless matching, Unicode 3.13 D145: fold between two normalisations.
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
    text = " ".join(unicodedata.normalize("NFC", folded).replace("™", "").split())
    return _KEY_PREFIX.sub(r"\1", text, count=1).strip()


class NameIndex:
    """Known names by exact text first and by `match_key` where that is unambiguous."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._by_key: dict[str, str | None] = {}
        for name in self._names:
            key = match_key(name)
            self._by_key[key] = None if key in self._by_key else name

    def find(self, name: str) -> str | None:
        """The known name that a feed's name means; None if there is none or more than one."""
        return name if name in self._names else self._by_key.get(match_key(name))


def slug(name: str) -> str:
    """ASCII ticker of a name, `[a-z0-9-]+`, for URLs and UDF: `ak-47-redline-field-tested`.

    Distinct items get distinct slugs: characters without an ASCII base letter become their code point (`u58f1`), and
    spellings that only blanks or a glued parenthesis tell apart get four hex digits of the name's BLAKE2s.
    """
    text = _KEY_PREFIX.sub(r"\1", unicodedata.normalize("NFC", name).strip().casefold().replace("™", ""), count=1)
    letters = (char for char in unicodedata.normalize("NFKD", text).lower() if char not in _APOSTROPHES)
    spelled = "".join(_ascii(char) for char in letters if not unicodedata.combining(char))
    ticker = re.sub(r"[^a-z0-9]+", "-", spelled).strip("-")
    if ticker and not _IRREGULAR.search(text):
        return ticker
    return f"{ticker or 'item'}-{blake2s(text.encode('utf-8', 'surrogatepass'), digest_size=2).hexdigest()}"


def _ascii(char: str) -> str:
    return char if char.isascii() else f" u{ord(char):04x} "
