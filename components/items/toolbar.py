"""Toolbar: the buttons over a grid of items, on the pages of items and of watchlists."""

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html

from components.compare.button import chosen_link
from components.items.filters import check_box, drop_down
from components.ui.icon import icon
from components.ui.page import Children


def toolbar(page: str, first: dmc.Button, columns: Sequence[tuple[str, str, str, int, bool]]) -> list[Children]:
    """What is ticked, a page's own button, then the choice of columns, Copy and CSV; ids begin with the page's name."""
    boxes = [check_box(field, head) for field, head, *_ in columns]
    at_first = [column[0] for column in columns if column[4]]
    group = dmc.CheckboxGroup(boxes, id=f"{page}-columns", value=at_first, className="items-choices")
    opener = button("Columns", f"{page}-columns-button", "columns")
    return [
        chosen_link(),
        first,
        html.Div(drop_down(opener, group, position="bottom-end"), className="items-wide"),
        html.Div(button("Copy", f"{page}-copy", "copy"), className="items-wide"),
        button("CSV", f"{page}-csv", "download"),
    ]


def button(label: str, name: str, symbol: str) -> dmc.Button:
    """One of them."""
    return dmc.Button(label, id=name, variant="default", size="xs", leftSection=icon(symbol, size=14))
