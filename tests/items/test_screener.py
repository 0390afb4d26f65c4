"""The screener's answers against plain SQL on random items."""

import random
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.items.screener.query import RARITIES, WEARS
from app.items.screener.table import MEASURES, SORTS, WINDOWS, Query, Screener
from db.core.pool import Database, DatabaseDownError
from db.items.search_form import search_words

ITEMS = 150
TYPES = ("Rifle", "Pistol", "Knife", "Container")
SOURCES = ("steam", "skinport", "demo")
KINDS = ("regular", "stattrak", "souvenir")
WORDS = ("redline", "ak", "ak 47", "STAR", "★", "™", "|", "case 1", "item", "é", "", "%", "_", "nothing like it")
PLAIN = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

FOLDED: LiteralString = "replace(replace(replace(lower(i.market_hash_name), '™', ''), '★', ''), '|', ' ')"
FROM: LiteralString = """
FROM items i
LEFT JOIN price_latest l ON l.item_id = i.id AND l.source = i.reference_source
LEFT JOIN item_metrics m ON m.item_id = i.id AND m.source = i.reference_source AND m."window" = %(window)s
LEFT JOIN item_metrics d ON d.item_id = i.id AND d.source = i.reference_source AND d."window" = '24h'
"""
FILTER: LiteralString = """
WHERE (cardinality(%(weapon_type)s::text[]) = 0 OR i.weapon_type = ANY(%(weapon_type)s))
  AND (cardinality(%(wear)s::text[]) = 0 OR i.wear = ANY(%(wear)s))
  AND (cardinality(%(rarity)s::text[]) = 0 OR i.rarity = ANY(%(rarity)s))
  AND (cardinality(%(source)s::text[]) = 0 OR l.source = ANY(%(source)s))
  AND (cardinality(%(kinds)s::text[]) = 0 OR 'stattrak' = ANY(%(kinds)s) AND i.stattrak
       OR 'souvenir' = ANY(%(kinds)s) AND i.souvenir
       OR 'regular' = ANY(%(kinds)s) AND NOT i.stattrak AND NOT i.souvenir)
  AND (%(price_min)s::float8 IS NULL OR l.price::float8 / i.price_scale >= %(price_min)s)
  AND (%(price_max)s::float8 IS NULL OR l.price::float8 / i.price_scale <= %(price_max)s)
  AND (%(change_min)s::float8 IS NULL OR m.percent_change >= %(change_min)s)
  AND (%(change_max)s::float8 IS NULL OR m.percent_change <= %(change_max)s)
  AND (%(volume_min)s::float8 IS NULL OR d.volume >= %(volume_min)s)
  AND NOT EXISTS (SELECT 1 FROM unnest(%(words)s::text[]) word WHERE strpos("""
WHERE: LiteralString = FILTER + "i.search_form, word) = 0)"
KEYS: dict[str, LiteralString] = {
    "name": FOLDED + ' COLLATE "C"',
    "weapon_type": 'i.weapon_type COLLATE "C"',
    "wear": "array_position(%(wears)s::text[], i.wear)",
    "rarity": "array_position(%(rarities)s::text[], i.rarity)",
    "price": "l.price::float8 / i.price_scale",
    "volume": "d.volume",
    "turnover": "d.volume::float8 * l.price / i.price_scale",
    "listings": "l.listings",
    "source": 'l.source COLLATE "C"',
    "at": "l.time",
    "percent_change": "m.percent_change",
    "return_volatility": "m.return_volatility",
    "trend_slope": "m.trend_slope",
    "trend_r2": "m.trend_r2",
    "trend_score": "m.trend_score",
    "coefficient_of_variation": "m.coefficient_of_variation",
    "max_drawdown": "m.max_drawdown",
    "sharpe": "m.sharpe",
}


@pytest.fixture
def stocked(database: Database) -> Database:
    """Items with everything that may be there or missing, few distinct values so that many are equal."""
    draw = random.Random(730)
    with database.connection() as connection, connection.transaction():
        for at in range(1, ITEMS + 1):
            _item(connection, draw, at)
    return database


