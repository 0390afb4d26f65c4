"""All sixteen indicators as JSON: what TA-Lib and the definitions say, in any window, apart at gaps, null where unknown."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from app.analytics.indicators import Candles, compute
from app.runtime import Runtime
from db.candles import store, symbols
from db.candles.columns import CandleColumns
from db.candles.symbols import PairRow
from tests.analytics.indicators import reference
from tests.analytics.indicators.support import MINUTE, NAMES, Series, assert_equal, walk
from tests.analytics.indicators.test_against_talib import THEIRS, theirs

BEGIN = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
SIZE = 3_000
GAP = 1_500
STILL = slice(2_000, 2_700)
SCALE, VOLUME_SCALE = 10_000, 1_000


@dataclass(frozen=True, slots=True)
class Stored:
    """Minutes of three pairs: one that walks on, one with five minutes missing, one that stands still for a while."""

    whole: Candles
    gappy: Candles
    still: Candles


@pytest.fixture
def stored(runtime: Runtime) -> Stored:
    runtime.start()
    made = walk(SIZE, sigma=0.001)
    prices = [np.rint(column * SCALE) for column in (made.open, made.high, made.low, made.close)]
    volume = np.rint(made.volume * VOLUME_SCALE)
    time = BEGIN + MINUTE * np.arange(SIZE, dtype=np.int64)
    later = time + 5 * MINUTE * (np.arange(SIZE) >= GAP)
    still = [column.copy() for column in prices]
    for column in still:
        column[STILL] = prices[3][STILL.start - 1]
    found = {"WALKUSDT": (time, prices), "GAPUSDT": (later, prices), "STILLUSDT": (time, still)}
    pairs = [PairRow(name, name[:-4], "USDT", SCALE, VOLUME_SCALE, "trading", None) for name in found]
    with runtime.services.database.connection() as connection:
        for at, (name, (times, columns)) in enumerate(found.items()):
            opened, high, low, close = (column.astype(np.int64) for column in columns)
            traded = volume.astype(np.int64)
            candles = CandleColumns(times, opened, high, low, close, traded, np.full(SIZE, -1))
            store.make_partitions(connection, candles)
            with connection.transaction():
                ids = symbols.save(connection, "binance:spot", "demo", pairs[at : at + 1])
                store.store_item(connection, "demo", ids[name], candles)
    units = []
    for times, columns in found.values():
        first, highest, lowest, last = (column.astype(np.float64) / SCALE for column in columns)
        units.append(Candles(times, first, highest, lowest, last, volume.astype(np.float64) / VOLUME_SCALE))
    return Stored(*units)


def ask(
    client: FlaskClient, symbol: str, names: list[str], limit: int = SIZE, **query: int
) -> tuple[list[int], dict[str, Series]]:
    """Open times in seconds, and each indicator's series with NaN for null."""
    query = {"limit": limit, **query}
    found: Any = client.get(
        f"/api/v1/symbols/{symbol}/indicators", query_string={"name": ",".join(names), "interval": "1m", **query}
    ).get_json()
    assert list(found["indicators"]) == names
    series = {
        name: {part: np.array(values, dtype=np.float64) for part, values in parts.items()}
        for name, parts in found["indicators"].items()
    }
    return [at // 1000 for at in found["time"]], series


def test_all_of_them_are_what_talib_and_the_definitions_say(client: FlaskClient, stored: Stored) -> None:
    times, found = ask(client, "WALKUSDT", NAMES)
    assert times == stored.whole.open_time.tolist()
    for name in NAMES:
        expected = theirs(name, stored.whole) if name in THEIRS else defined(name, stored.whole)
        assert_equal(found[name], expected)


def defined(name: str, candles: Candles) -> Series:
    """Those that TA-Lib has not, or begins elsewhere, from their plain definitions."""
    rows: dict[str, reference.Row]
    if name == "vwap":
        rows = {"vwap": reference.vwap(candles)}
    elif name == "ichimoku":
        rows = reference.ichimoku(candles, 9, 26, 52, 26)
    else:
        rows = reference.keltner(candles, 20, 10, 2.0)
    return {part: np.array(row, dtype=np.float64) for part, row in rows.items()}


@pytest.mark.parametrize("limit", [1, 60, 500])
def test_what_a_window_shows_is_what_all_history_gives(client: FlaskClient, stored: Stored, limit: int) -> None:
    for until in (SIZE, 2_345):
        times, found = ask(client, "WALKUSDT", NAMES, limit, to=1000 * (BEGIN + MINUTE * until))
        assert times == stored.whole.open_time[until - limit : until].tolist()
        for name in NAMES:
            whole = compute(name, {}, stored.whole.part(slice(0, until)), MINUTE)
            for part, values in whole.items():
                np.testing.assert_allclose(found[name][part], values[-limit:], rtol=1e-5, err_msg=f"{name} {part}")


def test_series_are_split_at_gaps(client: FlaskClient, stored: Stored) -> None:
    times, found = ask(client, "GAPUSDT", NAMES)
    assert times == stored.gappy.open_time.tolist()
    for name in NAMES:
        for part, values in found[name].items():
            apart = [
                compute(name, {}, stored.gappy.part(which), MINUTE)[part] for which in (slice(0, GAP), slice(GAP, SIZE))
            ]
            np.testing.assert_allclose(values, np.concatenate(apart), rtol=1e-9, atol=1e-9, err_msg=f"{name} {part}")
    # The window begins behind the gap, and what is before it has no say.
    _, behind = ask(client, "GAPUSDT", NAMES, SIZE - GAP)
    for name in NAMES:
        for part, values in behind[name].items():
            np.testing.assert_array_equal(values, found[name][part][GAP:], err_msg=f"{name} {part}")


def test_a_price_that_stands_still_has_no_ratio_and_is_its_own_mean(client: FlaskClient, stored: Stored) -> None:
    _, found = ask(client, "STILLUSDT", NAMES)
    price, end = stored.still.close[STILL.start], slice(STILL.stop - 50, STILL.stop)
    for name in ("rsi", "adx", "cci", "stochastic", "supertrend"):
        for part, values in found[name].items():
            assert np.isnan(values[end]).all(), f"{name} {part}"
    for name in ("sma", "ema", "wma", "bollinger", "donchian", "keltner"):
        for part, values in found[name].items():
            np.testing.assert_allclose(values[end], price, rtol=1e-9, err_msg=f"{name} {part}")
    for name in ("macd", "atr"):
        for part, values in found[name].items():
            np.testing.assert_allclose(values[end], 0, atol=1e-9, err_msg=f"{name} {part}")
