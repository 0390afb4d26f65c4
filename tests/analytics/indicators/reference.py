# Indicators once more, from their definitions: plain Python over lists, None where a value is unknown.

import statistics
from collections.abc import Sequence

from app.analytics.indicators import Candles

DAY = 86_400
Row = list[float | None]


def mean(values: Sequence[float], n: int) -> Row:
    return [statistics.fmean(values[at + 1 - n : at + 1]) if at >= n - 1 else None for at in range(len(values))]


def exponential(values: Sequence[float], n: int) -> Row:
    row: Row = [None] * len(values)
    level = 0.0
    for at in range(n - 1, len(values)):
        level = statistics.fmean(values[:n]) if at == n - 1 else level + (values[at] - level) * 2 / (n + 1)
        row[at] = level
    return row


def true_ranges(candles: Candles) -> list[float]:
    """Of every candle but the first."""
    high, low, close = candles.high.tolist(), candles.low.tolist(), candles.close.tolist()
    return [max(high[at], close[at - 1]) - min(low[at], close[at - 1]) for at in range(1, len(close))]


def average_true_range(candles: Candles, n: int) -> Row:
    ranges, row, level = true_ranges(candles), [None] * len(candles), 0.0
    known: Row = [*row]
    for at in range(n, len(candles)):
        level = statistics.fmean(ranges[:n]) if at == n else (level * (n - 1) + ranges[at - 1]) / n
        known[at] = level
    return known


def vwap(candles: Candles) -> Row:
    row: Row = []
    for at, time in enumerate(candles.open_time.tolist()):
        day = [other for other in range(at + 1) if candles.open_time[other] // DAY == time // DAY]
        volume = sum(float(candles.volume[other]) for other in day)
        turnover = sum(
            float((candles.high[other] + candles.low[other] + candles.close[other]) / 3 * candles.volume[other])
            for other in day
        )
        row.append(turnover / volume if volume > 0 else None)
    return row


def middle(candles: Candles, n: int) -> Row:
    """Half-way between the highest high and the lowest low of the last n candles."""
    high, low = candles.high.tolist(), candles.low.tolist()
    return [
        (max(high[at + 1 - n : at + 1]) + min(low[at + 1 - n : at + 1])) / 2 if at >= n - 1 else None
        for at in range(len(high))
    ]


def ichimoku(candles: Candles, conversion: int, base: int, span_b: int, shift: int) -> dict[str, Row]:
    tenkan, kijun, wide = (middle(candles, n) for n in (conversion, base, span_b))
    size = len(candles)
    senkou_a: Row = [None] * size
    senkou_b: Row = [None] * size
    for at in range(shift, size):
        fast, slow = tenkan[at - shift], kijun[at - shift]
        senkou_a[at] = None if fast is None or slow is None else (fast + slow) / 2
        senkou_b[at] = wide[at - shift]
    chikou: Row = [candles.close.tolist()[at + shift] if at + shift < size else None for at in range(size)]
    return {"tenkan": tenkan, "kijun": kijun, "senkou_a": senkou_a, "senkou_b": senkou_b, "chikou": chikou}


def donchian(candles: Candles, n: int) -> dict[str, Row]:
    high, low = candles.high.tolist(), candles.low.tolist()
    known = range(n - 1, len(high))
    pad: Row = [None] * min(n - 1, len(high))
    return {
        "upper": pad + [max(high[at + 1 - n : at + 1]) for at in known],
        "middle": middle(candles, n),
        "lower": pad + [min(low[at + 1 - n : at + 1]) for at in known],
    }


def keltner(candles: Candles, n: int, atr_n: int, multiplier: float) -> dict[str, Row]:
    typical = ((candles.high + candles.low + candles.close) / 3).tolist()
    found: dict[str, Row] = {"upper": [], "middle": [], "lower": []}
    for centre, reach in zip(exponential(typical, n), average_true_range(candles, atr_n), strict=True):
        known = centre is not None and reach is not None
        found["middle"].append(centre if known else None)
        found["upper"].append(centre + multiplier * reach if centre is not None and reach is not None else None)
        found["lower"].append(centre - multiplier * reach if centre is not None and reach is not None else None)
    return found


def supertrend(candles: Candles, n: int, multiplier: float) -> dict[str, Row]:
    high, low, close = candles.high.tolist(), candles.low.tolist(), candles.close.tolist()
    line: Row = [None] * len(close)
    trend: Row = [None] * len(close)
    upper, lower, up = float("inf"), float("-inf"), True
    for at, reach in enumerate(average_true_range(candles, n)):
        if reach is None:
            continue
        centre = (high[at] + low[at]) / 2
        over, under = centre + multiplier * reach, centre - multiplier * reach
        upper = over if over < upper or close[at - 1] > upper else upper
        lower = under if under > lower or close[at - 1] < lower else lower
        up = close[at] >= lower if up else close[at] > upper
        line[at], trend[at] = (lower, 1.0) if up else (upper, -1.0)
    return {"supertrend": line, "trend": trend}
