"""Screener data: all items as columns, read from the database in packed binary."""

from dataclasses import dataclass, field
from typing import Any, LiteralString

import numpy as np
import numpy.typing as npt
from psycopg.rows import tuple_row

from db.core.arrays import Array, Bools, Cells, Floats, Ints
from db.core.pool import LONG_TIMEOUT, Database
from db.items.base_price import BASE_PRICE
from db.items.search_form import search_form

WINDOWS = ("24h", "7d", "30d")
POINTS = 24
MEASURES = (
    "percent_change", "return_volatility", "trend_slope", "trend_r2", "trend_score", "coefficient_of_variation", "max_drawdown",
    "sharpe",
)  # fmt: skip

PRICE = np.dtype([("id", ">i4"), ("price", ">i8"), ("at", ">i8"), ("listings", ">i4")])
MEASURE = np.dtype(
    [
        ("id", ">i4"),
        ("base", ">i8"),
        ("volume", ">i8"),
        ("rolling", ">i2"),
        ("samples", ">i4"),
        ("values", ">f8", (len(MEASURES),)),
    ]
)
SPARK = np.dtype([("id", ">i4"), ("header", ">i4", (5,)), ("points", [("size", ">i4"), ("value", ">f4")], (POINTS,))])


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What rarely changes: n items in ascending id, texts as lists, choices as codes into their sorted names (-1: none)."""

    ids: Ints
    name: list[str]
    searched: list[str]
    image: list[str | None]
    currency: list[str]
    scale: Ints
    stattrak: Bools
    souvenir: Bools
    weapon_type: "Choices"
    wear: "Choices"
    rarity: "Choices"
    name_rank: Ints
    holding: dict[str, Bools] = field(default_factory=dict, compare=False)
    """Which names hold the words that were searched for lately."""


@dataclass(frozen=True, slots=True)
class Choices:
    """A column of few distinct texts: `codes` (n,) point into `names`, -1 where there is none."""

    names: list[str]
    codes: npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Prices:
    """The newest quote of each item's reference source; NaN where unknown. `at` in milliseconds since 1970.

    `stale_after` says for each of the sources after how many seconds its quotes are stale; None where that is unknown.
    """

    source: Choices
    price: Floats
    at: Floats
    listings: Floats
    stale_after: list[float | None]


@dataclass(frozen=True, slots=True)
class Measured:
    """One window's measures of the reference source: `values` by name of `MEASURES`, each (n,), NaN where unknown.

    `volume` counts sales in the window, or of the last 24 h where it is `rolling`; `base` is the price that the change
    counts from.
    """

    values: dict[str, Floats]
    base: Floats
    volume: Floats
    rolling: Bools
    samples: Ints


def fingerprint(database: Database) -> tuple[Any, Any]:
    """Two values, one that changes with the catalogue and one with every run of the measures job, window by window."""
    with database.connection(answer_within=LONG_TIMEOUT) as connection:
        items = connection.execute(ITEMS_CHANGED).fetchone()
        return items, connection.execute(MEASURES_CHANGED, [list(WINDOWS)]).fetchall()


def read_catalogue(database: Database) -> Catalogue:
    """Every item's texts and kinds."""
    rows = database.fetch(CATALOGUE, None, factory=tuple_row, binary=True, answer_within=LONG_TIMEOUT)
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) if rows else [()] * 10
    names = [str(name) for name in columns[1]]
    folded = [fold(name) for name in names]
    place = {name: at for at, name in enumerate(sorted(set(folded)))}
    return Catalogue(
        ids=np.array(columns[0], dtype=np.int64),
        name=names,
        searched=[search_form(name) for name in names],
        image=list(columns[7]),
        currency=list(columns[8]),
        scale=np.array(columns[9], dtype=np.int64),
        stattrak=np.array(columns[5], dtype=np.bool_),
        souvenir=np.array(columns[6], dtype=np.bool_),
        weapon_type=choices(columns[2]),
        wear=choices(columns[3]),
        rarity=choices(columns[4]),
        name_rank=np.array([place[name] for name in folded], dtype=np.int64),
    )


PackedPrices = list[tuple[str, bytes, float | None]]
"""Source, its quotes, and the seconds after which they are stale."""


def read_prices(database: Database) -> PackedPrices:
    """The newest quotes of reference sources, a row a source; equal bytes mean that nothing changed."""
    return database.fetch(PRICES, None, factory=tuple_row, binary=True, answer_within=LONG_TIMEOUT)


