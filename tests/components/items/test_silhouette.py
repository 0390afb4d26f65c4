"""Silhouettes: each type of item has a drawing, and the stylesheet holds them all."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from app.providers.demo.catalogue import catalogue
from app.providers.steam.names import parse_name
from app.web.assets import ASSETS
from components.items.row import item_picture
from components.items.silhouette import DRAWINGS, FOLDER, UNKNOWN, silhouette, slug, stylesheet
from components.ui import icon
from components.ui.markup import to_html


def test_stylesheets_are_those_of_the_drawings() -> None:
    assert (ASSETS / "items/silhouettes.css").read_text(encoding="utf-8") == stylesheet()
    assert (ASSETS / "ui/icons.css").read_text(encoding="utf-8") == icon.stylesheet()


def test_every_drawing_is_in_use_and_of_one_shape() -> None:
    files = {file.stem: file for file in FOLDER.glob("*.svg")}
    assert set(files) == {*DRAWINGS, UNKNOWN}
    for name, file in files.items():
        drawing = ET.parse(file).getroot()  # noqa: S314  # our own files
        assert drawing.get("viewBox") == "0 0 64 48", name
        assert file.stat().st_size < 1_200, name


def test_every_type_of_item_has_a_drawing() -> None:
    known = {name for names in DRAWINGS.values() for name in names}
    types = {parse_name(item.market_hash_name).weapon_type for item in catalogue()}
    assert types - known == set()
    assert len({slug(name) for name in known}) == len(known)


@pytest.mark.parametrize(
    ("name", "drawing"),
    [
        ("AK-47 | Redline (Field-Tested)", "ak-47"),
        ("M4A1-S | Cyrex (Factory New)", "rifle"),
        ("StatTrak™ AWP | Asiimov (Battle-Scarred)", "sniper"),
        ("★ Karambit", "karambit"),
        ("★ StatTrak™ Talon Knife | Slaughter (Minimal Wear)", "karambit"),
        ("★ Bayonet", "knife"),
        ("Souvenir MAG-7 | Storm (Well-Worn)", "shotgun"),
        ("Sticker Slab | Titan | Katowice 2014", "charm"),
        ("Lagoon Case", "case"),
        ("Gift Package", "package"),
        ("What nobody knows", UNKNOWN),
    ],
)
def test_an_item_gets_its_weapons_drawing_else_its_types(name: str, drawing: str) -> None:
    parts = parse_name(name)
    classes = str(silhouette({"weapon_type": parts.weapon_type, "weapon": parts.weapon}).className).split()  # type: ignore[attr-defined]
    rules = re.findall(r"^(\.[^{]+) \{\n  --silhouette: (.*);$", stylesheet(), re.MULTILINE)
    said = {selector.strip().removeprefix("."): mask for selectors, mask in rules for selector in selectors.split(",")}
    order = [selector.strip().removeprefix(".") for selectors, _ in rules for selector in selectors.split(",")]
    last = max((one for one in classes if one in said), key=order.index)
    wanted = next((names[0] for key, names in DRAWINGS.items() if key == drawing), None)
    assert said[last] == said["silhouette" if wanted is None else f"silhouette-{slug(wanted)}"]


def row(**parts: Any) -> dict[str, Any]:
    return {"image_url": None, "weapon_type": "Rifle", "weapon": "AK-47", "rarity": "Mil-Spec Grade", **parts}


def test_pictures() -> None:
    drawn = to_html(item_picture(row()))
    assert 'class="item-picture rarity-mil-spec-grade"' in drawn
    assert 'class="silhouette silhouette-rifle silhouette-ak-47"' in drawn
    image = to_html(item_picture(row(image_url="https://community.fastly.steamstatic.com/economy/image/x/360fx360f")))
    assert 'loading="lazy"' in image
    assert 'width="28"' in image
    assert 'height="24"' in image
    pair = to_html(item_picture(row(weapon_type="Pair", weapon=None, rarity=None, base_currency="BTC")))
    assert ">BT<" in pair
    assert "rarity" not in pair