def _item(connection: psycopg.Connection, draw: random.Random, at: int) -> None:
    # Names that differ in the signs that nobody types are equal to the screener's order, too.
    name = (
        draw.choice(("★ ", "", "StatTrak™ ", "Étoile "))
        + f"{draw.choice(('AK-47 | Redline', 'Star', 'Case'))} {at % 60}"
    )
    reference = draw.choice((*SOURCES, None))
    connection.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug, weapon_type, wear, rarity, stattrak, souvenir,"
        " price_scale, reference_source) VALUES (%s, %s, %s, '', '', %s, %s, %s, %s, %s, %s, %s)",
        [
            at,
            f"market {at}",
            name,
            draw.choice((*TYPES, None)),
            draw.choice((*WEARS, None)),
            draw.choice((*RARITIES, None)),
            draw.random() < 1 / 4,
            draw.random() < 1 / 5,
            draw.choice((100, 100, 10**8)),
            reference,
        ],
    )
    for source in SOURCES:
        if draw.random() < 2 / 3:
            connection.execute(
                "INSERT INTO price_latest (item_id, source, time, stored_time, price, listings)"
                " VALUES (%s, %s, 'epoch'::timestamptz + %s * interval '1 minute', now(), %s, %s)",
                [at, source, draw.randint(0, 9), draw.randint(1, 30) * 50, draw.choice((None, 0, 1, 7))],
            )
        for window in WINDOWS:
            if draw.random() < 2 / 3:
                _measure(connection, draw, (at, source, window))


def _measure(connection: psycopg.Connection, draw: random.Random, key: tuple[int, str, str]) -> None:
    values = [draw.choice((None, -2.5, -1.0, 0.0, 0.25, 1.0, 40.0)) for _ in MEASURES]
    places = ", ".join(["%s"] * len(MEASURES))
    connection.execute(
        f'INSERT INTO item_metrics (item_id, source, "window", reference, volume, volume_rolling, samples, coverage, as_of,'  # noqa: S608
        f" computed_at, {', '.join(MEASURES)}) VALUES (%s, %s, %s, true, %s, %s, 20, 1, now(), now(), {places})",
        [*key, draw.choice((None, 0, 3, 500)), draw.random() < 1 / 2, *values],
    )


def expected(database: Database, query: Query) -> list[int]:
    """What SQL answers: unknown last either way, equals by id."""
    order: LiteralString = " DESC NULLS LAST" if query.descending else " ASC NULLS LAST"
    sql = "SELECT i.id " + FROM + WHERE + " ORDER BY " + KEYS[query.sort] + order + ", i.id"  # noqa: S608 - of constants
    words = search_words(query.search)
    parameters: dict[str, Any] = {
        name: list(getattr(query, name)) for name in ("weapon_type", "wear", "rarity", "source", "kinds")
    }
    parameters |= {
        name: getattr(query, name)
        for name in ("window", "price_min", "price_max", "change_min", "change_max", "volume_min")
    }
    parameters |= {"words": words, "wears": list(WEARS), "rarities": list(RARITIES)}
    return [row["id"] for row in database.rows(sql, parameters)]


def some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True, min_size=1, max_size=3).map(tuple)


FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "search": st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
    "weapon_type": some(*TYPES, "Unheard of"),
    "wear": some(*WEARS),
    "rarity": some(*RARITIES),
    "source": some(*SOURCES),
    "price_min": st.sampled_from((0, 5, 7.5)),
    "price_max": st.sampled_from((5, 7.5, 10)),
    "change_min": st.sampled_from((-1, 0, 0.25)),
    "change_max": st.sampled_from((-1, 0, 1)),
    "volume_min": st.sampled_from((0, 1, 3)),
    "kinds": some(*KINDS),
}
ORDERS = {"sort": st.sampled_from(SORTS), "descending": st.booleans(), "window": st.sampled_from(WINDOWS)}
QUERIES = st.sets(st.sampled_from(sorted(FILTERS)), max_size=3).flatmap(
    lambda chosen: st.builds(Query, **ORDERS, **{name: FILTERS[name] for name in sorted(chosen)})
)
ALL = st.builds(Query, **ORDERS)


def test_every_order_has_its_sql() -> None:
    assert set(KEYS) == set(SORTS)


@pytest.mark.slow
def test_the_screener_filters_and_orders_as_sql_does(stocked: Database) -> None:
    screener = Screener(stocked)
    sizes = []

    @PLAIN
    @given(QUERIES)
    def check(query: Query) -> None:
        found = screener.page(query, 0, ITEMS)
        wanted = expected(stocked, query)
        assert [row["id"] for row in found.rows] == wanted, query
        assert found.total == len(wanted)
        sizes.append(len(wanted))

    check()
    assert sum(1 < size < ITEMS for size in sizes) > 20, "the queries must not all be empty"


