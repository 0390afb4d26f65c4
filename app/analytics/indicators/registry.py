"""All indicators by name; docs/indicators.md is compared with this by a test."""

from collections.abc import Mapping
from types import MappingProxyType

from app.analytics.indicators import averages, leads, oscillators, volumes
from app.analytics.indicators.indicator import Indicator
from app.analytics.indicators.parameters import Parameter, period

HLC = ("high", "low", "close")
BANDS = ("upper", "middle", "lower")
WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978"


class UnknownIndicatorError(ValueError):
    """A name that is not in the registry; the message names those that are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no indicator {name!r}; there are: {', '.join(REGISTRY)}")


def _multiple(name: str, default: float) -> Parameter:
    """How many widths a band is away."""
    return Parameter(name, "number", default, 0.1, 10)


_ALL = (
    Indicator(
        "sma",
        "Simple moving average",
        (period(default=20),),
        ("close",),
        ("sma",),
        "price",
        averages.sma,
        leads.window("period"),
        "TA-Lib SMA",
    ),
    Indicator(
        "ema",
        "Exponential moving average",
        (period(default=20),),
        ("close",),
        ("ema",),
        "price",
        averages.ema,
        leads.ema("period"),
        "TA-Lib EMA",
    ),
    Indicator(
        "wma",
        "Weighted moving average",
        (period(default=20),),
        ("close",),
        ("wma",),
        "price",
        averages.wma,
        leads.window("period"),
        "TA-Lib WMA",
    ),
    Indicator(
        "bollinger",
        "Bollinger bands",
        (period(default=20), _multiple("deviations", 2.0)),
        ("close",),
        BANDS,
        "price",
        averages.bollinger,
        leads.window("period"),
        "TA-Lib BBANDS; J. Bollinger, Bollinger on Bollinger Bands, 2001",
    ),
    Indicator(
        "rsi",
        "Relative strength index",
        (period(),),
        ("close",),
        ("rsi",),
        "own",
        oscillators.rsi,
        leads.wilder_ratio("period"),
        f"TA-Lib RSI; {WILDER}",
        undefined="no close differed from the one before for 14·period candles",
    ),
    Indicator(
        "macd",
        "MACD",
        (period("fast", 12), period("slow", 26), period("signal", 9, 1)),
        ("close",),
        ("macd", "signal", "histogram"),
        "own",
        oscillators.macd,
        leads.ema("slow", "signal"),
        "TA-Lib MACD; G. Appel, Technical Analysis, 2005",
    ),
    Indicator(
        "stochastic",
        "Stochastic oscillator",
        (period(default=5, minimum=1), period("slowing", 3, 1), period("smoothing", 3, 1)),
        HLC,
        ("k", "d"),
        "own",
        oscillators.stochastic,
        leads.window("period", "slowing", "smoothing"),
        "TA-Lib STOCH; G. Lane, Lane's Stochastics, 1984",
        undefined="a range of `period` candles that the value is a mean of is 0",
    ),
    Indicator(
        "atr",
        "Average true range",
        (period(minimum=1),),
        HLC,
        ("atr",),
        "own",
        oscillators.atr,
        leads.wilder("period"),
        f"TA-Lib ATR; {WILDER}",
    ),
    Indicator(
        "adx",
        "Average directional index",
        (period(),),
        HLC,
        ("adx",),
        "own",
        oscillators.adx,
        leads.wilder_ratio("period"),
        f"TA-Lib ADX; {WILDER}",
        undefined="no directional movement for 14·period candles",
    ),
    Indicator(
        "cci",
        "Commodity channel index",
        (period(),),
        HLC,
        ("cci",),
        "own",
        oscillators.cci,
        leads.window("period"),
        "TA-Lib CCI; D. Lambert, Commodity Channel Index, 1980",
        undefined="the mean deviation is 0",
    ),
    Indicator(
        "obv",
        "On-balance volume",
        (),
        ("close", "volume"),
        ("obv",),
        "own",
        volumes.obv,
        leads.everything,
        "TA-Lib OBV; J. Granville, New Key to Stock Market Profits, 1963",
    ),
    Indicator(
        "vwap",
        "Volume-weighted average price",
        (),
        (*HLC, "volume"),
        ("vwap",),
        "price",
        volumes.vwap,
        leads.session,
        "TA-Lib VWAP, a UTC day at a time",
        undefined="no volume since the day began",
    ),
    Indicator(
        "ichimoku",
        "Ichimoku cloud",
        (
            period("conversion", 9),
            period("base", 26),
            period("span_b", 52),
            period("displacement", 26, 0),
        ),
        HLC,
        ("tenkan", "kijun", "senkou_a", "senkou_b", "chikou"),
        "price",
        averages.ichimoku,
        leads.ichimoku,
        "TA-Lib MIDPRICE; N. Elliott, Ichimoku Charts, 2007",
    ),
    Indicator(
        "donchian",
        "Donchian channels",
        (period(default=20),),
        ("high", "low"),
        BANDS,
        "price",
        averages.donchian,
        leads.window("period"),
        "TA-Lib DONCHIAN",
    ),
    Indicator(
        "keltner",
        "Keltner channels",
        (period(default=20), period("atr_period", 10, 1), _multiple("multiplier", 2.0)),
        HLC,
        BANDS,
        "price",
        averages.keltner,
        leads.keltner,
        "TA-Lib EMA of TYPPRICE and ATR, after C. Keltner, How to Make Money in Commodities, 1960",
    ),
    Indicator(
        "supertrend",
        "Supertrend",
        (period(default=10), _multiple("multiplier", 3.0)),
        HLC,
        ("supertrend", "trend"),
        "price",
        averages.supertrend,
        leads.supertrend,
        "TA-Lib SUPERTREND",
        undefined="no true range above 0 for 14·period candles",
    ),
)

REGISTRY: Mapping[str, Indicator] = MappingProxyType({indicator.name: indicator for indicator in _ALL})
