"""Steam profiles: SteamID64, older notations, profile and vanity addresses."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from app.portfolio.inventory.errors import InventoryError, Reason, explain
from app.providers.base import ProviderError
from app.providers.http.client import MarketHttp

FIRST = 76_561_197_960_265_728
STEAM_ID = re.compile(r"7656119[0-9]{10}")
VANITY = re.compile(r"[A-Za-z0-9_-]{2,32}")
OLD = re.compile(r"STEAM_[01]:([01]):([0-9]{1,10})")
MODERN = re.compile(r"\[?U:1:([0-9]{1,10})\]?")
HOSTS = ("steamcommunity.com", "www.steamcommunity.com")
# The id is the document's first element: what people write about themselves comes later and cannot pass for it.
FOUND = re.compile(rb"\s*(?:<\?xml[^>]*\?>)?\s*<profile>\s*<steamID64>(7656119[0-9]{10})</steamID64>")
EXAMPLES = "a SteamID64 (7656119…), https://steamcommunity.com/profiles/7656119… or https://steamcommunity.com/id/name"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person typed: exactly one of the two is known."""

    steam_id: str | None = None
    vanity: str | None = None


def parse_profile(text: str) -> Profile:
    """Parse what a person typed, without a request to Steam.

    A bare 17-digit number is a SteamID64; in an address `/profiles/` and `/id/` say what it is, since a vanity name may
    look like a number.

    Raises:
        InventoryError: it is none of the notations.
    """
    text = text.strip()
    if "/" in text:
        return _parse_address(text)
    if STEAM_ID.fullmatch(text):
        return Profile(text)
    if match := OLD.fullmatch(text):
        return Profile(str(FIRST + 2 * int(match[2]) + int(match[1])))
    if match := MODERN.fullmatch(text):
        return Profile(str(FIRST + int(match[1])))
    if VANITY.fullmatch(text):
        return Profile(vanity=text)
    raise unusable(text)


async def resolve(http: MarketHttp, profile: Profile) -> str:
    """The SteamID64 of a profile; a vanity name is asked for at Steam, as XML.

    Raises:
        InventoryError: no profile has that name, or Steam does not answer.
    """
    if profile.steam_id:
        return profile.steam_id
    name = profile.vanity or ""
    try:
        reply = await http.get(f"/id/{quote(name, safe='')}/", "xml=1")
    except ProviderError as error:
        raise explain(error) from error
    match = FOUND.match(reply.body)
    if match:
        return match[1].decode()
    if b"<error>" in reply.body:
        raise InventoryError(Reason.NOT_FOUND, f"Nobody on Steam has the address {name!r}; check the spelling.")
    raise InventoryError(
        Reason.MALFORMED, "Steam's answer about this profile was not understood; try the SteamID64 instead."
    )


def unusable(text: str) -> InventoryError:
    """The error for something that is no profile."""
    return InventoryError(Reason.BAD_PROFILE, f"{text[:80]!r} is no Steam profile; give {EXAMPLES}.")


def _parse_address(text: str) -> Profile:
    parts = urlsplit(text if "//" in text else f"https://{text}")
    way = [part for part in parts.path.split("/") if part]
    if parts.scheme not in {"http", "https"} or parts.hostname not in HOSTS or len(way) < 2:  # noqa: PLR2004  # kind, name
        raise unusable(text)
    kind, name = way[0], way[1]
    if kind == "profiles":
        found = parse_profile(name) if "/" not in name else Profile()
        if found.steam_id:
            return found
    elif kind == "id" and VANITY.fullmatch(name):
        return Profile(vanity=name)
    raise unusable(text)
