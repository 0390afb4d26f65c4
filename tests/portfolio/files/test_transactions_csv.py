import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.portfolio.files.csv_cells import CellError, read_amount, read_quantity, read_time, write_amount
from app.portfolio.files.text_decoding import FileError
from app.portfolio.files.transactions_csv import read_csv, write_csv
from app.portfolio.transaction_limits import violation
from app.spreadsheet import RUNS, guard, unguard

TRAPS = ["'Two Times' McCoy | TACP Cavalry", "Music Kit | Knock2, dashstar*", "M4A4 | 龍王 (Dragon King) (Field-Tested)", "=1+1", "@SUM(A1)",
         "+cmd|' /C calc'!A0", '-2+3"quoted"', "'", "''", "\ttab", "line\nbreak", "line\r\nbreak", "★ Karambit", "\uff1dfull",
          " leading", ";", "|"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12", "USD", 1200), ("12.5", "USD", 1250), ("12,5", "EUR", 1250), ("1234.56", "USD", 123456), ("1.234,56", "EUR", 123456),
        ("1,234.56", "USD", 123456), ("1 234,56", "EUR", 123456), ("1\u202f234,56", "EUR", 123456), ("1'234.56", "CHF", 123456),
        ("1,234,567", "USD", 123456700), ("1.234.567", "EUR", 123456700), ("1,234,567.8", "USD", 123456780), ("155", "JPY", 155),
        ("1.2340", "KWD", 1234), ("0.234", "KWD", 234),
        ("1234.567", "KWD", 1234567), ("12,000", "JPY", 12000),
        ("12.000", "JPY", 12000), ("1,234.567", "KWD", 1234567), ("0", "USD", 0), ("0,03", "EUR", 3), ("12.50", "USD", 1250),
    ],
)  # fmt: skip
def test_amounts(text: str, currency: str, minor: int) -> None:
    assert read_amount(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1,234",
        "1.234",
        "1.2.3",
        "12.345,6.7",
        "-5",
        "1e3",
        "NaN",
        "Infinity",
        "٣",
        "$5",
        "12.3456",
        "9" * 30,
        "=5",
    ],
)
def test_amounts_that_are_none_or_two(text: str) -> None:
    with pytest.raises(CellError):
        read_amount(text, "USD")


@given(st.integers(0, 2**53 - 1), st.sampled_from(["USD", "JPY", "KWD"]))
def test_amounts_come_back(amount: int, currency: str) -> None:
    written = write_amount(amount, currency)
    if currency != "USD" or amount >= 0:
        assert read_amount(written, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"), [("1,234", "USD"), ("1.234", "KWD"), ("12,000", "KWD"), ("1.234", "EUR")]
)
def test_the_advice_for_what_has_two_readings_works(text: str, currency: str) -> None:
    with pytest.raises(CellError, match="two ways") as caught:
        read_amount(text, currency)
    great, small = str(caught.value).split("; write ")[1].split(" or ")
    assert read_amount(great, currency) >= 1000 * 10 ** (2 if currency != "KWD" else 3)
    assert read_amount(small, currency) < read_amount(great, currency)
    for wrong in ("1234.56", "x"):
        with pytest.raises(CellError, match=r"write 1234$"):
            read_amount(wrong, "JPY")


def test_times() -> None:
    noon = datetime(2024, 5, 31, 12, tzinfo=UTC)
    for text in (
        "2024-05-31T12:00:00Z",
        "2024-05-31 12:00",
        "31.05.2024 12:00",
        "2024-05-31T14:00:00+02:00",
        "2024/5/31 12:00",
    ):
        assert read_time(text) == (noon, True)
    assert read_time("31.5.2024 9:05") == read_time("2024-5-31 9:05:00") == (noon.replace(hour=9, minute=5), True)
    for text in ("31.5.2024", "2024-05-31", "20240531"):
        assert read_time(text) == (datetime(2024, 5, 31, tzinfo=UTC), False)
    assert read_time("2024-05-31 12") == (noon, True)
    assert read_time("2024-05-31T00:00Z") == (datetime(2024, 5, 31, tzinfo=UTC), True)
    for text in ("05/06/2024", "yesterday", "", "1999-12-31", "2024-13-01", "2200-01-01", "2024-05-31T25:00"):
        with pytest.raises(CellError):
            read_time(text)


def test_quantities() -> None:
    assert [read_quantity(text) for text in ("1", " 12 ", "-3", "1 000")] == [1, 12, -3, 1000]
    for text in ("1.5", "x", "", "1e3", "9" * 20):
        with pytest.raises(CellError):
            read_quantity(text)


@given(st.text() | st.sampled_from(TRAPS))
def test_cells_come_back_and_never_run(text: str) -> None:
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in set(RUNS)


def row(**values: Any) -> dict[str, Any]:
    return {"time": datetime(2024, 5, 31, 12, tzinfo=UTC), "kind": "buy", "market_hash_name": "Glove Case", "quantity": 2, "price": 350,
            "fee": 0, "currency": "USD", "note": "", "external_id": None, "timed": True, **values}  # fmt: skip


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)
rows = st.lists(
    st.builds(
        row,
        time=st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001  # bounds
        kind=st.sampled_from(["buy", "sell"]),
        market_hash_name=(names | st.sampled_from(TRAPS)).map(str.strip).filter(bool),
        quantity=st.integers(1, 10**9),
        price=st.integers(0, 2**53 - 1),
        fee=st.integers(0, 10**6),
        currency=st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
        note=names | st.sampled_from(TRAPS) | st.just(""),
        external_id=st.none() | names,
    )
)


