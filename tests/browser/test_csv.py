"""CSV that the browser makes itself: the same rule as app/spreadsheet.py."""

import csv
import io
from typing import Any

from playwright.sync_api import Page

from app.spreadsheet import csv_text
from app.web.assets import ASSETS

TEXTS = ['=HYPERLINK("x")', "+1", "-1", "@a", "\ta", "\ra", "\na", "'", "'=", "\uff1d1", "\uff0b", "\uff0d", "\uff20"]
TEXTS += ["a,b", 'a"b', "a\r\nb", "★", ""]
ROWS: list[list[Any]] = [["name", "figure"], *([text, -2.5] for text in TEXTS), [None, -1]]
LOAD = """async (code) => {
  window.csv = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
}"""


def test_a_script_writes_what_the_server_would(page: Page) -> None:
    page.goto("about:blank")
    page.evaluate(LOAD, (ASSETS / "ui" / "csv.js").read_text(encoding="utf-8"))
    made = page.evaluate("async (rows) => [...new Uint8Array(await csv.csvFile(rows).arrayBuffer())]", ROWS)
    text = bytes(made).decode("utf-8")
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text, newline=""))) == list(
        csv.reader(io.StringIO(csv_text(ROWS, mark=True), newline=""))
    )
    lines = page.evaluate("(rows) => csv.csvLines(rows, '\\t')", [["=1", "a\tb", -3]])
    assert lines == ['\'=1\t"a\tb"\t-3']
