# Every measure once more, from its definition: one row at a time, plain Python, None for a gap and for unknown.

import itertools
import math
import statistics
from collections.abc import Sequence
from decimal import Decimal

DAY = 86_400
Row = Sequence[float | None]
Result = dict[str, float | None]


def measures(closes: Row, bucket_seconds: float, previous_close: float | None = None) -> Result:
    seen = [(at, close) for at, close in enumerate(closes) if close is not None]
    prices = [close for _, close in seen]
    result: Result = {"samples": len(prices), "coverage": len(prices) / len(closes)}
    result |= dispersion(prices)
    result["percent_change"] = percent_change(prices, previous_close)
    result |= bollinger(prices)
    result |= returns(seen, bucket_seconds)
    result |= trend(seen, bucket_seconds)
    result["max_drawdown"] = max_drawdown(prices)
    return result


def dispersion(prices: list[float]) -> Result:
    if len(prices) < 2:
        return {"rolling_stddev": None, "coefficient_of_variation": None}
    sigma, mean = statistics.pstdev(prices), statistics.fmean(prices)
    return {"rolling_stddev": sigma, "coefficient_of_variation": sigma / mean if mean > 0 else None}


def percent_change(prices: list[float], previous_close: float | None) -> float | None:
    if previous_close is None and len(prices) < 2:
        return None
    if not prices:
        return None
    base = prices[0] if previous_close is None else previous_close
    return 100 * (prices[-1] - base) / base if base > 0 else None


def bollinger(prices: list[float]) -> Result:
    names = ("bollinger_upper", "bollinger_middle", "bollinger_lower", "percent_b", "bandwidth")
    if len(prices) < 20:
        return dict.fromkeys(names)
    middle, sigma = statistics.fmean(prices[-20:]), statistics.pstdev(prices[-20:])
    upper, lower = middle + 2 * sigma, middle - 2 * sigma
    inside = None if sigma == 0 else (prices[-1] - lower) / (upper - lower)
    return dict(zip(names, (upper, middle, lower, inside, 4 * sigma / middle if middle > 0 else None), strict=True))


def returns(seen: list[tuple[int, float]], bucket_seconds: float) -> Result:
    names = ("return_volatility", "ewma_volatility", "sharpe")
    count = len(seen) - 1
    if count < 2 or min(price for _, price in seen) <= 0:
        return dict.fromkeys(names)
    steps = [
        (math.log1p((new - old) / old) if abs(new - old) < old / 2 else math.log(new / old), later - earlier)
        for (earlier, old), (later, new) in itertools.pairwise(seen)
    ]
    mean = math.fsum(r for r, _ in steps) / sum(gap for _, gap in steps)
    variance = math.fsum((r - mean * gap) ** 2 / gap for r, gap in steps) / (count - 1)
    sigma = math.sqrt(variance) if variance > (1e-13 * mean) ** 2 else 0.0
    level = weight = 0.0
    for r, gap in steps:
        level = 0.94 * level + 0.06 * r * r / gap
        weight = 0.94 * weight + 0.06
    per_day = math.sqrt(DAY / bucket_seconds)
    ratio = mean / sigma * math.sqrt(365 * DAY / bucket_seconds) if count >= 30 and sigma > 0 else None
    return dict(zip(names, (sigma * per_day, math.sqrt(level / weight) * per_day, ratio), strict=True))


def trend(seen: list[tuple[int, float]], bucket_seconds: float) -> Result:
    prices = [price for _, price in seen]
    if len(seen) < 2 or min(prices) <= 0:
        return {"trend_slope": None, "trend_r2": None, "trend_score": None}
    days = [at * bucket_seconds / DAY for at, _ in seen]
    # Logarithms relative to one price: the slope is the same, and neither close nor distant prices lose digits.
    base = Decimal(prices[0]).ln()
    logs = [float(Decimal(price).ln() - base) for price in prices]
    slope = 100 * statistics.linear_regression(days, logs).slope
    if min(prices) == max(prices):
        return {"trend_slope": slope, "trend_r2": None, "trend_score": None}
    r2 = statistics.correlation(days, logs) ** 2
    return {"trend_slope": slope, "trend_r2": r2, "trend_score": slope * r2}


def max_drawdown(prices: list[float]) -> float | None:
    if len(prices) < 2 or min(prices) <= 0:
        return None
    return max((high - low) / high for at, high in enumerate(prices) for low in prices[at:])


def parkinson(highs: Row, lows: Row, bucket_seconds: float) -> float | None:
    candles = [(high, low) for high, low in zip(highs, lows, strict=True) if high is not None and low is not None]
    if not candles or min(low for _, low in candles) <= 0:
        return None
    squares = math.fsum(math.log(high / low) ** 2 for high, low in candles)
    return math.sqrt(squares / (4 * len(candles) * math.log(2)) * DAY / bucket_seconds)


def atr(highs: Row, lows: Row, closes: Row) -> float | None:
    candles = [
        (high, low, close)
        for high, low, close in zip(highs, lows, closes, strict=True)
        if high is not None and low is not None and close is not None
    ]
    if len(candles) < 15:
        return None
    ranges = [
        max(high - low, abs(high - before), abs(low - before))
        for (high, low, _), (_, _, before) in zip(candles[1:], candles, strict=False)
    ]
    level = statistics.fmean(ranges[:14])
    for span in ranges[14:]:
        level = (13 * level + span) / 14
    return level


def outlying(closes: Row, volumes: Row) -> list[bool]:
    """Which closes docs/measures.md calls outliers."""
    seen = [at for at, close in enumerate(closes) if close is not None]
    prices = [close for close in closes if close is not None]
    found = [False] * len(closes)
    if not prices or min(prices) <= 0:
        return found
    logs = [math.log(price) for price in prices]
    sales = [volumes[at] for at in seen]
    for place, at in enumerate(seen):
        before, after = slice(max(0, place - 5), place), slice(place + 1, place + 6)
        near = logs[before] + logs[after]
        usual = [volume for volume in sales[before] + sales[after] if volume is not None]
        own = sales[place]
        if min(len(logs[before]), len(logs[after])) < 2 or own is None or not usual:
            continue
        middle = statistics.median(near)
        away = abs(logs[place] - middle)
        spread = 1.4826 * statistics.median(abs(log - middle) for log in near)
        apart = abs(statistics.median(logs[before]) - statistics.median(logs[after]))
        found[at] = (
            away >= math.log(2) and away > 10 * spread and apart <= away / 2 and own <= 0.2 * statistics.median(usual)
        )
    return found
