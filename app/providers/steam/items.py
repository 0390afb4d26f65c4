"""Asset descriptions: rarity, type and image of an item from Steam's replies."""

import re
from typing import Any

IMAGE_URL = "https://community.fastly.steamstatic.com/economy/image/{icon}/360fx360f"

# English rarity names of CS2, longest first where one begins with another.
_RARITIES = (
    "Base Grade|Consumer Grade|Industrial Grade|Mil-Spec Grade|Mil-Spec|High Grade|Restricted|Classified|Covert|"
    "Contraband|Remarkable|Exotic|Extraordinary|Distinguished|Exceptional|Superior|Master"
)
_TYPE = re.compile(rf"(?:★ )?(?:StatTrak™ )?(?:Souvenir )?(?:(?P<rarity>{_RARITIES}) )?(?P<item_type>\S.*)")
_ICON = re.compile(r"[A-Za-z0-9_-]{1,1024}")


def rarity_and_type(text: Any) -> tuple[str | None, str | None]:
    """Rarity and item type of a `type` text: `★ Covert Knife` is `("Covert", "Knife")`; None for what is missing."""
    match = _TYPE.fullmatch(text.strip()) if isinstance(text, str) else None
    return (match["rarity"], match["item_type"]) if match else (None, None)


def image_url(icon: Any) -> str | None:
    """The picture's address for an `icon_url`; None unless that is the hash it should be."""
    return IMAGE_URL.format(icon=icon) if isinstance(icon, str) and _ICON.fullmatch(icon) else None
