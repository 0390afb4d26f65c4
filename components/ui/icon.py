"""Icons: a mask cut from our own SVG file, in the colour of the text around it."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from dash import html

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "ui" / "icons"
_RULE = """.icon {
  background-color: currentcolor;
  display: inline-block;
  flex: none;
  mask: var(--icon) center / contain no-repeat;
  vertical-align: -0.18em;
}
"""


def icon(name: str, *, label: str | None = None, size: int = 18) -> html.Span:
    """The icon of assets/ui/icons/<name>.svg, `size` pixels wide; decoration unless it has a `label`."""
    attributes: dict[str, Any] = {"aria-hidden": "true"} if label is None else {"role": "img", "aria-label": label}
    return html.Span(className=f"icon icon-{name}", style={"width": f"{size}px", "height": f"{size}px"}, **attributes)


def stylesheet() -> str:
    """What assets/ui/icons.css holds: every icon inside one file, so that none arrives late."""
    rules = ["/* Written by `python -m components.ui.icon` from assets/ui/icons/. */", _RULE]
    for path in sorted(FOLDER.glob("*.svg")):
        drawing = quote(path.read_text(encoding="utf-8").strip(), safe=" =:/'<>")
        rules.append(
            f'.icon-{path.stem} {{\n  --icon: url("data:image/svg+xml,{drawing.replace("%22", chr(39))}");\n}}\n'
        )
    return "\n".join(rules)


if __name__ == "__main__":
    FOLDER.parent.joinpath("icons.css").write_text(stylesheet(), encoding="utf-8")
