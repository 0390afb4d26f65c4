"""Compare page: up to ten items and pairs on one chart, with their figures and correlations."""

from datetime import UTC, datetime
from typing import Any, Literal

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update

from app.compare.comparison import compare
from app.compare.windows import DEFAULT, WINDOWS
from components.compare import chart, chosen, view
from components.compare.chosen import FIELD, ITEMS, PAGE
from components.ui import clientside, context, markup, url_state
from components.ui.inputs import Text, Times
from components.ui.page import card, database_down, page, page_header, register_page, skeleton
from db.core.pool import DatabaseDownError
from db.items import items

BODY, RETRY = "compare-body", "compare-retry"
DESCRIPTION = "Items and pairs side by side, each 100 at the first moment that all have."
HITS = 30
CHOICE = Input(url_state.control(PAGE, ITEMS), "value")
WINDOW = Input(url_state.control(PAGE, "window"), "value")
Listed = Literal["24h", "7d", "30d", "90d", "1y"]


def register(app: Dash) -> None:
    register_page(__name__, path="/compare", title="Compare · Tracera", description="Items side by side", layout=layout)
    url_state.register(app, PAGE, (ITEMS, "window"))
    chart.register(app)
    clientside.add(app, "compare", "choose", Input(FIELD, "value"), prevent_initial_call=True)
    clientside.add(app, "compare", "adopt", CHOICE, prevent_initial_call=True)
    app.callback(
        Output(FIELD, "data"), Input(FIELD, "searchValue"), CHOICE, State(FIELD, "value"), prevent_initial_call=True
    )(update_choices)
    app.callback(
        Output(chart.DATA, "data"),
        Output(chart.CARD, "hidden"),
        Output("compare-since", "children"),
        *markup.outputs(BODY),
        CHOICE,
        WINDOW,
        Input(RETRY, "n_clicks", allow_optional=True),
    )(update_comparison)
    markup.register(app, BODY)


def layout(**query: str) -> html.Div:
    text = query.get(ITEMS, "")[: chosen.LONGEST]
    try:
        ids = chosen.read(text).ids
        found = sorted(items.some(context.database(), ids), key=lambda row: ids.index(row["id"]))
    except DatabaseDownError:
        found = []  # the callback says so
    named: dict[str, Any] = {"aria-label": "Window"}
    windows = dmc.SegmentedControl(
        id=url_state.control(PAGE, "window"),
        value=url_state.one_of(query, "window", list(WINDOWS), DEFAULT),
        data=list(WINDOWS),
        size="xs",
        **named,
    )
    content = page(
        page_header("Compare", DESCRIPTION),
        card(chosen.field(text, found)),
        chart.chart_card(windows, found),
        markup.frame(BODY, card(skeleton(280)), className="compare-body"),
    )
    return url_state.outermost(content, PAGE, {ITEMS: "", "window": DEFAULT})


def update_choices(text: Text | None, choice: Text | None, shown: chosen.Shown) -> Any:
    """Items of a search, and those that are chosen: the field forgets a value that is no choice any more."""
    database = context.database()
    wanted = {*chosen.read(choice or "").ids, *(int(item) for item in shown or [])}
    try:
        found = items.some(database, list(wanted)) + (items.search(database, text, HITS) if text else [])
    except DatabaseDownError:
        return no_update
    return chosen.options(list({row["id"]: row for row in found}.values()))


def update_comparison(choice: Text | None, window: Listed, _retry: Times) -> tuple[Any, ...]:
    """The chart's data, whether its card is hidden, since when, and what stands below."""
    read = chosen.read(choice or "")
    database = context.database()
    try:
        known = items.some(database, read.ids)
        said = [*read.said, *chosen.unknown(read.ids, known)]
        if not known:
            return None, True, "", markup.to_html([*view.notes(said), card(view.nothing())]), no_update
        found = compare(database, read.ids, window, datetime.now(UTC))
    except DatabaseDownError:
        return None, True, "", "", card(database_down(retry=RETRY))
    data = chart.chart_data(found)
    return data, data is None, view.since_text(found), markup.to_html(view.parts(found, said)), no_update
