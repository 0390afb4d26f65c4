"""What the upstream server sells: a recorded snapshot of the Steam market, or an invented one where there is none."""

import csv
import gzip
import io
import json
import threading
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"

_WEARS = ("Factory New", "Minimal Wear", "Field-Tested", "Well-Worn", "Battle-Scarred")
_KINDS = (("★ ", "★ Covert Knife"), ("Sticker | ", "High Grade Sticker"), ("StatTrak™ ", "StatTrak™ Restricted Rifle"))
# The names that break careless programs: quotes, commas, ampersands, slashes, other scripts, internal keys, no wear.
_TRAPS = (
    "#CSGO_crate_musickit_masterminds2_capsule",
    "'Two Times' McCoy | TACP Cavalry",
    "M4A4 | 龍王 (Dragon King) (Field-Tested)",
    "Music Kit | Knock2, dashstar*",
    "Sticker | Team (Holo/Foil) | Stockholm 2021",
    "★ Karambit",
    "★ StatTrak™ Bowie Knife | Doppler (Factory New)",
    "★ Talon Knife | Doppler (Factory New)",
    "Souvenir P90 | Schematic (Battle-Scarred)",
    "Chips & Salsa | Test (Well-Worn)",
)


@dataclass(frozen=True, slots=True)
class Item:
    """One item as all markets see it; `price` in US cents. The other figures follow from the name, always alike."""

    name: str
    price: int

    @property
    def seed(self) -> int:
        return zlib.crc32(self.name.encode())

    @property
    def listings(self) -> int:
        return self.seed % 5000 + 1

    @property
    def volume(self) -> int:
        return self.seed % 70_000

    @property
    def type(self) -> str:
        return next((kind for prefix, kind in _KINDS if self.name.startswith(prefix)), "Classified Rifle")

    @property
    def icon(self) -> str:
        return f"i0CoZ81Ui0m-9KwlBY1L_{self.seed:08x}"


class World:
    """All items, sorted by name, and the moment they were changed last. `page_size` is Steam's page, `currency`
    the Steam currency id of the 2026 addresses, which follow the caller's region.
    """

    def __init__(self, items: Iterable[Item], *, page_size: int = 10) -> None:
        self.page_size = page_size
        self.currency = 1
        self.inventories: dict[str, Any] = {}
        self.histories: dict[str, tuple[tuple[str, float, str], ...]] = {}
        self._lock = threading.Lock()
        self.version = 0
        self.replace(items)

    def replace(self, items: Iterable[Item], modified: datetime | None = None) -> None:
        """Another set of prices, from now on."""
        listed = sorted(items, key=lambda item: item.name)
        with self._lock:
            self.items = listed
            self.by_name = {item.name: item for item in listed}
            self.modified = modified or datetime.now(UTC).replace(microsecond=0)
            self.version += 1


def snapshots() -> list[Path]:
    """The recorded snapshots, the oldest first; empty where the recordings are absent."""
    return sorted((SHARED / "steam_sellprice_snapshots").glob("latest_*.json.gz"))


def load_snapshot(path: Path) -> list[Item]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        prices: dict[str, float] = json.load(file)["prices"]
    # One recorded price is no whole number of cents; Steam itself never sends such a one.
    return [Item(name, round(price)) for name, price in prices.items()]


def synthetic(count: int) -> list[Item]:
    """`count` invented items, the trap names among them."""
    names = list(_TRAPS[:count])
    for number in range(count - len(names)):
        wear = _WEARS[number % len(_WEARS)]
        prefix = "StatTrak™ " if number % 7 == 0 else ""
        names.append(f"{prefix}AK-47 | Test Finish {number // len(_WEARS):05d} ({wear})")
    return [Item(name, zlib.crc32(name.encode()) % 200_000 + 3) for name in names]


@cache
def price_history(name: str) -> tuple[tuple[str, float, str], ...]:
    """Steam's recorded points of one item as (`Jul 02 2014 01: +0`, dollars, volume); none where not recorded."""
    for path in sorted(SHARED.glob("steam_pricehistory_*.csv.gz")):
        with gzip.open(path, "rb") as packed:
            points = _points(io.TextIOWrapper(packed, encoding="utf-8", newline=""), name)
        if points:
            return points
    return ()


def _points(file: io.TextIOWrapper, name: str) -> tuple[tuple[str, float, str], ...]:
    points = []
    for row in csv.reader(file):
        if row[0] == name:
            moment = datetime.fromisoformat(row[1]).replace(tzinfo=UTC)
            points.append((moment.strftime("%b %d %Y %H: +0"), float(row[2]), row[3]))
        elif points:  # the rows of one item stand together
            break
    return tuple(points)
