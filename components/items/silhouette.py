"""Silhouettes: our own drawings of kinds of items, for those that no market gives an image of; tinted by rarity.

A picture carries the names of its item's type and weapon as classes, and the stylesheet knows which drawing they have: the weapon's
own, else the type's, else that of an item in general. assets/items/cells.js writes the same classes.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from dash import html

FOLDER: Final = Path(__file__).resolve().parents[2] / "assets" / "items" / "silhouettes"
DRAWINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "agent": ("Agent",),
    "capsule": ("Capsule",),
    "case": ("Case",),
    "charm": ("Charm",),
    "equipment": ("Equipment",),
    "gloves": ("Gloves",),
    "graffiti": ("Graffiti",),
    "key": ("Key",),
    "knife": ("Knife",),
    "machinegun": ("Machinegun",),
    "medal": ("Pin", "Collectible"),
    "music-kit": ("Music Kit",),
    "package": ("Souvenir Package", "Gift"),
    "pass": ("Pass",),
    "patch": ("Patch",),
    "pistol": ("Pistol",),
    "rifle": ("Rifle",),
    "shotgun": ("Shotgun",),
    "smg": ("SMG",),
    "sniper": ("Sniper Rifle",),
    "sticker": ("Sticker",),
    "tool": ("Tool",),
    # Weapons that do not look like the others of their type; behind these.
    "ak-47": ("AK-47", "Galil AR"),
    "desert-eagle": ("Desert Eagle", "R8 Revolver"),
    "karambit": ("Karambit", "Talon Knife"),
}
"""Types and weapons (`app.providers.steam.names`) by the drawing that stands for them."""
UNKNOWN: Final = "unknown"
_RULE: Final = """.silhouette {{
  --silhouette: {unknown};

  background-color: color-mix(in srgb, var(--rarity, var(--tracera-muted)) 78%, var(--tracera-text));
  display: inline-block;
  height: 100%;
  mask: var(--silhouette) center / contain no-repeat;
  width: 100%;
}}
"""
_PLAIN: Final = " =:/'<>"
_OTHER: Final = re.compile(r"[^a-z0-9]+")


def silhouette(item: Mapping[str, Any]) -> html.Span:
    """The drawing for an item with `weapon_type`, and `weapon` where it has one; as large as what is around it."""
    names = (item["weapon_type"], item.get("weapon"))
    return html.Span(className=" ".join(["silhouette", *(f"silhouette-{slug(name)}" for name in names if name)]))


def slug(name: str) -> str:
    """A type or weapon as part of a class: `sniper-rifle`."""
    return _OTHER.sub("-", name.lower()).strip("-")


def stylesheet() -> str:
    """What assets/items/silhouettes.css holds; `python -m components.items.silhouette` writes it."""
    rules = ["/* Written by `python -m components.items.silhouette` from assets/items/silhouettes/. */\n"]
    rules.append(_RULE.format(unknown=_mask(UNKNOWN)))
    for drawing, names in DRAWINGS.items():
        selectors = ",\n".join(f".silhouette-{slug(name)}" for name in names)
        rules.append(f"{selectors} {{\n  --silhouette: {_mask(drawing)};\n}}\n")
    return "\n".join(rules)


def _mask(drawing: str) -> str:
    text = FOLDER.joinpath(f"{drawing}.svg").read_text(encoding="utf-8").strip().replace('"', "'")
    return f'url("data:image/svg+xml,{quote(text, safe=_PLAIN)}")'


if __name__ == "__main__":
    FOLDER.parent.joinpath("silhouettes.css").write_text(stylesheet(), encoding="utf-8")
