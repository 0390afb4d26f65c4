"""Filter bar of the screener: a search field, a menu per property, the window; the choice is in the address."""

from typing import Any

import dash_mantine_components as dmc
from dash import html

from components.ui.icon import icon

WINDOWS = ("24h", "7d", "30d")
KINDS = (("regular", "Regular"), ("stattrak", "StatTrak™"), ("souvenir", "Souvenir"))
SORTS = (
    ("-turnover", "Most traded"),
    ("-volume", "Most sales"),
    ("-percent_change", "Rising most"),
    ("percent_change", "Falling most"),
    ("-return_volatility", "Most volatile"),
    ("-trend_score", "Strongest trend"),
    ("-price", "Dearest"),
    ("price", "Cheapest"),
    ("name", "Name"),
)

Values = dict[str, Any]


def filter_bar(values: Values) -> html.Div:
    """Controls set to `values`: the query of the page's address, read by `pages.items`."""
    search = dmc.TextInput(
        id="items-search",
        value=values["search"],
        debounce=150,
        autoComplete="off",
        placeholder="Search by any words",
        leftSection=icon("search", size=16),
        rightSection=dmc.Kbd("/", className="items-slash"),
        className="items-search",
        **{"aria-label": "Search items by any words"},
    )
    window = dmc.SegmentedControl(
        id="items-window", value=values["window"], data=list(WINDOWS), size="xs", className="items-window"
    )
    clear = dmc.Button("Clear", id="items-clear", variant="subtle", size="xs", leftSection=icon("close", size=14))
    menus = [
        choice_menu("weapon_type", "Type", values["weapon_type"], values["weapon_type"]),
        choice_menu("wear", "Wear", values["wear"], values["wear"]),
        choice_menu("rarity", "Rarity", values["rarity"], values["rarity"]),
        range_menu("price", "Price", values, unit="$", step=1),
        range_menu("change", "Change", values, unit="%", step=1),
        kind_menu(values),
    ]
    attributes: dict[str, Any] = {"role": "search", "aria-label": "Filters"}
    return html.Div(
        [search, html.Div([*menus, clear], className="items-menus"), _sort(values["sort"]), window],
        className="items-filters",
        **attributes,
    )


def choice_menu(name: str, label: str, chosen: list[str], known: list[str]) -> dmc.Popover:
    """A menu of check boxes; the choices come with the data, until then those `known`."""
    group = dmc.CheckboxGroup(
        [check_box(choice) for choice in known], id=f"items-{name}", value=chosen, className="items-choices"
    )
    return _menu(name, label, group, keep_mounted=False)


def check_box(value: str, label: str | None = None, count: int | None = None) -> dmc.Checkbox:
    """One choice, with how many items it has."""
    words: list[Any] = [html.Span(label or value)]
    if count is not None:
        words.append(html.Span(f"{count:,}", className="items-count"))
    return dmc.Checkbox(value=value, label=html.Span(words, className="items-choice"), size="xs")


def range_menu(name: str, label: str, values: Values, *, unit: str, step: float) -> dmc.Popover:
    """A menu of a least and a greatest value."""

    def limit(end: str, words: str) -> dmc.NumberInput:
        return dmc.NumberInput(
            id=f"items-{name}-{end}",
            value=values[f"{name}_{end}"] if values[f"{name}_{end}"] is not None else "",
            label=words,
            prefix=unit if unit == "$" else "",
            suffix="" if unit == "$" else f" {unit}",
            step=step,
            debounce=250,
            size="xs",
            hideControls=True,
        )

    return _menu(name, label, html.Div([limit("min", "At least"), limit("max", "At most")], className="items-range"))


def kind_menu(values: Values) -> dmc.Popover:
    """StatTrak and souvenir, the source, and how much an item must trade."""
    group = dmc.CheckboxGroup(
        [check_box(value, label) for value, label in KINDS],
        id="items-kind",
        value=values["kind"],
        label="Kind",
        size="xs",
        className="items-choices",
    )
    source = dmc.CheckboxGroup(
        [check_box(value) for value in values["source"]],
        id="items-source",
        value=values["source"],
        label="Source",
        size="xs",
        className="items-choices",
    )
    volume = dmc.NumberInput(
        id="items-volume-min",
        value=values["volume_min"] if values["volume_min"] is not None else "",
        label="Sales in 24 h, at least",
        debounce=250,
        size="xs",
        min=0,
        hideControls=True,
    )
    return _menu("more", "More", html.Div([group, source, volume], className="items-more"))


def _menu(name: str, label: str, content: Any, *, keep_mounted: bool = True) -> dmc.Popover:
    button = dmc.Button(
        [html.Span(label), html.Span("", id=f"items-{name}-label", className="items-chosen")],
        id=f"items-{name}-button",
        variant="default",
        size="xs",
        rightSection=icon("chevron-down", size=12),
        className="items-menu",
    )
    return drop_down(button, content, keep_mounted=keep_mounted)


def drop_down(
    button: dmc.Button, content: Any, *, position: str = "bottom-start", keep_mounted: bool = False
) -> dmc.Popover:
    """What a button opens: made then, or `keep_mounted` in the page, as fields must be, which tell late what was typed in them."""
    return dmc.Popover(
        [dmc.PopoverTarget(button), dmc.PopoverDropdown(content, className="items-dropdown")],
        position=position,
        shadow="md",
        trapFocus=True,
        returnFocus=True,
        keepMounted=keep_mounted,
        # Its roles would stand on the target's wrapper, which can have none.
        withRoles=False,
        transitionProps={"duration": 80},
    )


def _sort(value: str) -> dmc.Select:
    """Only on phones, where there are no column heads to click."""
    return dmc.Select(
        id="items-sort",
        value=value if value in dict(SORTS) else None,
        data=[{"value": name, "label": label} for name, label in SORTS],
        placeholder="Order",
        size="xs",
        className="items-sort",
        comboboxProps={"width": 180, "position": "bottom-end"},
        **{"aria-label": "Order"},
    )
