# Gaps, unknown values, still prices and short series: what is unknown is NaN, and spoils nothing else.

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analytics.arrays import Floats
from app.analytics.indicators import REGISTRY, Candles, compute
from tests.analytics.indicators.support import FROM, MINUTE, NAMES, candles_of, joined, sticky, walk

few = settings(max_examples=40, deadline=None)
some_name = st.sampled_from(NAMES)
RATIOS = ("rsi", "stochastic", "adx", "cci")
SHORT = {
    "period": 3,
    "fast": 2,
    "slow": 4,
    "signal": 2,
    "slowing": 2,
    "smoothing": 2,
    "conversion": 2,
    "base": 3,
    "span_b": 5,
    "displacement": 2,
    "atr_period": 3,
}


def short(name: str) -> dict[str, int]:
    """Short periods, so that little data has values."""
    return {parameter.name: SHORT[parameter.name] for parameter in REGISTRY[name].parameters if parameter.name in SHORT}


def shifted(candles: Candles, seconds: int) -> Candles:
    return Candles(candles.open_time + seconds, candles.open, candles.high, candles.low, candles.close, candles.volume)


def with_unknown(candles: Candles, column: str, at: list[int], value: float = np.nan) -> Candles:
    columns: dict[str, Floats] = {
        name: getattr(candles, name).copy() for name in ("open", "high", "low", "close", "volume")
    }
    columns[column][at] = value
    return Candles(candles.open_time, **columns)


@few
@given(
    name=some_name,
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    jumps=st.lists(st.sampled_from([-MINUTE, 0, 1, MINUTE - 1, 2 * MINUTE, 3600]), min_size=4, max_size=4),
)
def test_runs_apart_are_computed_apart(name: str, sizes: list[int], jumps: list[int]) -> None:
    parts, begin = [], FROM
    for seed, (size, jump) in enumerate(zip(sizes, jumps, strict=False)):
        part = shifted(walk(size, seed), begin - FROM)
        parts.append(part)
        begin = int(part.open_time[-1]) + jump
    whole = compute(name, short(name), joined(*parts), MINUTE)
    apart = [compute(name, short(name), part, MINUTE) for part in parts]
    for series, values in whole.items():
        np.testing.assert_array_equal(values, np.concatenate([found[series] for found in apart]))


@few
@given(name=some_name, at=st.lists(st.integers(0, 119), min_size=1, max_size=4, unique=True), data=st.data())
def test_an_unknown_value_is_a_gap_and_spoils_nothing_after_it(name: str, at: list[int], data: st.DataObject) -> None:
    candles, inputs = walk(120), REGISTRY[name].inputs
    value = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    got = compute(name, short(name), with_unknown(candles, data.draw(st.sampled_from(inputs)), at, value), MINUTE)
    edges = [-1, *sorted(at), 120]
    for before, after in itertools.pairwise(edges):
        run = compute(name, short(name), candles.part(slice(before + 1, after)), MINUTE)
        for series, values in run.items():
            np.testing.assert_array_equal(got[series][before + 1 : after], values)
    assert all(np.isnan(values[at]).all() for values in got.values())


@pytest.mark.parametrize("name", NAMES)
def test_what_an_indicator_does_not_read_may_be_unknown(name: str) -> None:
    candles = walk(150)
    expected = compute(name, {}, candles, MINUTE)
    for column in {"open", "high", "low", "close", "volume"} - set(REGISTRY[name].inputs):
        got = compute(name, {}, with_unknown(candles, column, list(range(150))), MINUTE)
        for series, values in expected.items():
            np.testing.assert_array_equal(got[series], values)


@few
@given(name=some_name, size=st.integers(0, 40), price=st.floats(1e-9, 1e12), volume=st.floats(0.1, 1e9))
def test_a_constant_price_gives_itself_zero_or_unknown(name: str, size: int, price: float, volume: float) -> None:
    candles = candles_of(np.full(size, price), volume=np.full(size, volume))
    for series, values in compute(name, short(name), candles, MINUTE).items():
        known = values[np.isfinite(values)]
        if name in (*RATIOS, "supertrend"):
            assert known.size == 0
        elif name in ("macd", "atr"):
            np.testing.assert_allclose(known, 0, atol=1e-9 * price, err_msg=series)
        else:
            np.testing.assert_allclose(known, volume if name == "obv" else price, rtol=1e-9, err_msg=series)


