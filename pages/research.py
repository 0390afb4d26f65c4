"""Research page: a signed-in user tries strategies on items and keeps what came out."""

from collections.abc import Sequence
from typing import Annotated, Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update
from pydantic import Field

from app.research import runs as research
from components.account import data
from components.research import form, run_view
from components.shell.account_menu import session_unchecked
from components.ui import context, markup, url_state
from components.ui.inputs import LARGEST, Name, Text, Times, Version
from components.ui.page import (
    Children,
    card,
    database_down,
    empty_state,
    error_state,
    page,
    page_header,
    register_page,
    skeleton,
)
from db.core.pool import DatabaseDownError
from db.items import items
from db.research import runs

PAGE, RUN = "research", "run"
BODY, CLOCK, VERSION = "research-body", "research-clock", "research-version"
CHOICE = url_state.control(PAGE, RUN)
DESCRIPTION = "Strategies on past prices, with the market's fees and trade protection."
REFRESH_MS = 1_500
HITS = 30
Amount = Annotated[float, Field(ge=0, le=LARGEST)] | Annotated[str, Field(max_length=300)] | None
Chosen = Annotated[list[Annotated[str, Field(max_length=12, pattern=r"^\d+$")]], Field(max_length=20)]


def register(app: Dash) -> None:
    register_page(
        __name__, path="/research", title="Research · Tracera", description="Strategies on past prices", layout=layout
    )
    url_state.register(app, PAGE, (RUN,))
    form.register(app)
    app.callback(
        Output(form.ITEMS, "data"),
        Input(form.ITEMS, "searchValue"),
        State(form.ITEMS, "value"),
        prevent_initial_call=True,
    )(update_choices)
    app.callback(
        Output(CHOICE, "value"),
        Output(VERSION, "data"),
        Output(form.SAID, "children"),
        Input(form.START, "n_clicks"),
        *form.STATES,
        prevent_initial_call=True,
    )(start_backtest)
    app.callback(
        *markup.outputs(BODY),
        Output(CHOICE, "data"),
        Output(CLOCK, "disabled"),
        Input(CHOICE, "value"),
        Input(VERSION, "data"),
        Input(CLOCK, "n_intervals"),
        Input("research-retry", "n_clicks", allow_optional=True),
    )(update_run)
    markup.register(app, BODY)


def layout(run: str | None = None, **_query: str) -> html.Div:
    caller = data.current_caller()
    if caller.unknown:
        return page(
            page_header("Research", DESCRIPTION),
            card(error_state("Your backtests cannot be shown right now", session_unchecked(caller))),
        )
    user_id = data.session_user(caller)
    if user_id is None:
        link = dcc.Link("Sign in", href="/sign-in?next=/research", className="button button-filled")
        words = "Sign in to try strategies on past prices, keep what came out, and share it by link."
        return page(
            page_header("Research", DESCRIPTION),
            card(empty_state("You are not signed in", words, link, symbol="research")),
        )
    try:
        kept = runs.of_user(context.database(), user_id)
    except DatabaseDownError:
        return page(page_header("Research", DESCRIPTION), card(database_down()))
    chosen_run = run if run and run.isascii() and run.isdigit() else run_view.NEW
    named: dict[str, Any] = {"aria-label": "Kept backtests"}
    chosen = dmc.Select(
        id=CHOICE, value=chosen_run, data=run_view.choices(kept, chosen_run), allowDeselect=False, size="sm", w={"base": 180, "sm": 260}, **named,
    )  # fmt: skip
    live: dict[str, Any] = {"aria-live": "polite"}
    body = html.Div(
        [
            form.form(),
            html.Div([html.P(id=run_view.LINK, className="research-link", **live), markup.frame(BODY, skeleton(420), className="research-run")],
                     className="page"),
        ],
        className="research-columns",
    )  # fmt: skip
    content = page(
        page_header("Research", DESCRIPTION, chosen),
        body,
        dcc.Store(id=VERSION),
        dcc.Interval(id=CLOCK, interval=REFRESH_MS, disabled=True),
    )
    return url_state.outermost(content, PAGE, {RUN: run_view.NEW})


def update_choices(text: Text | None, chosen: Chosen) -> Any:
    """Items of a search, and those that are chosen: the field forgets a value that is no choice any more."""
    if not text:
        return no_update
    database = context.database()
    try:
        found = items.some(database, [int(item) for item in chosen]) + items.search(database, text, HITS)
    except DatabaseDownError:
        return no_update
    return form.options(list({row["id"]: row for row in found}.values()))


def start_backtest(_clicks: Times, chosen: Chosen, strategy: Name, *values: Amount) -> tuple[Any, Any, str]:
    """The run that is open then, the version of what is kept, and what is wrong."""
    user_id = data.session_user(data.current_caller())
    if user_id is None:
        return no_update, no_update, "You signed out. Sign in again to run a backtest."
    try:
        request = form.read(
            chosen,
            strategy,
            dict(zip(form.LABELS, values, strict=False)),
            dict(zip(form.PLAIN, values[len(form.LABELS) :], strict=True)),
        )
        run_id = research.start(context.database(), user_id, request)
    except (ValueError, research.RunError) as error:
        return no_update, no_update, f"{str(error)[:1].upper()}{str(error)[1:]}"
    except DatabaseDownError:
        return no_update, no_update, "The database does not answer; nothing was started."
    return str(run_id), run_id, ""


def update_run(chosen: Name | None, _version: Version, _clock: Times, _retry: Times) -> tuple[Any, ...]:
    """The open run, all that are kept, and whether the clock rests."""
    user_id = data.session_user(data.current_caller())
    if user_id is None:
        return "", card(empty_state("You are not signed in", "You signed out meanwhile.", symbol="research")), [], True
    try:
        kept = runs.of_user(context.database(), user_id)
        known = chosen and chosen.isascii() and chosen.isdigit() and int(chosen) <= LARGEST
        run = runs.one(context.database(), user_id, int(chosen)) if known and chosen else None
    except DatabaseDownError:
        return no_update, database_down(retry="research-retry"), no_update, True
    is_new = chosen is None or chosen == run_view.NEW
    shown: Sequence[Children] = (
        run_view.run_cards(run) if run else [run_view.nothing(len(kept)) if is_new else run_view.gone()]
    )
    choices = run_view.choices(kept, chosen or run_view.NEW)
    return markup.to_html(shown), no_update, choices, not (run and run["state"] in run_view.UNDER_WAY)
