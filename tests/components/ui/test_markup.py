"""Components as HTML text: nothing in them can become markup by accident."""

from html.parser import HTMLParser

import dash_mantine_components as dmc
import pytest
from dash import dcc, html

from components.ui.live import live_price
from components.ui.markup import to_html

EVIL = "<script>alert(1)</script>\" onmouseover='x' &amp;"


class Reader(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_and_attributes_are_escaped() -> None:
    read = Reader(to_html(html.Div([html.Span(EVIL, title=EVIL), dcc.Link(EVIL, href=f"/items?q={EVIL}")])))
    assert read.tags == [
        ("div", {}),
        ("span", {"title": EVIL}),
        ("a", {"href": f"/items?q={EVIL}", "data-inner": ""}),
    ]
    assert read.text == EVIL * 2


def test_properties_become_attributes() -> None:
    cell = html.Td(
        "1", className="figure", colSpan=2, tabIndex=0, style={"flexGrow": 3, "--strength": "5%"}, hidden=True
    )
    expected = {
        "class": "figure",
        "colspan": "2",
        "tabindex": "0",
        "style": "flex-grow:3;--strength:5%",
        "hidden": None,
    }
    assert Reader(to_html(cell)).tags == [("td", expected)]


def test_lists_numbers_and_nothing() -> None:
    assert to_html([None, 1, 2.5, "a", [html.Br(), None]]) == "12.5a<br>"
    assert Reader(to_html(html.Img(src="/x.png", alt=""))).tags == [
        ("img", {"loading": "lazy", "src": "/x.png", "alt": ""})
    ]


def test_live_elements_keep_what_the_browser_needs() -> None:
    ((tag, attributes),) = Reader(to_html(live_price(42, 1250, source="steam", stale_after=60))).tags
    assert tag == "span"
    assert attributes["data-live-item"] == "42"
    assert attributes["data-live-source"] == "steam"
    assert attributes["data-live-price"] == "1250"


@pytest.mark.parametrize("component", [dmc.Button("x"), dcc.Store(id="x"), object()])
def test_what_needs_dash_is_refused(component: object) -> None:
    with pytest.raises(TypeError):
        to_html(component)
