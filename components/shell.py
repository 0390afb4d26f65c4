"""The frame around every page."""

import dash
import dash_mantine_components as dmc
from dash import Dash


def layout() -> dmc.MantineProvider:
    """Header, navigation, and the page."""
    return dmc.MantineProvider(dash.page_container)


def register(_app: Dash) -> None:
    """Add the shell's callbacks."""