@pytest.mark.slow
@given(rows, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_is_written_reads_back(written: list[dict[str, Any]], encoding: str) -> None:
    found = read_csv(write_csv(written).encode(encoding), currency="USD")
    assert found.bad == []
    assert [{name: getattr(one, name) for name in written[0]} for one in found.transactions] == written
    for cells in csv.reader(io.StringIO(write_csv(written), newline="")):
        assert not any(cell[:1] in RUNS for cell in cells if cell)


def test_every_bad_line_is_named() -> None:
    text = (
        "date;type;item;quantity;price;currency;note\n"
        "2024-05-31;buy;Glove Case;2;3,50;EUR;fine\n"
        'yesterday;buy;"a note\nover two lines";1;1;EUR;\n'
        "2024-05-31;gift;Glove Case;1;1;EUR;\n"
        "2024-05-31;buy;;1;1;EUR;\n"
        "\n"
        "2024-05-31;buy;Glove Case;0;1;EUR;\n"
        "2024-05-31;buy;Glove Case;1;1.234;EUR;\n"
        "2024-05-31;buy;Glove Case;1;1;Euro;\n"
        "2024-05-31;drop;Glove Case;1;5;EUR;\n"
        "2024-05-31;buy;Glove Case;1;1;EUR;x;y\n"
        "2024-05-31;sell;Glove Case;1;4;EUR;fine too\n"
    )
    found = read_csv(text.encode(), currency="USD")
    assert [bad.line for bad in found.bad] == [3, 5, 6, 8, 9, 10, 11, 12]
    words = ("no", "gift", "item", "quantity", "two ways", "EURO", "drop", "8 cells")
    for bad, word in zip(found.bad, ("date", *words[1:]), strict=True):
        assert word in bad.message
    assert [(one.kind, one.price) for one in found.transactions] == [("buy", 350), ("sell", 400)]
    assert found.lines == [2, 13]
    assert found.delimiter == ";"


def test_western_spreadsheets() -> None:
    text = "Date;Type;Name;Quantity;Price;Currency;Note\r\n31.05.2024;Buy;Müller | Größe;1;1.234,50;EUR;£\r\n"
    found = read_csv(text.encode("cp1252"), currency="USD")
    assert (found.encoding, found.bad) == ("cp1252", [])
    assert (found.transactions[0].market_hash_name, found.transactions[0].price) == ("Müller | Größe", 123450)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"a,b\n1,2", "missing: date, type, price"),
        (b"\xff\xfea", "utf-16"),
        (b"date,type,price\x81\x8d\n", "encoding"),
    ],
)
def test_files_that_are_none(data: bytes, words: str) -> None:
    with pytest.raises(FileError, match=words):
        read_csv(data, currency="USD")


@pytest.mark.parametrize("mark", [";", "\t", ",", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_line_that_excel_puts_in_front(mark: str, encoding: str) -> None:
    text = (
        f"sep={mark}\r\ndate;type;item;quantity;price\r\n2024-05-31;buy;Glove Case;1;1.50\r\nx;buy;A;1;1\r\n".replace(
            ";", mark
        )
    )
    found = read_csv(text.encode(encoding), currency="USD")
    assert (found.delimiter, found.lines, [bad.line for bad in found.bad]) == (mark, [3], [4])
    assert found.transactions[0].price == 150


@pytest.mark.parametrize("encoding", ["gb18030", "shift_jis", "cp1251", "big5"])
def test_other_encodings_are_refused_with_advice(encoding: str) -> None:
    item = "Нож" if encoding == "cp1251" else "運命"
    with pytest.raises(FileError, match="save it as CSV UTF-8"):
        read_csv(f"date,type,item,price\n2024-05-31,buy,{item},1\n".encode(encoding), currency="USD")
    with pytest.raises(FileError, match="workbook"):
        read_csv(b"PK\x03\x04rest", currency="USD")


def test_an_amount_that_64_bits_do_not_hold_is_refused_by_line() -> None:
    text = "date,type,item,quantity,price\n2024-05-31,buy,A,999999999999999,90000000000\n"
    ((_, wrong),) = [
        (one, violation(one, datetime(2026, 1, 1, tzinfo=UTC)))
        for one in read_csv(text.encode(), currency="USD").transactions
    ]
    assert wrong
    assert wrong[0] == "price"


def test_an_open_quote_and_a_zero_character_are_named() -> None:
    found = read_csv(b'date,type,item,price\n2024-05-31,buy,"A,1\n2024-05-31,buy,B,1\n', currency="USD")
    assert [bad.line for bad in found.bad] == [2]
    assert read_csv(b"date,type,item,price\n2024-05-31,buy,A\x00,1\n", currency="USD").bad[0].line == 2


@pytest.mark.slow
def test_a_hundred_thousand_lines() -> None:
    lines = "".join(f"2024-05-31,buy,Item {number},1,{number}.25,\n" for number in range(100_000))
    found = read_csv(f"date,type,item,quantity,price,note\n{lines}".encode(), currency="USD")
    assert (len(found.transactions), found.bad, found.lines[-1]) == (100_000, [], 100_001)
    assert found.transactions[-1].price == 9_999_925
    with pytest.raises(FileError, match="more than 200,000 lines"):
        read_csv(f"date,type,item,quantity,price,note\n{lines}{lines}{lines[:40]}".encode(), currency="USD")
