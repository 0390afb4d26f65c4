import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.analytics import EXCHANGE_GATES, GATES, WINDOWS, Gate, base_reach, gate_of, outliers

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


def test_the_documented_gates_are_the_codes() -> None:
    text = (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:`(\w+)`|any other) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", text, re.MULTILINE)
    found = {name: Gate(int(samples), *map(float, rest)) for name, samples, *rest in rows}
    assert found == {("return_volatility" if name == "volatile" else name): gate for name, gate in GATES.items()} | {
        "": Gate()
    }


def test_the_documented_gates_of_pairs_are_the_codes() -> None:
    text = (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:`(\w+)`|any other) \| (\d+) \| ([\d.]+) \| (\d+) \|$", text, re.MULTILINE)
    found = {name: Gate(int(closes), float(coverage), 0, float(traded)) for name, closes, coverage, traded in rows}
    assert found == {
        ("return_volatility" if name == "volatile" else name): gate for name, gate in EXCHANGE_GATES.items()
    } | {"": gate_of("percent_change", "exchange")}


def test_a_gate_is_its_market_s() -> None:
    assert gate_of("return_volatility") == GATES["volatile"]
    assert gate_of("return_volatility", "exchange") == EXCHANGE_GATES["volatile"] != GATES["volatile"]
    assert gate_of("max_drawdown") == Gate()
    cheap = {"samples": 24, "coverage": 1.0, "price": 0.00001, "volume": 2e6}
    assert passes(gate_of("percent_change", "exchange"), **cheap)
    assert not passes(gate_of("percent_change", "exchange"), **cheap | {"coverage": 0.85})
    assert not passes(gate_of("percent_change", "exchange"), **cheap | {"volume": math.nan})


def test_the_documented_limits_of_an_outlier_are_the_codes() -> None:
    text = (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")
    section = " ".join(text.split("## Outliers")[1].split("## ")[0].split())
    for said in (
        f"a factor of {outliers.MIN_FACTOR:g} or more",
        f"more than {outliers.DEVIATIONS:g} times 1.4826 MAD",
        f"at most {outliers.VOLUME_SHARE:g} of the neighbours' median volume",
        f"differ by at most {outliers.REVERSION_SHARE:g} of its deviation",
        f"At least {outliers.MIN_NEIGHBOURS} closes must be known",
    ):
        assert said in section
    assert outliers.NEIGHBOURS == 5, "the text says five"


def test_the_documented_reach_of_a_base_is_the_codes() -> None:
    text = " ".join((Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8").split())
    days = {name: round(base_reach(window.seconds) / 86_400) for name, window in WINDOWS.items()}
    assert days == {"1h": 2, "24h": 2, "7d": 7, "30d": 30}
    assert "2 days for 1h and 24h, 7 for 7d, 30 for 30d" in text