def unpack_prices(packed: PackedPrices, ids: Ints) -> Prices:
    """Columns aligned with `ids`."""
    cells = _cells(PRICE, [data for _, data, _ in packed])
    source = np.repeat(np.arange(len(packed), dtype=np.int16), [len(data) // PRICE.itemsize for _, data, _ in packed])
    place, rows = _places(cells, ids)
    codes = np.full(len(ids), -1, dtype=np.int16)
    codes[place] = source[rows]
    return Prices(
        source=Choices([name for name, *_ in packed], codes),
        price=_spread(cells["price"], place, rows, len(ids)),
        at=_spread(cells["at"], place, rows, len(ids)),
        listings=_spread(cells["listings"], place, rows, len(ids)),
        stale_after=[seconds for *_, seconds in packed],
    )


PackedMeasures = tuple[dict[str, bytes], list[bytes]]
"""The measures by window, and the sparklines."""


def read_measures(database: Database) -> PackedMeasures:
    """The measures of reference sources; equal bytes mean that a run found nothing new."""
    packed: dict[str, bytes] = dict(
        database.fetch(METRICS, [list(WINDOWS)], factory=tuple_row, binary=True, answer_within=LONG_TIMEOUT)
    )
    rows = database.fetch(SPARKLINES, [POINTS], factory=tuple_row, binary=True, answer_within=LONG_TIMEOUT)
    return packed, [row[0] for row in rows if row[0]]


def unpack_measures(packed: PackedMeasures, ids: Ints) -> tuple[dict[str, Measured], Floats]:
    """The measures by window, and the sparklines of 24 h (n, 24) in minor units, NaN where nothing was observed."""
    by_window, sparklines = packed
    measured = {window: _measured(by_window.get(window, b""), ids) for window in WINDOWS}
    cells = _cells(SPARK, sparklines)
    place, rows = _places(cells, ids)
    lines = np.full((len(ids), POINTS), np.nan)
    lines[place] = cells["points"]["value"][rows]
    return measured, lines


def fold(text: str) -> str:
    """Text as it is sorted: lower case, without signs that keyboards lack."""
    return text.casefold().replace("™", "").replace("★", "").replace("|", " ")


def choices(values: tuple[str | None, ...]) -> Choices:
    """A column of texts as codes."""
    names = sorted({value for value in values if value is not None})
    place = {name: at for at, name in enumerate(names)}
    codes = np.array([-1 if value is None else place[value] for value in values], dtype=np.int16)
    return Choices(names, codes)


def _measured(packed: bytes, ids: Ints) -> Measured:
    cells = _cells(MEASURE, [packed])
    place, rows = _places(cells, ids)
    samples = np.zeros(len(ids), dtype=np.int64)
    samples[place] = cells["samples"][rows]
    rolling = np.zeros(len(ids), dtype=np.bool_)
    rolling[place] = cells["rolling"][rows] == 1
    values = {
        name: _spread(cells["values"][:, at], place, rows, len(ids), least=-np.inf) for at, name in enumerate(MEASURES)
    }
    base, volume = (_spread(cells[name], place, rows, len(ids)) for name in ("base", "volume"))
    return Measured(values, base, volume, rolling, samples)


def _cells(dtype: np.dtype[np.void], parts: list[bytes]) -> Cells:
    return np.frombuffer(b"".join(parts), dtype=dtype)


def _places(cells: Cells, ids: Ints) -> tuple[Ints, Ints]:
    """Where cells belong among ids, and which cells those are: an item may be newer than the catalogue."""
    if not len(ids):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    wanted = cells["id"].astype(np.int64)
    place = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    rows = np.flatnonzero(ids[place] == wanted)
    return place[rows], rows


def _spread(values: Array, place: Ints, rows: Ints, size: int, *, least: float = 0) -> Floats:
    """Values at their places, NaN elsewhere and below `least`, which stands for unknown."""
    column = np.full(size, np.nan)
    known = values[rows].astype(np.float64)
    known[known < least] = np.nan
    column[place] = known
    return column


NO_PAIR: LiteralString = "NOT EXISTS (SELECT FROM symbols s WHERE s.item_id = items.id)"
"""Pairs of exchanges have a page of their own; nothing is ranked across markets."""
ITEMS_CHANGED: LiteralString = f"""
SELECT count(*), bit_xor(hashtextextended(concat_ws('|', id, image_url, rarity, reference_source), 0)) FROM items
WHERE {NO_PAIR}
"""
MEASURES_CHANGED: LiteralString = """
SELECT "window", count(*), max(computed_at) FROM item_metrics WHERE reference AND "window" = ANY(%s) GROUP BY 1 ORDER BY 1
"""
CATALOGUE: LiteralString = f"""
SELECT id, market_hash_name, weapon_type, wear, rarity, stattrak, souvenir, image_url, currency, price_scale
FROM items WHERE {NO_PAIR} ORDER BY id
"""
PRICES: LiteralString = """
SELECT l.source, string_agg(
    int4send(l.item_id) || int8send(l.price) || int8send((extract(epoch FROM l.time) * 1000)::bigint)
    || int4send(coalesce(l.listings, -1)), ''::bytea ORDER BY l.item_id),
    greatest(3 * max(p.interval_s), 180)  -- a source polled every second quotes what was traded, not everything
FROM price_latest l JOIN items i ON i.id = l.item_id AND i.reference_source = l.source
LEFT JOIN provider_state p ON p.name = l.source
GROUP BY 1 ORDER BY 1
"""
METRICS: LiteralString = f"""
SELECT m."window", string_agg(
    int4send(m.item_id) || int8send(coalesce({BASE_PRICE}, -1)) || int8send(coalesce(m.volume, -1))
    || int2send(CASE WHEN m.volume_rolling THEN 1::int2 ELSE 0::int2 END) || int4send(m.samples)
    || float8send(coalesce(m.percent_change, 'NaN')) || float8send(coalesce(m.return_volatility, 'NaN'))
    || float8send(coalesce(m.trend_slope, 'NaN')) || float8send(coalesce(m.trend_r2, 'NaN'))
    || float8send(coalesce(m.trend_score, 'NaN')) || float8send(coalesce(m.coefficient_of_variation, 'NaN'))
    || float8send(coalesce(m.max_drawdown, 'NaN')) || float8send(coalesce(m.sharpe, 'NaN')), ''::bytea ORDER BY m.item_id)
FROM item_metrics m JOIN items i ON i.id = m.item_id AND i.reference_source = m.source
WHERE m."window" = ANY(%s) GROUP BY 1
"""
SPARKLINES: LiteralString = """
SELECT string_agg(int4send(m.item_id) || array_send(m.sparkline), ''::bytea ORDER BY m.item_id)
FROM item_metrics m JOIN items i ON i.id = m.item_id AND i.reference_source = m.source
WHERE m."window" = '24h' AND cardinality(m.sparkline) = %s AND array_position(m.sparkline, NULL) IS NULL
"""