@pytest.mark.slow
def test_the_screeners_pages_together_hold_every_row_once(stocked: Database) -> None:
    screener = Screener(stocked)

    @PLAIN
    @given(ALL, st.integers(1, 60))
    def check(query: Query, size: int) -> None:
        pages = [screener.page(query, start, start + size) for start in range(0, ITEMS, size)]
        assert [row["id"] for page in pages for row in page.rows] == expected(stocked, query)
        assert {page.total for page in pages} == {ITEMS}

    check()


@pytest.mark.parametrize("window", WINDOWS)
def test_rows_hold_what_the_tables_hold(stocked: Database, window: str) -> None:
    columns = ", ".join(f"m.{name}" for name in MEASURES)
    wanted = stocked.rows(
        "SELECT i.id, i.market_hash_name AS name, i.price_scale AS scale, l.source, l.price, l.listings,"  # noqa: S608
        " (extract(epoch FROM l.time) * 1000)::bigint AS at, d.volume, d.volume * l.price AS turnover,"
        f" coalesce(m.samples, 0) AS samples, {columns} {FROM} ORDER BY i.id",
        {"window": window},
    )
    found = Screener(stocked).page(Query(window=window, sort="name"), 0, ITEMS).rows
    by_id = {row["id"]: row for row in found}
    assert [{name: by_id[row["id"]][name] for name in row} for row in wanted] == wanted


def test_facets_count_every_item_once(stocked: Database) -> None:
    found = Screener(stocked).facets()
    for name, column in (
        ("weapon_type", "i.weapon_type"),
        ("wear", "i.wear"),
        ("rarity", "i.rarity"),
        ("source", "l.source"),
    ):
        rows = stocked.rows(
            f"SELECT {column} AS name, count(*) AS n {FROM} WHERE {column} IS NOT NULL GROUP BY 1", {"window": "24h"}
        )
        assert dict(found[name]) == {row["name"]: row["n"] for row in rows}
    assert [name for name, _ in found["wear"]] == list(WEARS), "from the best wear to the worst"


def test_what_changed_shows_after_the_next_reading(stocked: Database) -> None:
    screener = Screener(stocked, refresh_seconds=3600)
    dear = Query(sort="price")
    first = screener.page(dear, 0, 1)
    [cheapest] = screener.page(Query(sort="price", descending=False), 0, 1).rows
    stocked.execute("UPDATE price_latest SET price = 10 ^ 15 WHERE item_id = %s", [cheapest["id"]])
    assert screener.page(dear, 0, 1).rows == first.rows, "nothing is read within a warm request"
    screener.refresh()
    now = screener.page(dear, 0, 1)
    assert now.rows[0]["id"] == cheapest["id"]
    assert now.version > first.version
    stocked.execute("UPDATE items SET weapon_type = 'Brand new' WHERE id = %s", [cheapest["id"]])
    stocked.execute("INSERT INTO items (id, market, market_hash_name, match_key, slug) VALUES (9999, 'm', 'n', '', '')")
    screener.refresh()
    assert screener.page(Query(), 0, 1).total == ITEMS + 1


def test_the_screener_answers_from_memory_while_the_database_is_down(stocked: Database) -> None:
    gone = Database("host=/nowhere dbname=none", size=1, wait=0.2)
    with pytest.raises(DatabaseDownError):
        Screener(gone).page(Query(), 0, 1)
    gone.close()
    pool = Database(stocked.url, size=1, wait=0.2)
    screener = Screener(pool, refresh_seconds=0)
    known = screener.page(Query(), 0, ITEMS)
    pool.close()
    assert screener.page(Query(), 0, ITEMS).total == known.total


@pytest.mark.parametrize("window", WINDOWS)
def test_a_run_that_changes_one_window_is_seen(stocked: Database, window: str) -> None:
    screener = Screener(stocked)
    before = screener.refresh()
    stocked.execute(
        "UPDATE item_metrics SET max_drawdown = 0.875, computed_at = computed_at + interval '1 minute'"
        ' WHERE "window" = %s',
        [window],
    )
    after = screener.refresh()
    assert set(after.measured[window].values["max_drawdown"][after.measured[window].samples > 0]) == {0.875}
    assert before.measured[window].values["max_drawdown"].tolist() != [0.875] * len(before)


def test_a_run_that_finds_nothing_new_leaves_the_measures_as_they_are(stocked: Database) -> None:
    screener = Screener(stocked)
    before = screener.refresh()
    stocked.execute("UPDATE item_metrics SET computed_at = computed_at + interval '1 minute'")
    assert screener.refresh().measured is before.measured