@pytest.mark.parametrize("name", NAMES)
def test_short_series_are_unknown_and_never_an_error(name: str) -> None:
    candles = walk(200)
    full = compute(name, {}, candles, MINUTE)
    for size in range(80):
        for series, values in compute(name, {}, candles.part(slice(0, size)), MINUTE).items():
            assert values.shape == (size,)
            if series != "chikou":  # which looks ahead
                np.testing.assert_allclose(values, full[series][:size], rtol=1e-9, err_msg=f"{series} {size}")


@few
@given(name=st.sampled_from([name for name in NAMES if name != "ichimoku"]), seed=st.integers(0, 99), at=st.data())
def test_no_value_knows_the_future(name: str, seed: int, at: st.DataObject) -> None:
    candles = sticky(600, seed)
    end = at.draw(st.integers(1, 599))
    whole = compute(name, {}, candles, MINUTE)
    for series, values in compute(name, {}, candles.part(slice(0, end)), MINUTE).items():
        np.testing.assert_allclose(values, whole[series][:end], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["rsi", "adx", "supertrend"])
def test_a_price_that_stands_still_keeps_its_value_for_14_periods_and_then_has_none(name: str) -> None:
    moving = walk(100)
    still = candles_of(np.full(400, moving.close[-1]), begin=int(moving.open_time[-1]) + MINUTE)
    candles = joined(moving, still)
    for values in compute(name, {"period": 5}, candles, MINUTE).values():
        # The first still candle has no range, but it may differ from the last extremes: count from the second.
        last = int(np.flatnonzero(np.isfinite(values))[-1])
        assert 99 + 70 - 1 <= last <= 100 + 70
        assert np.isfinite(values[20:last]).all()


def test_the_rsi_of_a_price_that_stood_still_begins_anew_when_it_moves() -> None:
    close = np.concatenate((100.0 + np.arange(30) % 3, np.full(300, 100.0), 100.0 + np.arange(30) % 4))
    got = compute("rsi", {"period": 14}, candles_of(close), MINUTE)["rsi"]
    alone = compute("rsi", {"period": 14}, candles_of(close[330:]), MINUTE)["rsi"]
    np.testing.assert_array_equal(got[330:], alone)
    assert np.isfinite(alone[14:]).all()


@pytest.mark.parametrize("name", ["rsi", "adx"])
def test_a_still_beginning_is_unknown_until_a_whole_period_has_moved(name: str) -> None:
    candles = walk(100)
    still = candles_of(np.full(50, candles.open[0]), begin=FROM - 50 * MINUTE)
    found = compute(name, {}, joined(still, candles), MINUTE)[name]
    begin = int(np.flatnonzero(np.isfinite(found))[0])
    assert begin >= 50 + 13
    assert (found[begin:] > 0).all()


def test_a_flat_stretch_takes_no_part_in_the_means_of_the_stochastic() -> None:
    candles = joined(walk(40), candles_of(np.full(8, 50.0), begin=FROM + 40 * MINUTE))
    candles = joined(candles, shifted(walk(40, 2), 48 * MINUTE))
    found = compute("stochastic", {}, candles, MINUTE)
    # Candles 44 to 47 end five candles at 50 (the first of them opens there too); 3 means on each side of two.
    flat = [
        at for at in range(4, 88) if np.ptp(np.r_[candles.high[at - 4 : at + 1], candles.low[at - 4 : at + 1]]) == 0
    ]
    assert flat == [44, 45, 46, 47]
    assert np.flatnonzero(np.isnan(found["k"])).tolist() == [*range(8), *range(44, 50)]
    assert np.flatnonzero(np.isnan(found["d"])).tolist() == [*range(8), *range(44, 52)]


def test_rounding_is_no_deviation_for_the_cci() -> None:
    rng = np.random.default_rng(5)
    close = 0.1 + rng.integers(0, 20, 100) * np.spacing(0.1)
    assert np.isnan(compute("cci", {}, candles_of(close), MINUTE)["cci"]).all()
    cents = np.full(100, 1e6)
    cents[50] += 0.01
    assert np.isfinite(compute("cci", {}, candles_of(cents), MINUTE)["cci"][50:63]).all()
