"""What the portfolio page says where there is nothing to show."""

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


def nothing_held(*, includes_steam: bool, linked: bool, transactions: bool) -> html.Section:
    """The next action: link Steam, import, or record what was bought."""
    actions: list[Children] = []
    words = "Record what you bought, and value, profit and risk appear here."
    if includes_steam:
        actions.append(import_button("Import from Steam", filled=True) if linked else link_steam(filled=True))
        words = (
            "Import your Steam inventory, and value, profit and risk appear here."
            if linked
            else "Link your Steam account to import its inventory, or record what you bought."
        )
    if transactions:
        go: dict[str, Any] = {"data-portfolio-open": "transactions"}
        actions.append(
            html.Button(
                [icon("plus", size=16), "Add a transaction"],
                type="button",
                className="button" if actions else "button button-filled",
                **go,
            )
        )
    return card(
        empty_state("Nothing here yet", words, html.Div(actions, className="state-buttons"), symbol="portfolio")
    )


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
