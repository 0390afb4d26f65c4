"""What is kept of each item's reference as JSON."""

from dataclasses import fields
from typing import Any

import numpy as np
import orjson
import pytest

from app.analytics import WINDOWS, Measures
from app.providers.markets import CS2, SPOT, Market
from db.items.measures import MEASURES
from jobs import ranking_scores
from jobs.window_measures import Measured, Outliers


def table(market: Market, rows: int) -> Measured:
    dice = np.random.default_rng(3)
    found: dict[str, Any] = {field.name: dice.normal(size=rows) for field in fields(Measures)}
    found["samples"] = dice.integers(1, 168, rows)
    found["trend_score"][::7] = np.nan
    return Measured(
        market,
        WINDOWS["24h"],
        np.arange(5, 5 + rows),
        [f'"}},{{"item_id":{row % 3}' for row in range(rows)],
        np.full(rows, 100),
        np.arange(rows) % 4 > 0,
        dice.integers(-1, 3, rows),
        dice.integers(-1, 3, rows),
        np.zeros(rows, dtype=np.int64),
        dice.normal(size=rows),
        dice.normal(size=(rows, 24)),
        Measures(**found),
        {1: Outliers([(0, 1), (60, 2)], {})},
    )


@pytest.mark.parametrize("market", [CS2, SPOT])
def test_rows_encoded_together_are_those_encoded_one_by_one(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is in a text, and wherever one part of them ends."""
    monkeypatch.setattr(ranking_scores, "AT_ONCE", 20)
    given = table(market, 60)
    found = ranking_scores.reference_rows([given])
    assert list(found) == [str(5 + row) for row in range(60) if row % 4]
    for key, text in found.items():
        row = int(key) - 5
        entry: dict[str, Any] = {"item_id": row + 5, "source": given.source[row]}
        entry |= {name: value if value >= 0 else None
                  for name, value in (("price", int(given.last_price[row])), ("volume", int(given.volume[row])))}  # fmt: skip
        entry |= {"turnover": float(given.turnover[row])} if market.quotes == "exchange" else {}
        entry |= {name: float(getattr(given.measures, name)[row]) for name in MEASURES}
        entry |= {"samples": int(given.measures.samples[row]), "coverage": float(given.measures.coverage[row])}
        assert text == orjson.dumps(entry | {"outliers": 2 if row == 1 else 0})
    assert ranking_scores.reference_rows([given.take(np.array([0]))]) == {}
