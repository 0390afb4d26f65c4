"""Live figures of a portfolio, updated in the browser as prices come."""

from typing import Any

from dash import html

from components.ui.page import Children


def hook(name: str, content: Children) -> html.Span:
    """A figure that assets/portfolio/live.js keeps right as prices come."""
    attributes: dict[str, Any] = {"data-portfolio-figure": name}
    return html.Span(content, **attributes)
