"""The machine's own Chromium, in place of the one that playwright would download."""

import shutil

BROWSERS = (
    "chromium-headless-shell",  # the same engine without a window's frame: a page costs a third less
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",  # a page need not compile what the one before it has
]


def found() -> str | None:
    """The first of the browsers that this machine has."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
