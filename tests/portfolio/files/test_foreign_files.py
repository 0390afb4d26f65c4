"""Files of other programs: their columns found or chosen, the good lines taken, the bad ones given back."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from app.portfolio.files.csv_columns import ColumnsError, Layout
from app.portfolio.files.transactions_csv import read_csv
from db.portfolio.transactions import Transaction
from tests.portfolio.conftest import Caller

CSV = "/portfolio/transactions/csv"


def read(text: str, **layout: Any) -> list[Transaction]:
    found = read_csv(text.encode(), currency="EUR", layout=Layout(**layout))
    assert found.bad == []
    return found.transactions


def told(one: Transaction) -> tuple[Any, ...]:
    return (
        f"{one.time:%Y-%m-%d}",
        one.kind,
        one.market_hash_name,
        one.quantity,
        one.price,
        one.currency,
        one.external_id,
    )


def test_purchases_and_sales_of_csfloat() -> None:
    bought = "item name,price,float,type,date bought,csfloat transaction id\nGlove Case,12.5,0.1,buy_now,2024-05-31T10:00:00Z,77\n"
    assert told(*read(bought)) == ("2024-05-31", "buy", "Glove Case", 1, 1250, "USD", "77")
    sold = bought.replace("bought", "sold").replace("77", "78")
    assert told(*read(sold)) == ("2024-05-31", "sell", "Glove Case", 1, 1250, "USD", "78")


def test_transactions_as_skinport_names_them() -> None:
    text = (
        "id,type,amount,fee,currency,market_hash_name,created_at\n"
        "1,credit,1.57,0.09,EUR,Glove Case,2021-10-11T21:22:24.425Z\n"
        "2,purchase,90.01,,EUR,AWP,2021-08-27\n"
    )
    sale, purchase = read(text)
    assert told(sale) == ("2021-10-11", "sell", "Glove Case", 1, 157, "EUR", None)
    assert (sale.fee, purchase.kind, purchase.price) == (9, "buy", 9001)


def test_a_sheet_of_somebodys_own() -> None:
    text = "Skin;Purchase Date;Purchase Price;Qty\nGlove Case;31.05.2024;€ 1,50;3\n"
    assert told(*read(text)) == ("2024-05-31", "buy", "Glove Case", 3, 150, "EUR", None)


def test_columns_that_the_reader_chooses() -> None:
    text = "Ding,Wann,Preis,Name\nGlove Case,2024-05-31,1.50 CNY,x\n"
    with pytest.raises(ColumnsError, match="missing: date, type, price") as refused:
        read(text)
    assert refused.value.places.as_json() == {
        "headers": ["Ding", "Wann", "Preis", "Name"], "chosen": {"item": "Name"}, "kind": None,
        "missing": ["date", "type", "price"], "program": None,
    }  # fmt: skip
    columns = {"item": "Ding", "date": "Wann", "price": "Preis"}
    assert told(*read(text, columns=columns, kind="buy", currency="CNY")) == (
        "2024-05-31", "buy", "Glove Case", 1, 150, "CNY", None,
    )  # fmt: skip
    (unnamed,) = read("date,type,price,item,note\n2024-05-31,buy,1,A,n\n", columns={"note": ""})
    assert unnamed.note == ""


TEXT = """date,type,item,quantity,price
2026-01-01,buy,Glove Case,2,1.00
2026-01-02,sell,Glove Case,3,2.00
x,buy,Glove Case,1,1
2026-01-03,sell,Glove Case,1,2.50
2026-01-04,sell,Glove Case,9,2.50
"2199-01-01",buy,"Glove, Case",1,1
"""


def test_good_lines_are_taken_and_the_bad_ones_come_back(me: Caller) -> None:
    seen = me.json("POST", f"{CSV}?preview=true", data=TEXT.encode())
    assert (seen["transactions"], seen["new"], seen["good"]) == (5, 5, 2)
    assert [bad["line"] for bad in seen["bad_lines"]] == [3, 4, 6, 7]
    refused = me.json("POST", CSV, 400, data=TEXT.encode())
    assert "nothing was imported" in refused["error"]
    taken = me.json("POST", f"{CSV}?good=true", 201, data=TEXT.encode())
    assert (taken["added"], taken["known"], taken["header"]) == (2, 0, "date,type,item,quantity,price")
    assert [bad["text"] for bad in taken["bad_lines"]] == [
        "2026-01-02,sell,Glove Case,3,2.00", "x,buy,Glove Case,1,1", "2026-01-04,sell,Glove Case,9,2.50",
        '2199-01-01,buy,"Glove, Case",1,1',
    ]  # fmt: skip
    mended = taken["header"] + "\n2026-01-02,buy,Glove Case,3,2.00\n"
    assert me.json("POST", f"{CSV}?good=true", 201, data=mended.encode()) == {"added": 1, "known": 0}
    again = me.json("POST", f"{CSV}?preview=true", data=TEXT.encode())
    assert (again["new"], again["known"], len(again["known_first"])) == (3, 2, 2)


def test_columns_over_the_api(me: Caller) -> None:
    text = b"Ding,Wann,Preis\nGlove Case,2024-05-31,1.50\n"
    refused = me.json("POST", f"{CSV}?preview=true", 400, data=text)
    assert (refused["columns"]["headers"], refused["columns"]["missing"]) == (
        ["Ding", "Wann", "Preis"],
        ["date", "type", "price"],
    )
    chosen = json.dumps({"item": "Ding", "date": "Wann", "price": "Preis"})
    query = urlencode({"columns": chosen, "kind": "buy", "currency": "CNY"})
    assert me.json("POST", f"{CSV}?{query}", 201, data=text) == {"added": 1, "known": 0}
    (row,) = me.json("GET", "/portfolio/transactions")
    assert (row["kind"], row["price"], row["currency"]) == ("buy", 150, "CNY")
    for wrong in ({"columns": '{"colour": "Ding"}'}, {"kind": "trade"}, {"currency": "yen"}):
        assert me.ask("POST", f"{CSV}?{urlencode(wrong)}", data=text).status_code == 400
