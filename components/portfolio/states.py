"""Empty states of the portfolio page, and the controls of the import."""

from typing import Any

from dash import html

from components.ui.icon import icon
from components.ui.page import Children, card, empty_state, error_state

LINK_STEAM = "/api/v1/auth/steam?next=/portfolio"


def link_steam(*, filled: bool) -> html.A:
    """The way to Steam and back."""
    look = "button button-filled" if filled else "button"
    return html.A([icon("steam", size=16), "Link Steam"], href=LINK_STEAM, className=look)


def import_button(text: str, *, filled: bool) -> html.Button:
    """Starts an import, or joins the one that runs; assets/portfolio/import.js."""
    attributes: dict[str, Any] = {"data-portfolio-import": ""}
    look = "button button-filled" if filled else "button"
    return html.Button([icon("download", size=16), html.Span(text)], type="button", className=look, **attributes)


def nothing_held(*, includes_steam: bool, linked: bool, sample: bool) -> html.Section:
    """The next action: link Steam or import from there, a file, what was bought by hand, or a sample to look at first."""
    actions: list[Children] = []
    words = "Import a file or record what you bought, and value, profit and risk appear here."
    if includes_steam:
        actions.append(import_button("Import from Steam", filled=True) if linked else link_steam(filled=True))
        words = (
            "Import your Steam inventory or a file, and value, profit and risk appear here."
            if linked
            else "Link your Steam account to import its inventory, import a file, or record what you bought."
        )
    actions.append(_button("enter", "Import a CSV file", {"data-portfolio-file": "csv", "aria-haspopup": "dialog"}))
    actions.append(_button("plus", "Add a transaction", {"data-portfolio-open": "transactions"}))
    if sample:
        actions.append(_button("portfolio", "Try with a sample portfolio", {"data-portfolio-sample": ""}))
    return card(
        empty_state("Nothing here yet", words, html.Div(actions, className="state-buttons"), symbol="portfolio")
    )


def sample_banner(portfolio_id: int) -> html.Div:
    """Says that the trades are invented, and removes them in one click; assets/portfolio/sample.js."""
    attributes: dict[str, Any] = {"aria-label": "Sample portfolio"}
    remove: dict[str, Any] = {"data-portfolio-sample-remove": str(portfolio_id)}
    words = html.Span(
        [
            html.Strong("Sample portfolio: "),
            "invented trades at kept prices, to look around with. It goes with all that you change in it.",
        ]
    )
    button = html.Button("Replace with mine", type="button", className="button", **remove)
    return html.Div(
        [icon("info", size=18), html.Div([words, button], className="alert-words")],
        className="alert portfolio-sample",
        role="region",
        **attributes,
    )


def _button(symbol: str, text: str, attributes: dict[str, Any]) -> html.Button:
    return html.Button([icon(symbol, size=16), text], type="button", className="button", **attributes)


def gone() -> html.Section:
    """The session ended, or the portfolio was deleted, while the page was open."""
    again = html.A("Open the portfolio again", href="/portfolio", className="button button-filled")
    return card(error_state("This portfolio is not there any more", "You signed out, or it was deleted."), again)


def import_panel() -> html.Div:
    """Where an import tells how it is doing."""
    live: dict[str, Any] = {"role": "status"}
    return html.Div(id="portfolio-import", hidden=True, **live)


def imported_note() -> html.Span:
    """When the last import was."""
    place: dict[str, Any] = {"data-portfolio-imported": ""}
    return html.Span(className="portfolio-imported", **place)
