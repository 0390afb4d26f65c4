"""Export, wipe, import: the same state, whatever was in it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api.replies import encode
from app.portfolio.files import archive
from app.portfolio.files.text_decoding import FileError
from app.portfolio.files.transaction_import import take
from app.portfolio.files.transactions_csv import read_csv, write_csv
from app.portfolio.history import valuations
from db.core.pool import Database, Row
from db.portfolio import deletions, portfolios, restore, snapshots, transactions
from db.portfolio.holdings import Asset, replace
from db.portfolio.transactions import Transaction
from jobs.valuation import Valuation
from tests.portfolio.conftest import Person, add_person
from tests.portfolio.files.test_transactions_csv import TRAPS
from tests.portfolio.shop import AK, Shop

START = datetime(2024, 1, 1, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30) | st.sampled_from(
    TRAPS
)
names = texts.map(str.strip).filter(bool)
entry_lists = st.lists(
    st.builds(
        Transaction,
        time=st.integers(0, 10**13).map(lambda us: START + timedelta(microseconds=us)),
        kind=st.sampled_from(["buy", "sell"]),
        market_hash_name=names,
        quantity=st.integers(1, 10**6),
        price=st.integers(0, 10**12),
        fee=st.integers(0, 10**6),
        currency=st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
        note=texts,
        external_id=st.none(),
    ),
    max_size=12,
)
odd = st.builds(
    Transaction, time=st.just(START), kind=st.just("trade"), market_hash_name=names, quantity=st.integers(-5, -1), price=st.integers(0, 9),
    fee=st.just(0), currency=st.just("USD"),
) | st.builds(
    Transaction, time=st.just(START), kind=st.just("fee"), market_hash_name=st.none(), quantity=st.just(0), price=st.integers(0, 9),
    fee=st.just(0), currency=st.just("USD"),
)  # fmt: skip
assets = st.lists(
    st.builds(
        Asset,
        steam_asset_id=st.integers(0, 10**18).map(str),
        market_hash_name=names,
        quantity=st.integers(1, 10**6),
        marketable=st.booleans(),
        tradable=st.booleans(),
        tradable_after=st.none() | st.just(START),
        float_value=st.none() | st.floats(0, 1),
        paint_seed=st.none() | st.integers(0, 1000),
        name_tag=st.none() | texts,
        icon=st.none() | texts,
    ),
    max_size=8,
    unique_by=lambda asset: asset.steam_asset_id,
)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def state(database: Database, user_id: int) -> Any:
    """What the export says, without the moment it was made."""
    document = orjson.loads(encode(archive.export(database, user_id)))
    del document["exported_at"]
    return document


@pytest.mark.slow
@QUICK
@given(first=entry_lists, second=entry_lists, more=st.lists(odd, max_size=3), held=assets)
def test_export_wipe_import_is_the_same(
    database: Database, first: list[Transaction], second: list[Transaction], more: list[Transaction], held: list[Asset]
) -> None:
    person = add_person(database, None)
    main = portfolios.default(database, person.id)
    other = portfolios.create(database, person.id, '=Other, "one"', "EUR")
    assert other
    portfolios.change(database, person.id, other["id"], cost_method="hifo", price_source="best")
    take(database, main, [*first, *more])
    take(database, other, second)
    with database.connection() as connection:
        replace(connection, person.id, "1", held, hidden=0, now=START)
    Valuation(database, {}).run(START)
    Valuation(database, {}).run(START + timedelta(hours=1))
    document = encode(archive.export(database, person.id))
    before = state(database, person.id)
    assert len(before["portfolios"][0]["snapshots"]) == 2
    with database.connection() as connection:
        restore.restore(connection, person.id, [], [])
    assert state(database, person.id) == {**before, "portfolios": [], "steam_holdings": []}
    told = archive.restore(database, person.id, document)
    assert told == {"portfolios": 2, "transactions": len(first) + len(more) + len(second), "steam_holdings": len(held)}
    assert state(database, person.id) == before
    # Into another account too, and over what is there.
    stranger = add_person(database, None)
    archive.restore(database, stranger.id, document)
    archive.restore(database, stranger.id, document)
    assert state(database, stranger.id) == before


@pytest.mark.slow
@QUICK
@given(entries=entry_lists, more=st.lists(odd, max_size=3))
def test_csv_wipe_import_is_the_same(database: Database, entries: list[Transaction], more: list[Transaction]) -> None:
    person = add_person(database, None)
    main = portfolios.default(database, person.id)
    take(database, main, [*entries, *more])
    before = transactions.every(database, person.id, main["id"])
    found = read_csv(write_csv(before).encode("utf-8-sig"), currency="USD")
    assert found.bad == []
    with database.connection() as connection:
        deletions.delete(connection, person.id, main["id"], [row["id"] for row in before])
    assert transactions.every(database, person.id, main["id"]) == []
    take(database, main, found.transactions)
    after = transactions.every(database, person.id, main["id"])
    assert [{**row, "id": 0} for row in after] == [{**row, "id": 0} for row in before]


def test_valuation_goes_on_after_a_restore(database: Database, person: Person) -> None:
    portfolios.default(database, person.id)
    Valuation(database, {}).run(START)
    saved = orjson.loads(encode(archive.export(database, person.id)))
    saved["portfolios"][0]["snapshots"][0] |= {"value": 500, "growth": 1.5, "deposits": 400}
    archive.restore(database, person.id, orjson.dumps(saved))
    Valuation(database, {}).run(START + timedelta(hours=1))
    last = state(database, person.id)["portfolios"][0]["snapshots"][-1]
    assert (last["value"], last["growth"], last["deposits"], last["withdrawals"]) == (0, 1.5, 400, 500)


def test_valuations_of_an_invented_market_stay_told_apart(
    database: Database, shop: Shop, person: Person, mine: Row
) -> None:
    """After a restore too, returns at real prices begin at the first real one."""
    ak = shop.item(AK, "demo")
    shop.price(ak, 1000, "demo", START)
    take(database, mine, [Transaction(START, "buy", AK, 1, 500, 0, "USD")])
    Valuation(database, {}).run(START + timedelta(hours=1))
    database.execute("UPDATE items SET reference_source = 'steam'")
    shop.price(ak, 800, "steam", START)
    Valuation(database, {}).run(START + timedelta(hours=2))
    document = encode(archive.export(database, person.id))
    archive.restore(database, person.id, document)
    main = portfolios.default(database, person.id)
    assert [row["simulated"] for row in snapshots.series(database, person.id, main["id"])] == [True, False]
    assert [row["time"] for row in valuations(database, main)] == [START + timedelta(hours=2)]
    # An archive of an older version does not say it.
    old = orjson.loads(document)
    for row in old["portfolios"][0]["snapshots"]:
        del row["simulated"]
    archive.restore(database, person.id, orjson.dumps(old))
    main = portfolios.default(database, person.id)
    assert [row["simulated"] for row in snapshots.series(database, person.id, main["id"])] == [False, False]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda saved: saved.update(format="other"), "format"),
        (lambda saved: saved.update(surprise=1), "surprise"),
        (lambda saved: saved["portfolios"].append(saved["portfolios"][0]), "one name"),
        (lambda saved: saved["portfolios"][0].update(cost_method="guess"), "cost_method"),
        (lambda saved: saved["portfolios"][0]["transactions"][0].update(price=-1), "price"),
        (lambda saved: saved["portfolios"][0]["transactions"][0].update(quantity=0), "cannot be"),
        (lambda saved: saved["portfolios"][0]["transactions"][0].update(time="2024-01-01T00:00:00"), "timezone"),
        (lambda saved: saved["portfolios"][0]["transactions"][0].update(market_hash_name="a\x00b"), "zero character"),
        (lambda saved: saved["steam_holdings"][0].update(quantity=2**60), "quantity"),
        (lambda saved: saved["steam_holdings"].append(saved["steam_holdings"][0]), "asset twice"),
    ],
)
def test_a_document_that_is_wrong_changes_nothing(database: Database, person: Person, spoil: Any, words: str) -> None:
    main = portfolios.default(database, person.id)
    take(database, main, [Transaction(START, "buy", "Glove Case", 1, 100, 0, "USD")])
    with database.connection() as connection:
        replace(connection, person.id, "1", [Asset("1", "Glove Case", 1)], hidden=0, now=START)
    before = state(database, person.id)
    saved = orjson.loads(encode(archive.export(database, person.id)))
    spoil(saved)
    with pytest.raises(FileError, match=words):
        archive.restore(database, person.id, orjson.dumps(saved))
    assert state(database, person.id) == before
    with pytest.raises(FileError):
        archive.restore(database, person.id, encode(saved)[:-20])
    assert state(database, person.id) == before
