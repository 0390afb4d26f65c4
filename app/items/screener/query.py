"""Screener query: filters and sorts all items in NumPy."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints
from app.providers.sources import is_simulated
from db.items.screener import MEASURES, Catalogue, Choices, Measured, Prices
from db.items.search_form import Terms, search_terms

WEARS = ("Factory New", "Minimal Wear", "Field-Tested", "Well-Worn", "Battle-Scarred")
RARITIES = (
    "Base Grade", "Consumer Grade", "Industrial Grade", "High Grade", "Mil-Spec Grade", "Distinguished", "Remarkable", "Restricted",
    "Exceptional", "Exotic", "Classified", "Superior", "Covert", "Master", "Extraordinary", "Contraband",
)  # fmt: skip
SORTS = ("name", "weapon_type", "wear", "rarity", "price", "volume", "turnover", "listings", "source", "at", *MEASURES)
SPARK_LEVELS = 100
WORDS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Query:
    """Filters, window and order of a query; empty means all.

    Prices are in whole units of the currency, change in percent of the window, volume in sales of the last 24 h;
    `kinds` are of "regular", "stattrak", "souvenir".
    """

    search: str = ""
    weapon_type: tuple[str, ...] = ()
    wear: tuple[str, ...] = ()
    rarity: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    price_min: float | None = None
    price_max: float | None = None
    change_min: float | None = None
    change_max: float | None = None
    volume_min: float | None = None
    kinds: tuple[str, ...] = ()
    window: str = "24h"
    sort: str = "turnover"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All items at one moment; `version` differs whenever anything in it does."""

    version: int
    catalogue: Catalogue
    prices: Prices
    measured: dict[str, Measured]
    sparklines: Floats

    def __len__(self) -> int:
        return len(self.catalogue.ids)


def matching(snapshot: Snapshot, query: Query) -> Bools:
    """Which items a query asks for; a limit on an unknown value excludes the item."""
    catalogue, prices = snapshot.catalogue, snapshot.prices
    matches = np.ones(len(snapshot), dtype=np.bool_)
    for chosen, column in (
        (query.weapon_type, catalogue.weapon_type),
        (query.wear, catalogue.wear),
        (query.rarity, catalogue.rarity),
        (query.source, prices.source),
    ):
        if chosen:
            matches &= np.isin(column.codes, [column.names.index(name) for name in chosen if name in column.names])
    if query.kinds:
        matches &= _of_kinds(catalogue, query.kinds)
    change = snapshot.measured[query.window].values["percent_change"]
    units = prices.price / catalogue.scale
    for least, most, values in (
        (query.price_min, query.price_max, units),
        (query.change_min, query.change_max, change),
        (query.volume_min, None, snapshot.measured["24h"].volume),
    ):
        if least is not None:
            matches &= values >= least
        if most is not None:
            matches &= values <= most
    if terms := search_terms(query.search):
        matches &= _found(catalogue, terms)
    return matches


def _found(catalogue: Catalogue, terms: Terms) -> Bools:
    """Which items a search asks for."""
    found = np.ones(len(catalogue.ids), dtype=np.bool_)
    for word in terms.words:
        found &= _holding(catalogue, word)
    if terms.short is not None:
        names, codes = catalogue.wear.names, catalogue.wear.codes
        code = names.index(terms.wear) if terms.wear in names else len(names)
        found &= np.where(codes < 0, _holding(catalogue, terms.short), codes == code)
    return found


def _holding(catalogue: Catalogue, word: str) -> Bools:
    """Which names hold a word; looked up in every name once for as long as the catalogue stays."""
    found = catalogue.holding.get(word)
    if found is None:
        found = np.array([word in name for name in catalogue.searched], dtype=np.bool_)
        if len(catalogue.holding) >= WORDS_KEPT:
            catalogue.holding.clear()
        catalogue.holding[word] = found
    return found


def column_order(snapshot: Snapshot, query: Query) -> Ints:
    """Places of all items in a query's order: unknown last either way, equals by id."""
    key = _key(snapshot, query)
    return np.asarray(np.argsort(-key if query.descending else key, kind="stable"), dtype=np.int64)


def column_source(snapshot: Snapshot, query: Query) -> tuple[str, object]:
    """What `column_order` depends on besides sort and direction: a window, and a part of the snapshot."""
    if query.sort in MEASURES:
        return query.window, snapshot.measured
    if query.sort in {"name", "weapon_type", "wear", "rarity"}:
        return "", snapshot.catalogue
    return "", snapshot.measured if query.sort == "volume" else snapshot.prices


