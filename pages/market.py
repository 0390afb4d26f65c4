"""How the market stands."""

import dash
from dash import Dash, html


def register(_app: Dash) -> None:
    dash.register_page(__name__, path="/", title="Market · Tracera", layout=layout)


def layout(**_query: str) -> html.Div:
    return html.Div("Market")
