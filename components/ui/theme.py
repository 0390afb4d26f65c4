"""Theme: every colour once, for Mantine, the CSS variables of assets/ui/theme.css and the favicon.

Up and down are teal and vermilion: told apart with every common colour blindness,
and never without a sign and an arrow.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from textwrap import indent
from types import MappingProxyType
from typing import Any, Literal

Scheme = Literal["light", "dark"]

FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MONOSPACE = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one scheme; `--tracera-<name>` in CSS, with a dash for each underscore."""

    up: str
    down: str
    stale: str
    muted: str
    accent: str
    text: str
    body: str
    surface: str
    raised: str
    border: str
    grid: str
    band: str
    band_line: str
    volume: str
    neutral: str
    up_deep: str
    down_deep: str


LIGHT = Tokens(
    up="#04707e",
    down="#bd3a17",
    stale="#855600",
    muted="#5a6572",
    accent="#3d53ad",
    text="#161c23",
    body="#f5f6f8",
    surface="#ffffff",
    raised="#eef0f4",
    border="#dde1e7",
    grid="#e8ebf0",
    band="rgba(61, 83, 173, 0.10)",
    band_line="#8698d4",
    volume="#b9c2cf",
    neutral="#e6e9ee",
    up_deep="#2f9fae",
    down_deep="#dd6f4d",
)
DARK = Tokens(
    up="#46c2d0",
    down="#ff8a68",
    stale="#eeb13c",
    muted="#98a3b0",
    accent="#98a8f2",
    text="#e3e7ec",
    body="#0f1318",
    surface="#161b21",
    raised="#1e252d",
    border="#2a323b",
    grid="#232a32",
    band="rgba(152, 168, 242, 0.13)",
    band_line="#6f80cb",
    volume="#46525f",
    neutral="#29313a",
    up_deep="#126c77",
    down_deep="#a4482a",
)
SCHEMES: Mapping[Scheme, Tokens] = MappingProxyType({"light": LIGHT, "dark": DARK})

# For what takes a CSS colour: these follow the scheme by themselves. Plotly reads no variables; use `tokens(scheme)`.
UP, DOWN, STALE, MUTED = "var(--tracera-up)", "var(--tracera-down)", "var(--tracera-stale)", "var(--tracera-muted)"

SERIES: Mapping[Scheme, tuple[str, ...]] = MappingProxyType(
    {
        "light": ("#3d53ad", "#04707e", "#bd3a17", "#855600", "#8a3f93", "#4a6b1f", "#5a6572"),
        "dark": ("#98a8f2", "#46c2d0", "#ff8a68", "#eeb13c", "#d59be0", "#a9c76c", "#98a3b0"),
    }
)
"""Line colours in the order they are used."""

INDIGO = (
    "#eef1fb", "#dce1f3", "#bcc6ea", "#a3b1ee", "#98a8f2", "#6d81cd", "#5468bd", "#3d53ad", "#34499b", "#283f89",
)  # fmt: skip
SLATE = (
    DARK.text, "#b9c2cc", DARK.muted, "#66717d", DARK.border, "#232a32", DARK.raised, DARK.surface, DARK.body,
    "#0a0d11",
)  # fmt: skip

MANTINE: dict[str, Any] = {
    "primaryColor": "indigo",
    "primaryShade": {"light": 7, "dark": 6},
    "colors": {"indigo": list(INDIGO), "dark": list(SLATE)},
    "black": LIGHT.text,
    "white": LIGHT.surface,
    "fontFamily": FONT,
    "fontFamilyMonospace": MONOSPACE,
    "headings": {"fontFamily": FONT, "fontWeight": "600"},
    "defaultRadius": "sm",
    "cursorType": "pointer",
    "respectReducedMotion": True,
    "autoContrast": True,
    "breakpoints": {"xs": "36em", "sm": "48em", "md": "64em", "lg": "75em", "xl": "90em"},
}
"""For dmc.MantineProvider(theme=…)."""


def tokens(scheme: str | None) -> Tokens:
    """The colours of a scheme; those of the light one where it is not known yet."""
    return DARK if scheme == "dark" else LIGHT


def stylesheet() -> str:
    """What assets/ui/theme.css holds; `python -m components.ui.theme` writes it."""
    rules = ["/* Written by `python -m components.ui.theme` from components/ui/theme.py. */\n"]
    rules.append(f":root {{\n  --tracera-font: {FONT};\n}}\n")
    for scheme, selector in (("light", ":root, " + _SELECTOR.format("light")), ("dark", _SELECTOR.format("dark"))):
        colours = asdict(tokens(scheme))
        lines = [f"  --tracera-{name.replace('_', '-')}: {value};" for name, value in colours.items()]
        series = SERIES["dark" if scheme == "dark" else "light"]
        lines += [f"  --tracera-series-{place}: {value};" for place, value in enumerate(series, 1)]
        lines += [f"  --mantine-color-{name}: var(--tracera-{ours});" for name, ours in _MANTINE_NAMES]
        rule = f"{selector} {{\n  color-scheme: {scheme};\n" + "\n".join(lines) + "\n}\n"
        # Paper is light.
        rules.append(f"@media screen {{\n{indent(rule, '  ')}}}\n" if scheme == "dark" else rule)
    return "\n".join(rules)


def favicon(radius: int = 6) -> str:
    """What assets/favicon.svg holds: the mark of the header, in the light scheme's accent; `radius` is that of its corners."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
        f'<rect width="24" height="24" rx="{radius}" fill="{LIGHT.accent}"/>'
        f'<path d="M4 15.9 8.8 10.9 12.3 13.3 18.1 7.1 20 8.6 12.6 17.1 9.1 14.2 5.9 17.9z" fill="{LIGHT.surface}"/></svg>\n'
    )


# One element more than Mantine's own selector, so that ours win in whatever order the sheets come.
_SELECTOR = 'html:root[data-mantine-color-scheme="{}"]'
# Mantine's own names for what we have tokens for, so that its components need no colour props.
_MANTINE_NAMES = (
    ("body", "surface"),
    ("text", "text"),
    ("dimmed", "muted"),
    ("anchor", "accent"),
    ("default-border", "border"),
    ("placeholder", "muted"),
)

if __name__ == "__main__":
    from pathlib import Path

    ASSETS = Path(__file__).resolve().parents[2] / "assets"
    ASSETS.joinpath("ui", "theme.css").write_text(stylesheet(), encoding="utf-8")
    ASSETS.joinpath("favicon.svg").write_text(favicon(), encoding="utf-8")
