"""Shared backtest: the result of one, by link, read only."""

from typing import Any

from dash import Dash, Input, dcc, html

from app.research import runs as research
from components.research.result_view import result_cards
from components.research.run_view import unknown_link
from components.ui import context, markup, shared_link
from components.ui.format import date_text
from components.ui.inputs import Name, Times
from components.ui.page import Children, card, page, page_header, register_page, skeleton

PREFIX = "/research/shared/"
BODY, TOKEN = "research-shared", "research-token"


def register(app: Dash) -> None:
    register_page(
        __name__,
        path_template=f"{PREFIX}<token>",
        title="Shared backtest · Tracera",
        description="A backtest that somebody shares",
        layout=layout,
    )
    app.callback(
        *markup.outputs(BODY), Input(TOKEN, "data"), Input("research-shared-retry", "n_clicks", allow_optional=True)
    )(update_shared)
    markup.register(app, BODY)
    shared_link.register(app.server, PREFIX, lambda token: research.shared(context.database(), token) is not None)


def layout(token: str | None = None, **_query: str) -> html.Div:
    return page(
        page_header("Shared backtest", "What a strategy would have done. Read only."),
        markup.frame(BODY, card(skeleton(420)), className="research-run"),
        dcc.Store(id=TOKEN, data=token),
    )


def update_shared(token: Name, _retry: Times) -> tuple[Any, Any]:
    """The result, or that the link shows nothing."""

    def render() -> Children:
        found = research.shared(context.database(), token)
        if found is None:
            return unknown_link()
        name = html.Div(
            [
                html.H2(found["name"], className="card-title"),
                html.Span(date_text(found["finished_at"]), className="muted"),
            ],
            className="research-head",
        )
        return [name, *result_cards(found["result"])]

    return markup.answer(render, keep=False, retry="research-shared-retry")
