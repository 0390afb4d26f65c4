"""App shell: header, navigation, search and notifications around every page."""

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html

from components.alerts.bell import bell
from components.shell import first_paint, keys, navigation, search
from components.shell.account_menu import account_menu
from components.shell.task_menu import task_menu
from components.ui import clientside, context, theme
from components.ui.icon import icon
from components.ui.live import live_chip

HEADER, SIDE, BAR = 56, 176, 56
SCHEME = "scheme"
"""Id of the store whose `data` is "light" or "dark", as shown: an input for callbacks that draw."""

MANIFEST = "/app.webmanifest"
# The scheme is set before the first paint, by a file: the policy allows no inline script. What Dash asks for when it begins is on
# its way while the scripts are: the attributes are those of its own requests, so that the browser hands them these answers.
INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
    <link rel="apple-touch-icon" href="/assets/shell/maskable-192.png">
    {%installable%}
    <script src="/assets/ui/scheme.js"></script>
    {%css%}
    <link rel="preload" as="fetch" crossorigin="anonymous" href="/_dash-layout">
    <link rel="preload" as="fetch" crossorigin="anonymous" href="/_dash-dependencies">
  </head>
  <body>
    {%app_entry%}
    <noscript>
      <div class="noscript">
        <h1>Tracera needs JavaScript</h1>
        <p>Its charts and tables are drawn in the browser, and prices move while you look. Allow scripts for this site, then load the page again.</p>
        <p>Programs get the same figures as <a href="/api/v1/items">JSON</a>, described in <a href="/openapi.json">/openapi.json</a>.</p>
      </div>
    </noscript>
    <footer hidden>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""


def layout() -> dmc.MantineProvider:
    """Everything around a page; there even when database and Redis are not."""
    simulated = context.simulated()
    shell = dmc.AppShell(
        [
            dmc.AppShellHeader(_header(simulated=simulated), className="shell-header"),
            dmc.AppShellNavbar(navigation.side_links(), id="navigation", className="shell-side"),
            dmc.AppShellMain(html.Div(dash.page_container, id="content", tabIndex=-1), className="shell-main"),
            dmc.AppShellFooter(navigation.bottom_bar(), className="shell-bar", hiddenFrom="sm"),
        ],
        id="shell",
        header={"height": HEADER},
        footer={"height": {"base": BAR, "sm": 0}},
        navbar={"width": SIDE, "breakpoint": "sm", "collapsed": {"mobile": True}},
        padding=0,
        transitionDuration=0,
    )
    return dmc.MantineProvider(
        [
            html.A("Skip to content", href="#content", className="skip-link"),
            shell,
            search.dialog(),
            keys.dialog(),
            dcc.Store(id=SCHEME),
            dmc.NotificationContainer(id="notifications", position="bottom-right"),
        ],
        theme=theme.MANTINE,
        defaultColorScheme="auto",
    )


def _header(*, simulated: bool) -> html.Div:
    burger = {"aria-label": "All pages", "aria-controls": "navigation"}
    scheme = {"aria-label": "Light or dark colours"}
    brand = dcc.Link([html.Span(className="brand-mark"), html.Span("Tracera")], href="/", className="brand")
    return html.Div(
        [
            dmc.Burger(id="burger", size="sm", hiddenFrom="sm", opened=False, **burger),
            brand,
            search.opener(),
            html.Div(
                [
                    dcc.Link(
                        live_chip(simulated=simulated, max_items=context.live_max_items()),
                        href="/status",
                        className="chip-link",
                        title="Show status",
                    ),
                    dmc.ColorSchemeToggle(
                        id="color-scheme",
                        lightIcon=icon("sun"),
                        darkIcon=icon("moon"),
                        variant="subtle",
                        color="gray",
                        size="lg",
                        **scheme,
                    ),
                    bell(),
                    task_menu(),
                    html.Div(account_menu(), id="account"),
                ],
                className="header-end",
            ),
        ],
        className="header",
    )


def register(app: Dash) -> None:
    """Add the shell's callbacks and its document."""
    with app.server.app_context():  # which pages there are depends on the markets
        manifest = f'<link rel="manifest" href="{MANIFEST}">' if context.settings().installable else ""
        index = INDEX.replace("{%installable%}", manifest)
        app.index_string = first_paint.in_document(index, "{%app_entry%}")
    navigation.register(app)
    search.register(app)
    clientside.add(
        app,
        "shell",
        "toggleMenu",
        Output("shell", "navbar"),
        Input("burger", "opened"),
        State("shell", "navbar"),
    )
    clientside.add(
        app, "shell", "arrive", Output("burger", "opened"), Output(SCHEME, "data"), Input("_pages_location", "pathname")
    )
