"""Transactions as CSV: written so that they read back alike, read with every bad line named."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.portfolio.files.csv_cells import CellError, read_amount, read_quantity, read_time, write_amount, write_time
from app.portfolio.files.text_decoding import FileError, decode
from app.spreadsheet import Cell, csv_text, unguard
from db.core.pool import Row
from db.portfolio.transactions import Transaction

COLUMNS: Final = ("date", "type", "item", "quantity", "price", "fee", "currency", "note", "reference")
NEEDED: Final = ("date", "type", "price")
KINDS: Final = ("buy", "sell", "drop", "trade", "fee")
ALIASES: Final = {
    "time": "date",
    "kind": "type",
    "market_hash_name": "item",
    "name": "item",
    "amount": "quantity",
    "external_id": "reference",
}
DELIMITERS: Final = (",", ";", "\t", "|")
MOST_LINES: Final = 200_000
MOST_ERRORS: Final = 1000
SEPARATOR: Final = re.compile(r'"?sep=(?P<mark>[^\r\n"])"?[ ,;\t|]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
"""The line that Excel puts in front to say what separates cells."""
LONGEST: Final = {"item": 300, "note": 2000, "reference": 200}


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be imported, counted from 1 with the header, and why."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file holds. `lines` says where each transaction begins."""

    transactions: list[Transaction]
    lines: list[int]
    bad: list[BadLine]
    encoding: str
    delimiter: str


def write_csv(rows: Iterable[Row]) -> str:
    """Transactions, oldest first, with a header; amounts in major units."""
    return csv_text([COLUMNS, *map(_cells, rows)], mark=False)


def read_csv(data: bytes, *, currency: str) -> Preview:
    """Understand a file; `currency` is that of lines which name none.

    Raises:
        FileError: it is no CSV with the columns that are needed, or too long.
    """
    text, encoding = decode(data)
    told = SEPARATOR.match(text)
    text = text[told.end() :] if told else text
    delimiter = told["mark"] if told else _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    bad: list[BadLine] = []
    lines = _lines(reader, bad, 2 if told else 1)
    header = next(lines, None)
    if header is None:
        raise FileError("the file is empty")
    places = _places(header[1])
    found: list[Transaction] = []
    at: list[int] = []
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(found) >= MOST_LINES:
            raise FileError(f"the file has more than {MOST_LINES:,} lines; import it in parts")
        if len(bad) >= MOST_ERRORS:
            bad.append(BadLine(line, f"more than {MOST_ERRORS} lines are bad; the rest was not read"))
            break
        try:
            found.append(_transaction(cells, places, len(header[1]), currency))
            at.append(line)
        except CellError as error:
            bad.append(BadLine(line, str(error)))
    return Preview(found, at, bad, encoding, delimiter)


def _lines(reader: Iterator[list[str]], bad: list[BadLine], first: int) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line each begins on; what the reader cannot read ends them."""
    line = first
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            bad.append(
                BadLine(line, f"the quotes do not match, or a cell is too long ({error}); nothing behind it was read")
            )
            return
        yield line, cells
        line = reader.line_num + first  # type: ignore[attr-defined]  # csv.reader's own


def _cells(row: Row) -> tuple[Cell, ...]:
    currency = row["currency"]
    return (
        write_time(row["time"], timed=row.get("timed", True)),
        row["kind"],
        row["market_hash_name"],
        row["quantity"],
        Decimal(write_amount(row["price"], currency)),
        Decimal(write_amount(row["fee"], currency)),
        currency,
        row["note"],
        row["external_id"],
    )


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(DELIMITERS, key=first.count)


def _places(header: Sequence[str]) -> dict[str, int]:
    """Which column is where, by name."""
    names = [name.strip().lower().replace(" ", "_") for name in header]
    places: dict[str, int] = {}
    for at, name in enumerate(names):
        known = ALIASES.get(name, name)
        if known in COLUMNS and known not in places:
            places[known] = at
    if missing := [name for name in NEEDED if name not in places]:
        raise FileError(
            f"the first line must name the columns; missing: {', '.join(missing)} (known: {', '.join(COLUMNS)})"
        )
    return places


def _transaction(cells: Sequence[str], places: dict[str, int], width: int, default_currency: str) -> Transaction:
    if len(cells) > width:
        raise CellError(f"{len(cells)} cells where the first line has {width}; put cells with a separator into quotes")
    text = {name: cells[at] if at < len(cells) else "" for name, at in places.items()}
    if any("\x00" in cell for cell in cells):
        raise CellError("it holds a zero character")
    kind = text["type"].strip().lower()
    if kind not in KINDS:
        raise CellError(f"type {text['type'][:40]!r} is none of {', '.join(KINDS)}")
    currency = text.get("currency", "").strip().upper() or default_currency
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):  # noqa: PLR2004  # ISO 4217
        raise CellError(f"currency {currency[:20]!r} is no ISO code such as USD")
    item = _text(text, "item")
    quantity = 0 if kind == "fee" else _quantity(text.get("quantity", ""), kind)
    if not item and kind != "fee":
        raise CellError(f"a {kind} needs an item")
    price = read_amount(text["price"], currency) if text["price"].strip() or kind != "drop" else 0
    if kind == "drop" and price:
        raise CellError("a drop costs nothing; its price must be 0 or empty")
    fee = text.get("fee", "")
    time, timed = read_time(text["date"])
    return Transaction(
        time=time,
        kind=kind,
        market_hash_name=item or None,
        quantity=quantity,
        price=price,
        fee=read_amount(fee, currency) if fee.strip() else 0,
        currency=currency,
        note=_text(text, "note"),
        external_id=_text(text, "reference") or None,
        timed=timed,
    )


def _quantity(text: str, kind: str) -> int:
    quantity = read_quantity(text) if text.strip() else 1
    if quantity == 0 or (quantity < 0 and kind != "trade"):
        raise CellError(f"a {kind} needs a quantity above 0")
    return quantity


def _text(cells: dict[str, str], name: str) -> str:
    found = unguard(cells.get(name, ""))
    if name == "item":
        found = found.strip()
    if len(found) > LONGEST[name]:
        raise CellError(f"the {name} is longer than {LONGEST[name]} characters")
    return found
