import csv
import gzip
import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest

HISTORY = Path(__file__).parents[3] / "shared" / "data" / "steam_pricehistory_1.csv.gz"
ITEMS = 5

Series = list[tuple[int, float]]


@pytest.fixture(scope="session")
def recorded() -> list[Series]:
    """Price histories of a few items: (epoch second, price in cents), oldest first."""
    if not HISTORY.exists():
        pytest.skip(f"no recorded price history at {HISTORY}")
    with gzip.open(HISTORY, "rt", encoding="utf-8", newline="") as lines:
        by_item = itertools.groupby(csv.DictReader(lines), key=lambda row: row["market_hash_name"])
        return [[_point(row) for row in rows] for _, rows in itertools.islice(by_item, ITEMS)]


def _point(row: dict[str, str]) -> tuple[int, float]:
    at = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
    return int(at.timestamp()), float(row["price"]) * 100
