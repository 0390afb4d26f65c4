"""Compare action: leads from an item, or from what is ticked in a grid, to the comparison."""

from typing import Any

from dash import dcc, html

from components.ui.icon import icon


def compare_link(item_id: int) -> dcc.Link:
    """Of an item or a pair."""
    return dcc.Link(
        [icon("compare", size=16), html.Span("Compare")],
        href=f"/compare?items={item_id}",
        className="compare-link",
        title="Beside other items and pairs",
    )


def chosen_link() -> html.A:
    """Of the rows that are ticked, hidden while there is none; assets/items/chosen.js says how many and where it leads."""
    attributes: dict[str, Any] = {"data-inner": "", "data-compare-link": ""}
    return html.A(
        [icon("compare", size=14), html.Span("Compare")],
        href="/compare",
        hidden=True,
        className="compare-link compare-chosen",
        **attributes,
    )
