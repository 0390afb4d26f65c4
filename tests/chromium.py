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
    # A page need not compile what the one before it has: it finds that in the process they share, if scripts are not parsed
    # on their way and nothing is forgotten. A fifth of a page's cost, as is what is saved without threads that optimise.
    "--process-per-site",
    "--disable-features=ScriptStreaming",
    "--js-flags=--no-flush-bytecode,--no-concurrent-recompilation",
]


def found() -> str | None:
    """The first of the browsers that this machine has."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
