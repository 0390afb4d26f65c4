import pytest

from app.portfolio.inventory.errors import InventoryError, Reason
from app.portfolio.inventory.profile import Profile, parse_profile
from tests.portfolio.conftest import Bench
from tests.upstream.inventory import invented

ID = "76561197960287930"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ID, Profile(ID)),
        (f"  {ID}\n", Profile(ID)),
        ("STEAM_0:0:11101", Profile(ID)),
        ("[U:1:22202]", Profile(ID)),
        (f"https://steamcommunity.com/profiles/{ID}", Profile(ID)),
        (f"steamcommunity.com/profiles/{ID}/inventory/", Profile(ID)),
        (f"http://www.steamcommunity.com/profiles/{ID}?l=german", Profile(ID)),
        ("https://steamcommunity.com/profiles/[U:1:22202]", Profile(ID)),
        ("gabelogannewell", Profile(vanity="gabelogannewell")),
        ("https://steamcommunity.com/id/gabelogannewell/", Profile(vanity="gabelogannewell")),
        (f"https://steamcommunity.com/id/{ID}", Profile(vanity=ID)),  # a vanity name that looks like a number
    ],
)
def test_notations(text: str, expected: Profile) -> None:
    assert parse_profile(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "https://steamcommunity.com.evil.example/id/me", f"https://evil.example/profiles/{ID}", "https://steamcommunity.com/",
        "https://steamcommunity.com/id/../../etc", "https://steamcommunity.com/profiles/me", "ftp://steamcommunity.com/id/me",
        "id/me?x=<script>", "me and you", "https://steamcommunity.com/market/listings/730", "x" * 40,
    ],
)  # fmt: skip
def test_what_is_no_profile(text: str) -> None:
    with pytest.raises(InventoryError, match="no Steam profile; give a SteamID64") as caught:
        parse_profile(text)
    assert caught.value.status == 400


def test_a_vanity_name_is_asked_for(desk: Bench) -> None:
    owner = invented(3)
    owner.vanity = "collector"
    desk.steam.world.inventories[ID] = owner
    steam_id, found = desk.importer.inventory_of("collector")
    # The profile's nickname pretends to be another account's element; the first one counts.
    assert (steam_id, len(found.assets)) == (ID, 3)


def test_a_vanity_name_without_a_profile_is_refused(desk: Bench) -> None:
    with pytest.raises(InventoryError, match="Nobody on Steam") as caught:
        desk.importer.inventory_of("nobody-at-all")
    assert caught.value.reason is Reason.NOT_FOUND
