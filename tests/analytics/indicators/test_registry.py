# Names, parameters and their limits; what is refused; and that the document says the same.

import subprocess
import sys

import numpy as np
import pytest

from app.analytics.indicators import REGISTRY, Candles, Parameter, ParameterError, UnknownIndicatorError, compute
from app.analytics.indicators.indicator import Indicator
from tests.analytics.indicators.support import MINUTE, NAMES, walk
from tests.conftest import ROOT

ALL = [(indicator, parameter) for indicator in REGISTRY.values() for parameter in indicator.parameters]


def test_the_sixteen_indicators_are_there() -> None:
    assert set(NAMES) == {
        "sma", "ema", "wma", "bollinger", "rsi", "macd", "stochastic", "atr", "adx", "cci", "obv", "vwap", "ichimoku",
        "donchian", "keltner", "supertrend",
    }  # fmt: skip
    for name, indicator in REGISTRY.items():
        assert indicator.name == name
        assert list(compute(name, {}, walk(5), MINUTE)) == list(indicator.series)


@pytest.mark.parametrize(("indicator", "parameter"), ALL, ids=lambda value: value.name)
def test_every_limit_can_be_computed_and_nothing_beyond_it(indicator: Indicator, parameter: Parameter) -> None:
    number = int if parameter.kind == "integer" else float
    others = {"slow": 500} if parameter.name == "fast" else {"fast": 2} if parameter.name == "slow" else {}
    low = max(parameter.minimum, 3) if parameter.name == "slow" else parameter.minimum
    high = min(parameter.maximum, 499) if parameter.name == "fast" else parameter.maximum
    candles = walk(1_600)
    for value in (low, high):
        found = compute(indicator.name, {**others, parameter.name: number(value)}, candles, MINUTE)
        assert all(np.isfinite(series).any() for series in found.values())
    wrong: tuple[object, ...] = (
        number(parameter.minimum - 1), number(parameter.maximum + 1), float("nan"), float("inf"), "5", None, True
    )  # fmt: skip
    for refused in wrong:
        with pytest.raises(ParameterError, match=rf"{parameter.name} must .* from {parameter.minimum} to") as caught:
            compute(indicator.name, {parameter.name: refused}, candles, MINUTE)
        assert caught.value.name == parameter.name
    assert parameter.minimum <= parameter.default <= parameter.maximum


def test_a_whole_number_is_not_half_and_a_number_may_be_whole() -> None:
    candles = walk(50)
    with pytest.raises(ParameterError, match=r"period must be a whole number from 2 to 500, not 14\.0"):
        compute("rsi", {"period": 14.0}, candles, MINUTE)
    whole, half = (compute("bollinger", {"deviations": k}, candles, MINUTE)["upper"] for k in (2, 2.0))
    np.testing.assert_array_equal(whole, half)


def test_unknown_names_are_refused_with_those_that_exist() -> None:
    with pytest.raises(UnknownIndicatorError, match="no indicator 'mfi'; there are: sma, ema"):
        compute("mfi", {}, walk(5), MINUTE)
    with pytest.raises(ParameterError, match="length is no parameter of this indicator, which has: period"):
        compute("sma", {"length": 5}, walk(5), MINUTE)
    with pytest.raises(ParameterError, match="period is no parameter of this indicator, which has: none"):
        REGISTRY["obv"].lead({"period": 5}, MINUTE)


@pytest.mark.parametrize(("fast", "slow"), [(26, 12), (12, 12)])
def test_the_fast_average_must_be_faster(fast: int, slow: int) -> None:
    with pytest.raises(ParameterError, match=f"fast must be below slow, which is {slow}, not {fast}"):
        compute("macd", {"fast": fast, "slow": slow}, walk(50), MINUTE)


def test_an_interval_is_positive() -> None:
    with pytest.raises(ValueError, match="at least one second, not 0"):
        compute("sma", {}, walk(5), 0)


def test_candles_have_columns_of_one_length_and_type() -> None:
    times, prices = np.arange(3, dtype=np.int64), np.ones(3)
    with pytest.raises(ValueError, match="close must be an array of float64, as long as open_time"):
        Candles(times, prices, prices, prices, prices[:2], prices)
    with pytest.raises(ValueError, match="volume must be an array of float64"):
        Candles(times, prices, prices, prices, prices, times)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="open_time must be a 1-D array of int64"):
        Candles(prices, prices, prices, prices, prices, prices)  # type: ignore[arg-type]


def test_inputs_are_not_changed_and_views_of_others_are_as_good() -> None:
    candles = walk(200)
    wide = np.column_stack([candles.open, candles.high, candles.low, candles.close, candles.volume])
    wide.flags.writeable = False
    views = Candles(candles.open_time, *wide.T)
    for name in NAMES:
        expected = compute(name, {}, candles, MINUTE)
        for series, values in compute(name, {}, views, MINUTE).items():
            np.testing.assert_array_equal(values, expected[series])
    np.testing.assert_array_equal(wide[:, 3], walk(200).close)


def test_importing_them_does_not_import_pandas() -> None:
    code = "import sys, app.analytics.indicators; print('pandas' in sys.modules); import pandas; print(pandas.Series([1]).sum())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "1"]


def row(indicator: Indicator) -> str:
    """The indicator's line in the table of docs/indicators.md."""
    parameters = "<br>".join(
        f"`{parameter.name}` {parameter.default:g} ({parameter.minimum:g} to {parameter.maximum:g})"
        for parameter in indicator.parameters
    )
    series = ", ".join(f"`{name}`" for name in indicator.series)
    pane = "over prices" if indicator.pane == "price" else "own"
    lead = indicator.lead({}, MINUTE)
    needs = "all" if lead is None else str(lead)
    return (
        f"| `{indicator.name}` | {indicator.title} | {parameters or 'none'} | {series} | {pane} | {needs} "
        f"| {indicator.source} | {indicator.undefined} |".replace("  ", " ")
    )


def test_the_document_lists_every_indicator_as_it_is() -> None:
    lines = (ROOT / "docs" / "indicators.md").read_text(encoding="utf-8").splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("| name | title | parameters"))
    table = lines[begin + 2 : begin + 2 + len(REGISTRY)]
    assert table == [row(indicator) for indicator in REGISTRY.values()]
    assert lines[begin + 2 + len(REGISTRY)] == ""
