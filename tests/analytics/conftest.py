import csv
import gzip
import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest

HISTORY = Path(__file__).parents[3] / "shared" / "data" / "steam_pricehistory_1.csv.gz"
ITEMS = 5
MORE_ITEMS = 60

Series = list[tuple[int, float]]
Sales = list[tuple[int, float, float]]


@pytest.fixture(scope="session")
def recorded_sales() -> list[Sales]:
    """Price histories of some items: (epoch second, price in cents, sales), oldest first."""
    if not HISTORY.exists():
        pytest.skip(f"no recorded price history at {HISTORY}")
    with gzip.open(HISTORY, "rt", encoding="utf-8", newline="") as lines:
        by_item = itertools.groupby(csv.DictReader(lines), key=lambda row: row["market_hash_name"])
        return [[_point(row) for row in rows] for _, rows in itertools.islice(by_item, MORE_ITEMS)]


@pytest.fixture(scope="session")
def recorded(recorded_sales: list[Sales]) -> list[Series]:
    """Price histories of a few items: (epoch second, price in cents), oldest first."""
    return [[(at, price) for at, price, _ in series] for series in recorded_sales[:ITEMS]]


def _point(row: dict[str, str]) -> tuple[int, float, float]:
    at = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
    return int(at.timestamp()), float(row["price"]) * 100, float(row["volume"])
