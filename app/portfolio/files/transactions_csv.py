"""Transactions as CSV: written so that they read back alike, read with every bad line named."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.portfolio.files.csv_cells import CellError, read_amount, read_quantity, read_time, write_amount, write_time
from app.portfolio.files.csv_columns import COLUMNS, KINDS, Layout, Places, find_columns, kind_of, without_sign
from app.portfolio.files.text_decoding import FileError, decode
from app.spreadsheet import Cell, csv_text, unguard
from db.core.pool import Row
from db.portfolio.transactions import Transaction

DELIMITERS: Final = (",", ";", "\t", "|")
MAX_LINES: Final = 200_000
MAX_ERRORS: Final = 1000
SEPARATOR: Final = re.compile(r'"?sep=(?P<mark>[^\r\n"])"?[ ,;\t|]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
"""The line that Excel puts in front to say what separates cells."""
MAX_LENGTHS: Final = {"item": 300, "note": 2000, "reference": 200}


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be imported, counted from 1 with the header, and why."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file holds. `lines` says where each transaction begins, `places` where the columns are."""

    transactions: list[Transaction]
    lines: list[int]
    bad: list[BadLine]
    encoding: str
    delimiter: str
    places: Places


def write_csv(rows: Iterable[Row]) -> str:
    """Transactions, oldest first, with a header; amounts in major units."""
    return csv_text([COLUMNS, *map(_cells, rows)], mark=False)


def read_csv(data: bytes, *, currency: str, layout: Layout | None = None) -> Preview:
    """Understand a file; `currency` is that of lines which name none, `layout` what the reader says of its columns.

    Raises:
        FileError: it is no CSV with the columns that are needed (`ColumnsError`), or too long.
    """
    reader, first, encoding, delimiter = _opened(data)
    bad: list[BadLine] = []
    lines = _lines(reader, bad, first)
    header = next(lines, None)
    if header is None:
        raise FileError("the file is empty")
    places = find_columns(header[1], layout or Layout())
    default = places.currency or currency
    found: list[Transaction] = []
    at: list[int] = []
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(found) >= MAX_LINES:
            raise FileError(f"the file has more than {MAX_LINES:,} lines; import it in parts")
        if len(bad) >= MAX_ERRORS:
            bad.append(BadLine(line, f"more than {MAX_ERRORS} lines are bad; the rest was not read"))
            break
        try:
            found.append(_transaction(cells, places, default))
            at.append(line)
        except CellError as error:
            bad.append(BadLine(line, str(error)))
    return Preview(found, at, bad, encoding, delimiter, places)


def written_lines(data: bytes, wanted: Collection[int]) -> tuple[str, dict[int, str]]:
    """The header of a file and some of its lines, by number, as they may be pasted and read again."""
    reader, first, _, delimiter = _opened(data)
    rows = _lines(reader, [], first)
    header = next(rows, (first, []))[1]
    found = {line: _written(cells, delimiter) for line, cells in rows if line in wanted}
    return _written(header, delimiter), found


def _written(cells: Sequence[str], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(cells)
    return text.getvalue()


def _opened(data: bytes) -> tuple[Iterator[list[str]], int, str, str]:
    """Rows, the number of the first line, the encoding and what separates cells."""
    text, encoding = decode(data)
    declared = SEPARATOR.match(text)
    text = text[declared.end() :] if declared else text
    delimiter = declared["mark"] if declared else _delimiter(text)
    return (
        csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True),
        2 if declared else 1,
        encoding,
        delimiter,
    )


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


def _transaction(cells: Sequence[str], places: Places, default_currency: str) -> Transaction:
    width = len(places.headers)
    if len(cells) > width:
        raise CellError(f"{len(cells)} cells where the first line has {width}; put cells with a separator into quotes")
    text = {name: cells[at] if at < len(cells) else "" for name, at in places.at.items()}
    if any("\x00" in cell for cell in cells):
        raise CellError("it holds a zero character")
    kind = kind_of(text.get("type", "")) or places.kind or ""
    if kind not in KINDS:
        raise CellError(f"type {text.get('type', '')[:40]!r} is none of {', '.join(KINDS)}")
    currency = text.get("currency", "").strip().upper() or default_currency
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):  # noqa: PLR2004  # ISO 4217
        raise CellError(f"currency {currency[:20]!r} is no ISO code such as USD")
    item = _text(text, "item")
    quantity = 0 if kind == "fee" else _quantity(text.get("quantity", ""), kind)
    if not item and kind != "fee":
        raise CellError(f"a {kind} needs an item")
    paid = without_sign(text["price"], currency)
    price = read_amount(paid, currency) if paid or kind != "drop" else 0
    if kind == "drop" and price:
        raise CellError("a drop costs nothing; its price must be 0 or empty")
    fee = without_sign(text.get("fee", ""), currency)
    time, timed = read_time(text["date"])
    return Transaction(
        time=time,
        kind=kind,
        market_hash_name=item or None,
        quantity=quantity,
        price=price,
        fee=read_amount(fee, currency) if fee else 0,
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
    if len(found) > MAX_LENGTHS[name]:
        raise CellError(f"the {name} is longer than {MAX_LENGTHS[name]} characters")
    return found
