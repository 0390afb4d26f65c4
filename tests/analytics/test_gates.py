import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.analytics import GATES, Gate

GOOD = {"samples": 50, "coverage": 0.9, "price": 12.0, "volume": 100.0}


def passes(gate: Gate, **changed: float) -> bool:
    row = {name: np.array([value]) for name, value in (GOOD | changed).items()}
    return bool(gate.passes(**row)[0])


@pytest.mark.parametrize("ranking", GATES)
def test_liquid_items_pass_and_unknown_prices_do_not(ranking: str) -> None:
    assert passes(GATES[ranking])
    assert not passes(GATES[ranking], price=math.nan)
    assert not passes(GATES[ranking], price=0.03)


def test_there_is_a_gate_for_every_ranking() -> None:
    rankings = {"volatile", "percent_change", "trend_score", "coefficient_of_variation", "sharpe", "volume"}
    assert set(GATES) == rankings


@pytest.mark.parametrize(("name", "least"), [("samples", 10), ("coverage", 0.5), ("price", 2.0), ("volume", 7.0)])
def test_the_least_passes_and_less_does_not(name: str, least: float) -> None:
    changed: dict[str, Any] = {f"least_{name}": least}
    gate = replace(Gate(), **changed)
    assert passes(gate, **{name: least})
    assert not passes(gate, **{name: least * 0.99})
    assert not passes(gate, **{name: math.nan})
    assert passes(replace(gate, **dict.fromkeys(changed, 0)), **{name: math.nan})


def test_rows_are_judged_each_for_itself() -> None:
    gate = Gate(least_samples=2, least_coverage=0.5, least_price=1, least_volume=1)
    got = gate.passes(
        samples=np.array([2, 1, 2, 2]),
        coverage=np.array([0.5, 0.5, 0.5, math.nan]),
        price=np.array([1.0, 1.0, 0.5, 1.0]),
        volume=np.array([1.0, 1.0, 1.0, 1.0]),
    )
    assert got.tolist() == [True, False, False, False]
