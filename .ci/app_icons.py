"""Icons of the installed page, drawn by Chromium from the mark of components/ui/theme.py: assets/shell/{icon,maskable}-*.png."""  # noqa: INP001

from pathlib import Path

from playwright.sync_api import sync_playwright

from components.ui.theme import favicon
from tests import chromium

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "shell"
SIZES = (192, 512)
CORNERS = {"icon": 6, "maskable": 0}
"""A platform cuts the latter to its own shape: the square is full, and the mark within the inner four fifths."""


def main() -> None:
    """Draw all of them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.found(), args=chromium.QUIET)
        for kind, radius in CORNERS.items():
            for size in SIZES:
                page = browser.new_page(viewport={"width": size, "height": size})
                page.set_content(
                    f"<style>body {{ margin: 0 }} svg {{ display: block; width: {size}px }}</style>{favicon(radius)}"
                )
                page.screenshot(path=FOLDER / f"{kind}-{size}.png", omit_background=True)
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
