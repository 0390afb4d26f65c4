"""CSV for people's spreadsheets: the one writer, and the guard against cells that run as formulas.

https://owasp.org/www-community/attacks/CSV_Injection; assets/ui/csv.js follows the same rule in the browser.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

RUNS: Final = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""First characters that make a spreadsheet take a cell for a formula, full-width ones too."""
QUOTE: Final = "'"
MARK: Final = "\ufeff"
"""The byte order mark: it tells spreadsheets that a file is UTF-8."""

Cell = str | int | float | Decimal | None


def csv_text(rows: Iterable[Sequence[Cell]], *, mark: bool) -> str:
    """Rows as CSV (RFC 4180): text is guarded, numbers are written as they are, None is empty.

    Args:
        rows: the header first.
        mark: whether it begins with the byte order mark, as a file should that a person opens in a spreadsheet.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return (MARK if mark else "") + out.getvalue()


def guard(text: str) -> str:
    """A text cell that no spreadsheet runs: an apostrophe is put in front of what begins like a formula."""
    return QUOTE + text if text[:1] and text[0] in RUNS + QUOTE else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if len(text) > 1 and text[0] == QUOTE and text[1] in RUNS + QUOTE else text


def _written(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return guard(cell)
    return f"{cell:f}" if isinstance(cell, Decimal) else cell
