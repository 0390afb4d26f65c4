"""Research form: items, strategy with its parameters, terms; reads them into a request."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html
from pydantic import ValidationError

from app.research.backtest.strategies import STRATEGIES
from app.research.backtest.terms import PROTECTION_DAYS
from app.research.request import BacktestRequest
from components.ui import clientside
from components.ui.page import Children, card
from db.core.pool import Row

NAMES: Final = {
    "moving_average_cross": ("Moving-average cross", "Holds while the mean of the last fast closes is above that of the last slow."),
    "bollinger_reversion": ("Bollinger reversion", "Buys below the lower band, sells at the middle one."),
    "momentum_rank": ("Momentum rank", "Holds the top items that rose most over lookback bars, chosen every so many bars."),
    "buy_and_hold": ("Buy and hold", "Buys at the first chance and keeps it."),
}  # fmt: skip
LABELS: Final = {
    "fast": "Fast, bars", "slow": "Slow, bars", "window": "Window, bars", "width": "Width, deviations", "lookback": "Lookback, bars",
    "top": "Top, items", "every": "Every, bars",
}  # fmt: skip
FIRST: Final = "moving_average_cross"
PARAMETER: Final = "research-parameter"
ITEMS, STRATEGY, PARAMETERS, START, SAID = (
    f"research-{name}" for name in ("items", "strategy", "parameters", "start", "said")
)
PLAIN: Final = ("interval", "capital", "slippage", "protection", "share", "train", "test", "name")
"""Fields of the form that have one value each, in the order of `STATES`."""
STATES: Final = (
    State(ITEMS, "value"),
    State(STRATEGY, "value"),
    *(State(f"{PARAMETER}-{name}", "value") for name in LABELS),
    *(State(f"research-{name}", "value") for name in PLAIN),
)


def form() -> html.Section:
    """All fields, and the button that starts."""
    shown: dict[str, Any] = {"data-strategy": FIRST}
    return card(
        html.Div(
            [
                dmc.MultiSelect(
                    id=ITEMS, label="Items", description="Up to 20, by any words of their names.", placeholder="Search items",
                    searchable=True, maxValues=20, data=[], value=[], hidePickedOptions=True, nothingFoundMessage="Type a part of a name",
                    size="sm", filter={"function": "everything"}, selectFirstOptionOnChange=True, clearSearchOnChange=True,
                ),
                dmc.Select(
                    id=STRATEGY, label="Strategy", value=FIRST, allowDeselect=False, size="sm",
                    data=[{"value": value, "label": label} for value, (label, _) in NAMES.items()],
                ),
                html.Div(_parameters(), id=PARAMETERS, className="research-parameters", **shown),
                _terms(),
                html.P(id=SAID, className="research-said", role="alert"),
                dmc.Button("Run backtest", id=START, size="sm", fullWidth=True),
            ],
            className="research-form",
        ),
        title="Backtest",
        info="an idea, tried on what was",
    )  # fmt: skip


def register(app: Dash) -> None:
    """Show the parameters of the strategy that is chosen."""
    clientside.add(app, "research", "show", Output(PARAMETERS, "data-strategy"), Input(STRATEGY, "value"))


def _parameters() -> list[Children]:
    """What each strategy does, and a field for each parameter of any; assets/research/page.css shows those of the chosen one."""
    parts: list[Children] = []
    for strategy, (_, words) in NAMES.items():
        several = " Several values, as in 5, 10, 20, are all tried." if fields_of(strategy) else ""
        of: dict[str, Any] = {"data-of": strategy}
        parts.append(html.P(f"{words}{several}", className="research-words", **of))
        parts += [
            html.Div(
                dmc.TextInput(
                    id=f"{PARAMETER}-{name}",
                    label=LABELS[name],
                    value=f"{default:g}",
                    size="sm",
                    inputProps={"inputMode": "decimal", "maxLength": 300},
                ),
                **of,
            )
            for name, default in fields_of(strategy).items()
        ]
    return parts


def fields_of(strategy: str) -> dict[str, Any]:
    """The parameters of a strategy with their defaults."""
    return {field.name: field.default for field in fields(STRATEGIES[strategy])}  # type: ignore[arg-type]  # they are dataclasses


def _terms() -> html.Details:
    def number(name: str, label: str, value: float | None, suffix: str) -> dmc.NumberInput:
        return dmc.NumberInput(
            id=f"research-{name}", label=label, value=value, min=0, suffix=suffix, size="sm", hideControls=True
        )

    interval = dmc.SegmentedControl(
        id="research-interval", value="1d", size="xs", data=[{"value": "1h", "label": "Hours"}, {"value": "1d", "label": "Days"},
        {"value": "1w", "label": "Weeks"}], fullWidth=True, **{"aria-label": "Width of a bar"},
    )  # fmt: skip
    rest = [
        number("capital", "Capital", 10_000, ""),
        number("slippage", "Slippage a side", 0, " %"),
        number("protection", "Trade protection", PROTECTION_DAYS, " days"),
        number("share", "Most of the volume", 10, " %"),
        number("train", "Walk: choose on", None, " bars"),
        number("test", "Walk: judge on", None, " bars"),
        dmc.TextInput(id="research-name", label="Name", value="", size="sm", inputProps={"maxLength": 100}),
    ]
    return html.Details(
        [html.Summary("Terms, walk-forward, name"), html.Div([interval, *rest], className="research-parameters")],
        className="research-terms",
    )


def options(found: Sequence[Row]) -> list[dict[str, str]]:
    """Items as choices of the field."""
    return [{"value": str(row["id"]), "label": row["market_hash_name"]} for row in found]


def read(items: Sequence[str], strategy: str, values: Mapping[str, Any], plain: Mapping[str, Any]) -> BacktestRequest:
    """The request that the fields make.

    Raises:
        ValueError: what is wrong, in words for who filled them in.
    """
    if not items:
        raise ValueError("Choose at least one item.")
    if strategy not in NAMES:
        raise ValueError("There is no such strategy.")
    chosen = {name: _numbers(name, str(values[name])) for name in fields_of(strategy)}
    walk = {part: plain[part] for part in ("train", "test")}
    given = {name: plain[name] for name in ("interval", "capital", "slippage", "protection", "share", "name")}
    if missing := [name for name, value in given.items() if value in {None, ""} and name != "name"]:
        raise ValueError(f"{missing[0].capitalize()} needs a number.")
    try:
        return BacktestRequest.model_validate(
            given
            | {"items": items, "strategy": strategy, "parameters": chosen, "walk": walk if any(walk.values()) else None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = " ".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}".removeprefix(": ").removeprefix("Value error, ")) from error


def _numbers(name: str, text: str) -> list[float]:
    try:
        return [float(part) for part in str(text).replace(";", ",").split(",") if part.strip()] or [float(text)]
    except ValueError as error:
        raise ValueError(f"{LABELS.get(name, name)}: numbers separated by commas, not {text!r}.") from error
