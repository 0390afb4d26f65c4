"""Analysis view: a card each for distribution, volatility cone, drawdown, seasonality and autocorrelation."""

from typing import Final

from dash import html

from app.analytics.arrays import nullable
from app.analytics.portfolio.history import MIN_RETURNS
from app.analytics.timeseries.autocorrelation import TESTED, Autocorrelation
from app.analytics.timeseries.cone import ConePoint
from app.analytics.timeseries.seasonality import CONFIDENCE, Seasonal
from app.analytics.timeseries.underwater import Underwater
from app.research.item_analysis import HOURLY_DAYS, Analysis
from components.item.distribution_view import distribution_card
from components.ui.figures import unknown
from components.ui.format import counted, number, percent
from components.ui.page import Children, card, empty_state
from components.ui.plots import Trace, behind, plot

LONG: Final = {"90d": "90 days", "1y": "year", "all": "recorded time"}
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PERCENT: Final[Trace] = {"ticksuffix": " %"}
_P_DIGITS: Final = 3


def analysis_cards(found: Analysis) -> Children:
    """All of the tab, what it was made from first."""
    return [
        html.P(_basis(found), className="analysis-basis"),
        html.Div(
            [
                distribution_card(found),
                _cone_card(found.cone),
                _underwater_card(found, found.underwater),
                _autocorrelation_card(found.autocorrelation, _returns(found)),
                _seasonal_card(
                    "Weekdays", "daily", found.weekdays, WEEKDAYS, "The mean return of the days that end on it, in UTC."
                ),
                _seasonal_card(
                    "Hours", "hourly", found.by_hour, [f"{hour:02d}" for hour in range(24)],
                    f"The mean return within each UTC hour, of the last {HOURLY_DAYS} days at most.",
                ),
            ],
            className="analysis-cards",
        ),
    ]  # fmt: skip


def nothing(source: str | None, span: str) -> html.Div:
    """Stands in the place of the cards where there is no close."""
    words = "Nobody has quoted it yet." if source is None else f"{source} has no close in the last {LONG[span]}."
    if span == "all" and source is not None:
        words = f"{source} has no day that is over yet."
    return empty_state("Nothing to analyse", words, symbol="rankings")


def _basis(found: Analysis) -> str:
    days = len(found.days.values)
    words = [
        f"{counted(found.days.observed, 'daily close', 'daily closes')} of {found.source}, {found.day(0)} to {found.day(days - 1)}"
    ]
    if missing := days - found.days.observed - found.days.outliers:
        words.append(f"{counted(missing, 'day', 'days')} without one, over which no return is counted")
    if found.days.outliers:
        words.append(f"{counted(found.days.outliers, 'outlier', 'outliers')} left out")
    return f"{'; '.join(words)}."


def _returns(found: Analysis) -> int:
    return int(found.weekdays.n.sum())


def _too_few(have: int) -> html.Div:
    words = f"Needs {MIN_RETURNS} returns of neighbouring days that are not all equal; there are {number(have)}."
    return empty_state("Not enough prices yet", words, symbol="rankings")


def _cone_card(cone: tuple[ConePoint, ...]) -> html.Section:
    known = [point for point in cone if point.quantiles]
    title, meaning = (
        "Volatility cone",
        "How volatile it was over stretches of each length, and how it is now, a year of 365 days.",
    )
    if not known:
        words = "Needs two stretches of seven days that do not overlap."
        return card(empty_state("Not enough prices yet", words, symbol="rankings"), title=title)
    days = [point.days for point in known]
    spread = [[100 * value for value in point.quantiles or ()] for point in known]

    def line(place: int, name: str, **more: object) -> Trace:
        shown = {"x": days, "y": [one[place] for one in spread], "name": name, "mode": "lines"}
        return shown | {"type": "scatter", "line": {"color": "--tracera-band-line", "width": 1}} | more

    newest = {
        "x": [point.days for point in known if point.newest is not None],
        "y": [100 * point.newest for point in known if point.newest is not None],
        "name": "Now",
        "type": "scatter",
        "mode": "lines+markers",
        "line": {"color": "--tracera-series-3", "width": 2},
        "hovertemplate": "The last %{x} days: %{y:.1f} % a year<extra></extra>",
    }
    hover = "%{x} days, {}: %{y:.1f} % a year<extra></extra>"
    traces = [
        line(0, "Least", hovertemplate=hover.replace("{}", "the calmest stretch"), showlegend=False),
        line(4, "All stretches", fill="tonexty", fillcolor="--tracera-band", hovertemplate=hover.replace("{}", "the wildest")),
        line(1, "Lower quartile", hovertemplate=hover.replace("{}", "a quarter were under"), showlegend=False),
        line(3, "Middle half", fill="tonexty", fillcolor="--tracera-band", hovertemplate=hover.replace("{}", "a quarter were over")),
        line(2, "Median", line={"color": "--tracera-accent", "width": 2}, hovertemplate=hover.replace("{}", "half were under")),
        newest,
    ]  # fmt: skip
    ticks = {"type": "log", "tickvals": days, "title": {"text": "Length of the stretch, days", "standoff": 10}}
    rows = [
        [
            f"{point.days} days",
            *(percent(100 * value) for value in (point.quantiles or ())[:5]),
            unknown("prices of too few of these days") if point.newest is None else percent(100 * point.newest),
            number(point.windows),
            number(point.independent),
        ]
        for point in known
    ]
    heads = ("Length", "Least", "Quarter", "Median", "Three quarters", "Greatest", "Now", "Stretches", "Side by side")
    return card(
        html.P(meaning, className="analysis-meaning"),
        plot(traces, label=f"{title} of {len(known)} lengths", x=ticks, y=PERCENT | {"rangemode": "tozero"}),
        behind("Figures of the cone", heads, rows),
        title=title,
        info=f"{number(known[0].windows)} stretches of {known[0].days} days; they overlap",
    )


