"""How transactions come in by every way, over HTTP: what is refused, what is there already, what a name means."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.items import matching
from app.portfolio.files.steam_history import read_pages
from app.portfolio.files.text_decoding import FileError
from app.portfolio.files.transaction_import import FIELDS, partition_known
from app.providers.base import Quote
from db.core.pool import Database
from db.portfolio.transactions import Transaction
from tests.portfolio.conftest import Caller

CASE = "Fracture Case"
CSV = "/portfolio/transactions/csv"
STEAM = "/portfolio/transactions/steam"
HEAD = "date,type,item,quantity,price\n"


def preview(me: Caller, text: str, query: str = "") -> Any:
    return me.json("POST", f"{CSV}?preview=true{query}", data=text.encode())


def take(me: Caller, text: str, query: str = "") -> Any:
    return me.json("POST", f"{CSV}?{query}", 201, data=text.encode())


def quoted(database: Database, *names: str) -> None:
    with database.connection() as connection:
        now = datetime.now(UTC)
        matching.match(
            connection, [Quote(market_hash_name=name, source="steam", price=1, quoted_at=now) for name in names]
        )


def history(*sales: tuple[int, int, str], time: int = 1_700_000_000, first: int = 1) -> dict[str, Any]:
    """A page of events, each (event type, hundredths, currency id)."""
    page: dict[str, Any] = {"events": [], "purchases": {}, "assets": {"730": {"2": {}}}}
    for at, (kind, amount, currency) in enumerate(sales, first):
        page["events"].append({"listingid": f"{at}", "purchaseid": "9", "event_type": kind})
        page["assets"]["730"]["2"][f"{at}"] = {"market_hash_name": CASE}
        page["purchases"][f"{at}_9"] = {
            "time_sold": time + at, "asset": {"appid": 730, "contextid": "2", "id": f"{at}", "amount": "1"},
            "paid_amount": amount, "paid_fee": 0, "currencyid": currency, "received_amount": amount, "received_currencyid": currency,
        }  # fmt: skip
    return page


@pytest.mark.parametrize(
    ("currency", "minor"),
    [("2008", 120), ("2016", 120), ("2015", 120), ("2025", 120), ("2038", 120_000), ("2001", 12_000), ("2003", 12_000)],
)
def test_steam_counts_every_wallet_in_hundredths(me: Caller, currency: str, minor: int) -> None:
    me.json("POST", STEAM, 201, data=orjson.dumps(history((4, 12_000, currency), (3, 13_000, currency))))
    rows = me.json("GET", "/portfolio/transactions")
    assert [row["price"] for row in rows] == [minor * 13 // 12, minor]


def test_pages_of_a_history_come_together_and_again(me: Caller) -> None:
    one, two = history((4, 100, "2001")), history((4, 100, "2001"), (4, 200, "2001"))
    together = orjson.dumps(one) + b"\n" + orjson.dumps(two)
    told = me.json("POST", f"{STEAM}?preview=true", data=together)
    assert (told["transactions"], told["new"], told["known"]) == (3, 2, 1)
    assert me.json("POST", STEAM, 201, data=orjson.dumps([two, one])) == {"added": 2, "known": 1, "left_out": []}
    assert me.json("POST", STEAM, 201, data=b"\xef\xbb\xbf" + together)["added"] == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"events": [', "line 1, character 13: this is not JSON"),
        (b"<html>", "line 1, character 1"),
        (b'{"events": []}\n[]\n{"event": 1}', "page 2 of 2: this is no Steam market history"),
        (b"", "no page"),
        (b"[" * 100_000, "nested"),
    ],
)
def test_a_malformed_history_is_reported_in_plain_words(data: bytes, words: str) -> None:
    with pytest.raises(FileError) as caught:
        read_pages(data)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("paid_amount", "a", "its paid_amount, 'a', is not a whole number"), ("currencyid", "2999", "its currency 2999"),
        ("time_sold", None, "it has no time_sold"), ("time_sold", 4_100_000_000, "lies in the future"), ("asset", 5, "the asset has no appid"),
        ("paid_amount", 10**19 - 1, "more than can be counted"), ("time_sold", 10**18, "no moment"), ("paid_fee", -1, "its paid_fee"),
    ],
)  # fmt: skip
def test_an_odd_event_is_left_out_in_plain_words(name: str, value: Any, words: str) -> None:
    page = history((4, 100, "2001"))
    page["purchases"]["1_9"][name] = value
    found = read_pages(json.dumps(page).encode())
    assert found.transactions == []
    assert found.exclusions[0].startswith("listing 1: ")
    assert words in found.exclusions[0]
    assert "Error" not in found.exclusions[0]


def test_a_file_and_our_export_come_in_twice(me: Caller) -> None:
    text = HEAD + f"2024-01-01,buy,{CASE},1,1.00\n2024-02-01,buy,{CASE},2,1.10\n2024-02-01,buy,{CASE},2,1.10\n"
    assert take(me, text) == {"added": 3, "known": 0}
    exported = me.ask("GET", "/portfolio/export?format=csv").data
    assert b"\r\n2024-02-01,buy" in exported
    told = preview(me, text)
    assert (told["transactions"], told["new"], told["known"], told["known_lines"]) == (3, 0, 3, [2, 3, 4])
    for again in (text.encode(), exported):
        assert me.json("POST", CSV, 201, data=again) == {"added": 0, "known": 3}
    more = text + f"2024-02-01,buy,{CASE},2,1.10\n"
    assert preview(me, more)["new"] == 1
    assert take(me, text, "again=true")["added"] == 3
    assert sum(row["quantity"] for row in me.json("GET", "/portfolio/transactions")) == 10


def test_days_that_an_older_version_stored_as_midnight_are_known(me: Caller, database: Database) -> None:
    text = (
        HEAD + f"2024-01-01,buy,{CASE},1,1.00\n2024-02-01,buy,{CASE},2,1.10\n2024-02-01T00:00:01Z,buy,{CASE},2,1.10\n"
    )
    assert take(me, text)["added"] == 3
    with database.connection() as connection:
        connection.execute("UPDATE portfolio_transactions SET timed = true")
    assert preview(me, text)["new"] == 0
    assert take(me, text) == {"added": 0, "known": 3}


transactions = st.builds(
    Transaction,
    time=st.integers(0, 3).map(lambda day: datetime(2024, 1, 1 + day, tzinfo=UTC)),
    kind=st.just("buy"),
    market_hash_name=st.sampled_from(["A", "B"]),
    quantity=st.integers(1, 2),
    price=st.integers(0, 2),
    fee=st.just(0),
    currency=st.just("USD"),
    external_id=st.sampled_from([None, None, "x", "y"]),
).map(
    lambda one: (
        one
        if one.external_id is None
        else Transaction(datetime(2024, 1, 9, tzinfo=UTC), "buy", one.external_id, 1, 1, 0, "USD", "", one.external_id)
    )
)


@pytest.mark.slow
@given(st.lists(st.lists(transactions, max_size=6), min_size=1, max_size=4), st.data())
def test_files_in_any_order_and_again_give_one_state(files: list[list[Transaction]], data: st.DataObject) -> None:
    def state(order: list[list[Transaction]]) -> list[Transaction]:
        kept: list[Transaction] = []
        for file in order:
            there = [{name: getattr(one, name) for name in FIELDS} for one in kept]
            kept += [file[at] for at in partition_known(file, there).fresh]
        return sorted(kept, key=repr)

    once = state(files)
    assert state(data.draw(st.permutations(files + files))) == once
    plain = [one for one in files[0] if one.external_id is None]
    assert [one for one in state(files[:1]) if one.external_id is None] == sorted(plain, key=repr)


@pytest.mark.parametrize("day", ["2062-11-01", "2062-11-01T10:00:00Z"])
def test_the_future_is_refused_on_every_way_in(me: Caller, day: str) -> None:
    text = HEAD + f"2024-01-01,buy,{CASE},1,1\n{day},buy,{CASE},4,1\n"
    assert [(bad["line"], "future" in bad["message"]) for bad in preview(me, text)["bad_lines"]] == [(3, True)]
    assert "line 3" in me.json("POST", CSV, 400, data=text.encode())["error"]
    one = {
        "time": "2062-11-01T00:00:00Z",
        "kind": "buy",
        "market_hash_name": CASE,
        "quantity": 1,
        "price": 1,
        "currency": "USD",
    }
    assert (
        "transactions.0.time: 2062"
        in me.json("POST", "/portfolio/transactions", 400, json={"transactions": [one]})["error"]
    )
    saved = me.json("GET", "/portfolio/export")
    saved["portfolios"][0]["transactions"] = [one]
    refused = me.json("POST", "/portfolio/restore", 400, data=orjson.dumps(saved))["error"]
    assert "portfolios.0.transactions.0.time" in refused
    assert me.json("GET", "/portfolio/transactions") == []
    soon = {**one, "time": (datetime.now(UTC) + timedelta(minutes=2)).isoformat()}
    me.json("POST", "/portfolio/transactions", 201, json={"transactions": [soon]})


def test_amounts_beyond_64_bits_are_refused_on_every_way_in(me: Caller) -> None:
    text = HEAD + f"2024-01-01,buy,{CASE},100000000000,1000000000.00\n"
    assert "more than can be counted" in preview(me, text)["bad_lines"][0]["message"]
    one = {
        "time": "2024-11-01T00:00:00Z",
        "kind": "buy",
        "market_hash_name": CASE,
        "quantity": 2,
        "price": 2**62,
        "currency": "USD",
    }
    assert (
        "transactions.0.price: 2 times"
        in me.json("POST", "/portfolio/transactions", 400, json={"transactions": [one]})["error"]
    )
    saved = me.json("GET", "/portfolio/export")
    saved["portfolios"][0]["transactions"] = [one]
    assert "transactions.0.price" in me.json("POST", "/portfolio/restore", 400, data=orjson.dumps(saved))["error"]
    assert me.json("GET", "/portfolio/transactions") == []


def test_names_match_as_those_of_feeds_do_and_near_ones_are_offered(me: Caller, database: Database) -> None:
    knife, ak, star = (
        "★ Karambit | Doppler (Factory New)",
        "AK-47 | Redline (Field-Tested)",
        "StatTrak™ AK-47 | Redline (Field-Tested)",
    )
    quoted(database, knife, ak, star)
    rows = ["Karambit | Doppler (Factory New)", "ak-47 | redline (field-tested)", "AK-47 | Redlin (Field-Tested)",
            "stattrak AK-47 | Redline (Field-Tested)", "Souvenir AK-47 | Redline (Field-Tested)"]  # fmt: skip
    text = HEAD + "".join(f"2024-03-01,buy,{name},1,1\n" for name in rows)
    told = preview(me, text)["names"]
    assert [(one["to"], one["lines"]) for one in told["renamed"]] == [(knife, [2]), (ak, [3]), (star, [5])]
    assert [(one["name"], one["near"], one["lines"]) for one in told["unknown"]] == [
        (rows[2], [ak], [4]),
        (rows[4], [], [6]),
    ]
    accepted = "&renames=" + json.dumps({rows[2]: ak})
    assert [one["name"] for one in preview(me, text, accepted)["names"]["unknown"]] == [rows[4]]
    take(me, text, accepted)
    kept = me.json("GET", "/portfolio/transactions")
    assert sorted((row["market_hash_name"], row["item_id"] is None) for row in kept) == sorted(
        [(knife, False), (ak, False), (ak, False), (star, False), (rows[4], True)]
    )
    assert take(me, text, accepted)["added"] == 0
    for wrong in ("{", "[]", json.dumps({"a": "b\x00"}), json.dumps({"a": 5})):
        assert me.ask(
            "POST", CSV, query_string={"preview": "true", "renames": wrong}, data=text.encode()
        ).status_code in (400, 422)


def test_a_row_is_known_again_after_its_item_is(me: Caller, database: Database) -> None:
    text = HEAD + "2024-03-01,buy,ak-47 | redline (field-tested),1,1\n"
    take(me, text)
    quoted(database, "AK-47 | Redline (Field-Tested)")
    assert take(me, text) == {"added": 0, "known": 1}


def test_a_day_without_a_time_stays_that_day(me: Caller) -> None:
    take(me, HEAD + f"2026-10-01,buy,{CASE},1,50.00\n2026-10-02T00:00:00Z,buy,{CASE},1,51.00\n")
    assert [(row["time"], row["timed"]) for row in me.json("GET", "/portfolio/transactions")] == [
        ("2026-10-02T00:00:00Z", True), ("2026-10-01T00:00:00Z", False),
    ]  # fmt: skip
    assert [lot["timed"] for lot in me.json("GET", "/portfolio/lots")] == [False, True]
    lines = me.ask("GET", "/portfolio/export?format=csv").text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["2026-10-01", "2026-10-02T00:00:00Z"]
    document = me.ask("GET", "/portfolio/export").data
    me.json("POST", "/portfolio/restore", data=document)
    assert [row["timed"] for row in me.json("GET", "/portfolio/transactions")] == [True, False]
    odd = {
        "time": "2024-11-01T10:00:00Z",
        "timed": False,
        "kind": "drop",
        "market_hash_name": CASE,
        "quantity": 2,
        "price": 0,
        "currency": "USD",
    }
    assert "start of its day" in me.json("POST", "/portfolio/transactions", 400, json={"transactions": [odd]})["error"]


def test_a_sale_without_a_time_is_of_any_moment_of_its_day(me: Caller) -> None:
    day = HEAD + f"2024-05-31T10:00:00Z,buy,{CASE},1,1.00\n2024-05-31,sell,{CASE},1,2.00\n"
    assert preview(me, day)["bad_lines"] == []
    assert take(me, day)["added"] == 2
    assert me.json("GET", "/portfolio")["realized_pnl"] == 100
    early = HEAD + f"2024-06-30T10:00:00Z,sell,{CASE},1,1.00\n2024-06-30T10:00:01Z,buy,{CASE},1,2.00\n"
    assert "gives away 1" in preview(me, early)["bad_lines"][0]["message"]
