"""Bars made up for tests, and real ones where they are recorded."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.research.backtest.panel import Panel, panel

RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "steam_pricehistory_1.csv.gz"
DAY = 86_400
START = 1_600_041_600  # a midnight


def bars(
    opens: np.ndarray, closes: np.ndarray, observed: np.ndarray | None = None, source: str = "steam"
) -> pd.DataFrame:
    """Daily bars of minor units (t, n); items are named a, b, c …"""
    seen = np.ones(closes.shape, dtype=np.bool_) if observed is None else observed
    columns, rows = np.nonzero(seen.T)
    return pd.DataFrame(
        {
            "item": pd.Series([chr(97 + column) for column in columns], dtype="str"),
            "time": pd.to_datetime(START + DAY * rows, unit="s", utc=True).astype("datetime64[us, UTC]"),
            "open": opens[rows, columns] / 100,
            "close": closes[rows, columns] / 100,
            "volume": pd.array([10] * len(rows), dtype="Int64"),
            "source": source,
            "currency": "USD",
            "price_scale": 100,
        }
    )


def walk(moments: int, items: int, seed: int = 1, missing: float = 0.0) -> pd.DataFrame:
    """Random walks, with some bars missing."""
    random = np.random.default_rng(seed)
    closes = np.maximum(3, np.rint(2_000 * np.exp(np.cumsum(random.normal(0, 0.05, (moments, items)), axis=0))))
    opens = np.maximum(3, np.rint(closes * random.uniform(0.97, 1.03, closes.shape)))
    return bars(opens, closes, random.random(closes.shape) >= missing)


def real_bars(count: int) -> pd.DataFrame:
    """Daily bars of recorded items, those with most bars; the test is skipped where there are none."""
    if not RECORDED.exists():
        pytest.skip(f"{RECORDED} is not there")
    points = pd.read_csv(RECORDED, parse_dates=["date"])
    points["cents"] = (points["price"] * 100).round().clip(lower=1)
    points["day"] = points["date"].dt.floor("D").dt.tz_localize("UTC").astype("datetime64[us, UTC]")
    days = points.groupby(["market_hash_name", "day"], sort=False, as_index=False).agg(
        open=("cents", "first"), close=("cents", "last"), volume=("volume", "sum")
    )
    most = days["market_hash_name"].value_counts(sort=True).index[:count]
    days = days[days["market_hash_name"].isin(most)].rename(columns={"market_hash_name": "item", "day": "time"})
    days[["open", "close"]] /= 100
    return days.assign(source="steam", currency="USD", price_scale=100, volume=days["volume"].astype("Int64"))


def daily(found: pd.DataFrame) -> Panel:
    return panel(found, "1d")
