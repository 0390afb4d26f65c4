"""Portfolio owner: finds the signed-in user's portfolio; else shows sign-in and the form for a public profile."""

from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import dcc, html

from components.account import data
from components.shell.account_menu import session_unchecked
from components.ui import context
from components.ui.page import Children, card, empty_state, error_state
from db.core.pool import Row
from db.portfolio import portfolios

LARGEST_ID = 2**31 - 1
PATH = "/portfolio"


def selected_portfolio(portfolio_id: int | None) -> Row | None:
    """The signed-in user's portfolio of that id, the main one for None; None without a session or for another user's portfolio.

    Raises:
        DatabaseDownError: not now.
    """
    user_id = data.session_user(data.current_caller())
    if user_id is None:
        return None
    if portfolio_id is None:
        return portfolios.default(context.database(), user_id)
    if not 0 < portfolio_id <= LARGEST_ID:
        return None
    return portfolios.one(context.database(), user_id, portfolio_id)


def as_id(text: str | None) -> int | None:
    """A portfolio's number from the address; None for anything else."""
    known = text is not None and text.isascii() and text.isdigit() and len(text) < 11  # noqa: PLR2004
    return int(text) if known and text is not None else None


def signed_out_state() -> html.Div:
    """What the page would show, the way in, and what can be seen without it."""
    caller = data.current_caller()
    if caller.unknown:
        return html.Div(card(error_state("Your portfolio cannot be shown right now", session_unchecked(caller))))
    query = urlencode({"next": PATH})
    link = dcc.Link("Sign in", href=f"/sign-in?{query}", className="button button-filled")
    steam = "import your Steam inventory, " if context.has_items() else ""
    words = f"Sign in to {steam}record what you paid, and see value, profit and risk as prices move."
    state = empty_state("You are not signed in", words, link, symbol="portfolio")
    return html.Div([card(state), *([profile_value_form()] if context.has_items() else [])], className="portfolio-out")


def profile_value_form() -> Children:
    """A form that values any public inventory; assets/portfolio/profile_value.js sends it."""
    field = dmc.TextInput(
        name="profile",
        label="SteamID64, profile address or custom name",
        placeholder="https://steamcommunity.com/id/…",
        required=True,
        withAsterisk=False,
        autoComplete="off",
        inputProps={"minLength": 2, "maxLength": 200},
    )
    button = html.Button("Show its value", type="submit", className="button")
    form = html.Form([field, button], id="portfolio-look", className="portfolio-inline")
    words = html.P(
        "Any public CS2 inventory, read once and kept nowhere. Steam answers slowly: one profile in a while.",
        className="portfolio-note",
    )
    live_region: dict[str, Any] = {"aria-live": "polite"}
    return card(words, form, html.Div(id="portfolio-look-result", **live_region), title="Value a public profile")