def _underwater_card(analysis: Analysis, found: Underwater | None) -> html.Section:
    title = "Under water"
    if found is None:
        return card(empty_state("Not enough prices yet", "Needs two closes.", symbol="rankings"), title=title)
    days = [analysis.day(place) for place in range(len(found.depth))]
    depth = [None if value is None else 100 * value for value in nullable(found.depth)]
    trace = {
        "x": days, "y": depth, "type": "scatter", "mode": "lines", "line": {"color": "--tracera-down", "width": 1.5},
        "fill": "tozeroy", "fillcolor": "--tracera-band", "connectgaps": False,
        "hovertemplate": "%{x|%-d %b %Y}: %{y:.1f} % from the highest close before<extra></extra>",
    }  # fmt: skip
    fall = found.deepest
    words = "It never closed below a close before."
    if fall:
        back = "not back yet" if fall.recovery is None else f"back on {analysis.day(fall.recovery)}"
        words = (
            f"The deepest fall was {percent(100 * fall.depth)}, from {analysis.day(fall.peak)} to {analysis.day(fall.bottom)}, {back}."
            f" The longest time under a high was {counted(found.longest, 'day', 'days')}."
        )
    monthly = [[day, percent(value, 1)] for day, value in zip(days, depth, strict=True) if value is not None][::-7]
    return card(
        html.P(words, className="analysis-meaning"),
        plot([trace], label=f"{title}: {words}", x={"type": "date"}, y=PERCENT | {"rangemode": "tozero"}),
        behind("Every seventh close as a table", ("Day", "From the highest close before"), monthly),
        title=title,
        info=f"{number(analysis.days.observed)} daily closes",
    )


def _seasonal_card(
    title: str, kind: str, found: Seasonal, names: tuple[str, ...] | list[str], meaning: str
) -> html.Section:
    count = int(found.n.sum())
    if not count:
        words = f"Needs {kind} closes next to each other."
        return card(empty_state("Not enough prices yet", words, symbol="rankings"), title=title)
    mean, error = (
        [None if value is None else 100 * value for value in nullable(part)] for part in (found.mean, found.error)
    )
    reach = [None if value is None else CONFIDENCE * value for value in error]
    trace = {
        "x": list(names), "y": mean, "type": "bar", "marker": {"color": "--tracera-accent"}, "customdata": found.n.tolist(),
        "error_y": {"type": "data", "array": reach, "color": "--tracera-muted", "thickness": 1, "width": 3},
        "hovertemplate": "%{x}: %{y:.2f} % on average of %{customdata} returns<extra></extra>",
    }  # fmt: skip
    rows = [
        [
            name,
            unknown("no return") if average is None else percent(average, 3, signed=True),
            unknown("needs two returns") if spread is None else f"± {percent(spread, 3)}",
            number(seen),
        ]
        for name, average, spread, seen in zip(names, mean, reach, found.n.tolist(), strict=True)
    ]
    chance = f"{found.distinct} of {len(names)} differ from zero by more than their bars; one in twenty does by chance."
    return card(
        html.P(f"{meaning} {chance}", className="analysis-meaning"),
        plot(
            [trace],
            label=f"Mean return by {title.lower()}; the table has the figures",
            x={"type": "category"},
            y=PERCENT,
        ),
        behind(f"{title} as a table", (title[:-1], "Mean return", "95 % within", "Returns"), rows),
        title=title,
        info=f"{number(count)} {kind} returns",
    )


def _autocorrelation_card(found: Autocorrelation | None, count: int) -> html.Section:
    title = "Autocorrelation"
    if found is None:
        return card(_too_few(count), title=title)
    lags = list(range(1, len(found.returns) + 1))
    returns, squares = nullable(found.returns), nullable(found.squares)
    traces = [
        {"x": lags, "y": values, "name": name, "type": "bar", "marker": {"color": colour}, "customdata": found.pairs.tolist(),
         "hovertemplate": f"{name}, %{{x}} days apart: %{{y:.2f}} from %{{customdata}} pairs<extra></extra>"}
        for name, values, colour in (
            ("Returns", returns, "--tracera-accent"), ("Squared returns", squares, "--tracera-series-4"),
        )
    ]  # fmt: skip
    shapes = [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": edge, "y1": edge,
         "line": {"color": "--tracera-muted", "width": 1, "dash": "dot"}}
        for edge in (-found.bound, found.bound)
    ]  # fmt: skip
    words = "Whether a day's return says something of a later one's; squares: whether wild days come in runs. "
    words += "Within the dotted lines lie 95 of 100 values of returns that say nothing of each other."
    if found.p_value is not None:
        chance = f"p {number(found.p_value, _P_DIGITS)}" if found.p_value >= 10**-_P_DIGITS else "p < 0.001"
        words += f" Ljung-Box over {TESTED} days: Q {number(found.statistic, 1)}, {chance}."
    rows = [
        [
            str(lag),
            *(unknown("no pair is known, or nothing moved") if value is None else number(value, 3) for value in pair),
            number(pairs),
        ]
        for lag, *pair, pairs in zip(lags, returns, squares, found.pairs.tolist(), strict=True)
    ]
    return card(
        html.P(words, className="analysis-meaning"),
        plot(
            traces, label=f"{title} of {len(lags)} lags", x={"title": {"text": "Days apart"}, "dtick": 2}, shapes=shapes
        ),
        behind("Every lag as a table", ("Days apart", "Returns", "Squared returns", "Pairs"), rows),
        title=title,
        info=f"{number(found.n)} daily returns",
    )