def rows(snapshot: Snapshot, places: Ints, window: str) -> list[dict[str, Any]]:
    """Items as JSON-ready rows: money in minor units, `at` in milliseconds, `spark` as levels of 0 to 100 or None."""
    catalogue, prices, measured = snapshot.catalogue, snapshot.prices, snapshot.measured[window]
    at = places.tolist()
    columns: dict[str, Iterable[Any]] = {
        "id": catalogue.ids[places].tolist(),
        "name": [catalogue.name[place] for place in at],
        "image": [catalogue.image[place] for place in at],
        "currency": [catalogue.currency[place] for place in at],
        "scale": catalogue.scale[places].tolist(),
        "stattrak": catalogue.stattrak[places].tolist(),
        "souvenir": catalogue.souvenir[places].tolist(),
        "weapon_type": _texts(catalogue.weapon_type, places),
        "wear": _texts(catalogue.wear, places),
        "rarity": _texts(catalogue.rarity, places),
        "source": (sources := _texts(prices.source, places)),
        "stale_after": _stale_after(prices, places),
        "simulated": [is_simulated(source) for source in sources],
        "price": _whole(prices.price[places]),
        "at": _whole(prices.at[places]),
        "volume": _whole(snapshot.measured["24h"].volume[places]),
        "turnover": _whole(_turnover(snapshot)[places]),
        "listings": _whole(prices.listings[places]),
        "base": _whole(measured.base[places]),
        "samples": measured.samples[places].tolist(),
        "spark": spark_levels(snapshot.sparklines[places]),
    } | {name: _known(values[places]) for name, values in measured.values.items()}
    names = list(columns)
    return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def facets(snapshot: Snapshot) -> dict[str, list[tuple[str, int]]]:
    """The choices that there are with how many items each, best wear and lowest rarity first."""
    catalogue = snapshot.catalogue
    columns = {
        "weapon_type": (catalogue.weapon_type, ()),
        "wear": (catalogue.wear, WEARS),
        "rarity": (catalogue.rarity, RARITIES),
        "source": (snapshot.prices.source, ()),
    }
    return {name: _counted(column, order) for name, (column, order) in columns.items()}


def _of_kinds(catalogue: Catalogue, kinds: tuple[str, ...]) -> Bools:
    special = catalogue.stattrak | catalogue.souvenir
    flags = {"stattrak": catalogue.stattrak, "souvenir": catalogue.souvenir, "regular": ~special}
    chosen: Bools = np.any([flags[kind] for kind in kinds if kind in flags] or [np.zeros_like(special)], axis=0)
    return chosen


def _counted(column: Choices, order: tuple[str, ...]) -> list[tuple[str, int]]:
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.names)).tolist()
    place = {name: at for at, name in enumerate(order)}
    pairs = zip(column.names, counts, strict=True)
    return sorted(pairs, key=lambda pair: (place.get(pair[0], len(order)), pair[0]))


def _key(snapshot: Snapshot, query: Query) -> Floats:
    catalogue, prices = snapshot.catalogue, snapshot.prices
    measured = snapshot.measured[query.window].values
    if query.sort in measured:
        return measured[query.sort]
    numbers: dict[str, Callable[[], Floats]] = {
        "price": lambda: prices.price / catalogue.scale,
        "at": lambda: prices.at,
        "listings": lambda: prices.listings,
        "volume": lambda: snapshot.measured["24h"].volume,
        "turnover": lambda: _turnover(snapshot) / catalogue.scale,
        "name": lambda: catalogue.name_rank.astype(np.float64),
        "source": lambda: _ranked(prices.source, ()),
        "weapon_type": lambda: _ranked(catalogue.weapon_type, ()),
        "wear": lambda: _ranked(catalogue.wear, WEARS),
        "rarity": lambda: _ranked(catalogue.rarity, RARITIES),
    }
    return numbers[query.sort]()


def _turnover(snapshot: Snapshot) -> Floats:
    """Sales of the last 24 h times the price, in minor units."""
    return snapshot.measured["24h"].volume * snapshot.prices.price


def _ranked(column: Choices, order: tuple[str, ...]) -> Floats:
    place = {name: at for at, name in enumerate(order)}
    ranks = [float(place.get(name, len(order) + at)) for at, name in enumerate(column.names)]
    return np.array([*ranks, np.nan])[column.codes]  # code -1 takes the last: unknown


def _stale_after(prices: Prices, places: Ints) -> list[float | None]:
    seconds = [*prices.stale_after, None]
    return [seconds[code] for code in prices.source.codes[places].tolist()]


def _texts(column: Choices, places: Ints) -> list[str | None]:
    names: list[str | None] = [*column.names, None]
    return [names[code] for code in column.codes[places].tolist()]


def _known(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN


def _whole(values: Floats) -> list[int | None]:
    return [None if value != value else int(value) for value in values.tolist()]  # noqa: PLR0124 - NaN


def spark_levels(lines: Floats) -> list[list[int | None] | None]:
    """Each line (n, points) between its own least and greatest; a flat one lies in the middle, one of fewer than two points is None."""
    known = ~np.isnan(lines)
    low = np.min(lines, axis=1, initial=np.inf, where=known)[:, np.newaxis]
    high = np.max(lines, axis=1, initial=-np.inf, where=known)[:, np.newaxis]
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = np.where(high > low, (lines - low) / (high - low), 0.5) * SPARK_LEVELS
    levels = np.where(known, np.round(levels), -1).astype(np.int64)
    enough = known.sum(axis=1) > 1
    return [
        [None if level < 0 else level for level in line] if shown else None
        for line, shown in zip(levels.tolist(), enough.tolist(), strict=True)
    ]
