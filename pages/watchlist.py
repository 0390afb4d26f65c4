"""What the signed-in user watches, live."""

from typing import Any

from dash import Dash, Input, ctx, dcc, html

from components.account import data
from components.items.watch import nothing_watched, sign_in_first, watch_table
from components.shell.account_menu import cannot_check
from components.ui import context, markup
from components.ui.inputs import Times, Version
from components.ui.page import Children, card, error_state, page, page_header, register_page, skeleton_rows
from db.accounts import watchlist

ROWS, CLOCK, RETRY, VERSION = "watchlist-rows", "watchlist-clock", "watchlist-retry", "watchlist-version"
REFRESH_MS = 60_000


def register(app: Dash) -> None:
    register_page(__name__, path="/watchlist", title="Watchlist · Tracera", description="What you watch", layout=layout)
    app.callback(
        *markup.outputs(ROWS),
        Input(VERSION, "data"),
        Input(CLOCK, "n_intervals"),
        Input(RETRY, "n_clicks", allow_optional=True),
    )(update)
    markup.register(app, ROWS)


def layout(**_query: str) -> html.Div:
    header = page_header("Watchlist", "What you watch, with its newest price.")
    who = data.who()
    if who.unknown:
        return page(header, card(error_state("Your watchlist cannot be shown right now", cannot_check(who))))
    if data.session_user(who) is None:
        return page(header, card(sign_in_first()))
    return page(
        header,
        card(markup.frame(ROWS, skeleton_rows(6), className="watch-frame")),
        dcc.Store(id=VERSION),
        dcc.Interval(id=CLOCK, interval=REFRESH_MS),
    )


def update(_version: Version, _clock: Times, _retry: Times) -> tuple[Any, Any]:
    """The user's items; whose they are is asked again, for a page outlives its session."""
    who = data.who()

    def render() -> Children:
        if who.unknown:
            return error_state("Your watchlist cannot be shown right now", cannot_check(who))
        user_id = data.session_user(who)
        if user_id is None:
            return sign_in_first()
        rows = watchlist.lines(context.database(), user_id)
        return watch_table(rows) if rows else nothing_watched()

    return markup.answer(render, keep=bool(ctx.triggered_id == CLOCK), retry=RETRY)
