"""Item analysis: what one source's closes of an item or a pair show of its returns."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from app.analytics.arrays import Floats, nullable
from app.analytics.timeseries.autocorrelation import Autocorrelation, autocorrelation
from app.analytics.timeseries.cone import QUANTILES, ConePoint, volatility_cone
from app.analytics.timeseries.distribution import Distribution, distribution
from app.analytics.timeseries.returns import log_returns
from app.analytics.timeseries.seasonality import Seasonal, by_hour, by_weekday
from app.analytics.timeseries.underwater import Underwater, underwater
from app.items import outliers
from app.providers.markets import MARKETS
from db.candles import read
from db.core.pool import Database, Row
from db.quotes import candles

SPANS: Final[dict[str, int | None]] = {"90d": 90, "1y": 365, "all": None}
"""Days of each span; None: all there are."""
HOURLY_DAYS: Final = 90
"""Hours are looked at so far back: before, many sources have a price a day."""
LIMIT: Final = 100_000
HOUR: Final = 3_600
DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Closes:
    """Closes in minor units on a grid of buckets without a hole, NaN where there is none; `first` is the first bucket's number since 1970.

    `outliers` says how many closes were left out.
    """

    first: int
    values: Floats
    outliers: int

    @property
    def observed(self) -> int:
        """How many closes there are."""
        return int(np.isfinite(self.values).sum())


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything of one (item, source, span); each part is None, or its figures are, where there is too little to say."""

    source: str
    span: str
    days: Closes
    hours: Closes
    distribution: Distribution | None
    cone: tuple[ConePoint, ...]
    underwater: Underwater | None
    weekdays: Seasonal
    by_hour: Seasonal
    autocorrelation: Autocorrelation | None

    def day(self, place: int) -> str:
        """The date of a bucket of `days`."""
        return str(np.datetime64(self.days.first + place, "D"))


def analyse(database: Database, item: Row, source: str, span: str, now: datetime) -> Analysis | None:
    """The analysis of what was over by `now` (aware); None where the source has no close in the span.

    Args:
        database: of the instance.
        item: id and market.
        source: whose closes.
        span: one of `SPANS`.
        now: the day and the hour that run then are left out.
    """
    reach = SPANS[span]
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = closes_between(
        database, item, source, "1d", None if reach is None else midnight - timedelta(days=reach), midnight
    )
    if days is None:
        return None
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    since = hour - timedelta(days=min(reach or HOURLY_DAYS, HOURLY_DAYS))
    hours = closes_between(database, item, source, "1h", since, hour) or Closes(0, np.empty(0), 0)
    daily, hourly = log_returns(days.values), log_returns(hours.values)
    return Analysis(
        source=source,
        span=span,
        days=days,
        hours=hours,
        distribution=distribution(daily),
        cone=volatility_cone(daily[1:]),
        underwater=underwater(days.values),
        weekdays=by_weekday(daily, days.first),
        by_hour=by_hour(hourly, hours.first),
        autocorrelation=autocorrelation(daily[1:]),
    )


def closes_between(
    database: Database, item: Row, source: str, interval: str, since: datetime | None, until: datetime
) -> Closes | None:
    """The closes that begin in [since, until), from the first that is there; None where none is."""
    market = MARKETS.get(item["market"])
    if market and market.quotes == "exchange":
        first = None if since is None else int(since.timestamp())
        traded = read.candles(
            database, item["id"], source, interval, since=first, until=int(until.timestamp()), limit=LIMIT
        )
        time, close, odd = traded.open_time, traded.close, np.zeros(len(traded), dtype=np.bool_)
    else:
        quoted = candles.candles(database, item["id"], source, interval, since=since, until=until, limit=LIMIT)
        time, close, odd = quoted.time, quoted.close, outliers.of_candles(quoted)
    if odd.all():
        return None
    width = DAY if interval == "1d" else HOUR
    bucket = time[~odd] // width
    values = np.full(int(until.timestamp()) // width - int(bucket[0]), np.nan)
    values[bucket - bucket[0]] = close[~odd]
    return Closes(int(bucket[0]), values, int(odd.sum()))


def as_json(found: Analysis) -> dict[str, Any]:
    """The analysis as the JSON route answers it: unknown is null, days are dates in UTC."""
    return {
        "source": found.source,
        "span": found.span,
        "from": found.day(0),
        "to": found.day(len(found.days.values) - 1),
        "closes": found.days.observed,
        "days": len(found.days.values),
        "outliers": found.days.outliers,
        "distribution": _distribution(found.distribution),
        "volatility_cone": [_cone_point(point) for point in found.cone],
        "underwater": _underwater(found),
        "weekdays": _seasonal(found.weekdays),
        "hours": _seasonal(found.by_hour),
        "autocorrelation": _autocorrelation(found.autocorrelation),
    }


def nothing(source: str | None, span: str) -> dict[str, Any]:
    """The same where there is not one close."""
    parts = ("from", "to", "distribution", "underwater", "weekdays", "hours", "autocorrelation")
    counts = {"closes": 0, "days": 0, "outliers": 0, "volatility_cone": []}
    return {"source": source, "span": span, **counts, **dict.fromkeys(parts)}


def _distribution(found: Distribution | None) -> dict[str, Any] | None:
    if found is None:
        return None
    tails = [
        {
            "tail": one.tail,
            "value_at_risk": one.value_at_risk,
            "expected_shortfall": one.expected_shortfall,
            "normal": one.normal,
        }
        for one in found.tails
    ]
    moments = {name: getattr(found, name) for name in ("n", "mean", "stddev", "skewness", "kurtosis")}
    return moments | {"edges": found.edges.tolist(), "counts": found.counts.tolist(), "tails": tails}


def _cone_point(point: ConePoint) -> dict[str, Any]:
    names = ("least", "lower_quartile", "median", "upper_quartile", "greatest")
    quantiles = point.quantiles or (None,) * len(QUANTILES)
    about = {"days": point.days, "windows": point.windows, "independent": point.independent}
    return about | dict(zip(names, quantiles, strict=True)) | {"newest": point.newest}


def _underwater(analysis: Analysis) -> dict[str, Any] | None:
    found = analysis.underwater
    if found is None:
        return None
    fall = found.deepest
    deepest = fall and {
        "depth": fall.depth,
        "peak": analysis.day(fall.peak),
        "bottom": analysis.day(fall.bottom),
        "recovery": None if fall.recovery is None else analysis.day(fall.recovery),
    }
    return {"depth": nullable(found.depth), "deepest": deepest, "longest": found.longest}


def _seasonal(found: Seasonal) -> dict[str, Any]:
    return {"n": found.n.tolist(), "mean": nullable(found.mean), "error": nullable(found.error)}


def _autocorrelation(found: Autocorrelation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "n": found.n,
        "pairs": found.pairs.tolist(),
        "returns": nullable(found.returns),
        "squares": nullable(found.squares),
        "bound": found.bound,
        "statistic": found.statistic,
        "p_value": found.p_value,
    }
