"""A chart client: asks as TradingView's UDF client asks (v23 and later), and takes the answers as it takes them."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

PERIODS = 10
"""Of so many bars' time the pulse asks for each time."""
SCREEN = 329
"""Bars that a chart asks for at once."""


class DatafeedError(Exception):
    """What the client would show or throw."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `time` in milliseconds since 1970, NaN where the volume is no number."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class Page:
    """Bars of one question; `next_time` in seconds, where `no_data` is not the end."""

    bars: list[Bar]
    no_data: bool = False
    next_time: int | None = None


@dataclass(slots=True)
class ChartClient:
    """`asked` are the paths with their queries, as they went out."""

    base: str
    asked: list[str] = field(default_factory=list)

    def send(self, path: str, **query: object) -> Any:
        """The body, whatever the status says."""
        pairs = [f"{quote(name, safe='')}={quote(str(value), safe='')}" for name, value in query.items()]
        target = path + (f"?{'&'.join(pairs)}" if pairs else "")
        self.asked.append(target)
        try:
            with urllib.request.urlopen(f"{self.base}/{target}", timeout=20) as reply:  # noqa: S310  # our own server
                body = reply.read()
        except urllib.error.HTTPError as error:
            with error:
                body = error.read()
        return json.loads(body)

    def resolve(self, ticker: str) -> dict[str, Any]:
        found: dict[str, Any] = self.send("symbols", symbol=ticker)
        if "s" in found:
            raise DatafeedError("unknown_symbol")
        return found

    def search(self, text: str, exchange: str = "", kind: str = "") -> list[dict[str, Any]]:
        found = self.send("search", limit=30, query=text.upper(), type=kind, exchange=exchange)
        if isinstance(found, dict) and "s" in found:
            return []
        assert isinstance(found, list), found
        return found

    def bars(self, symbol: dict[str, Any], resolution: str, since: int, until: int, countback: int | None) -> Page:
        """One page of history."""
        query = {"symbol": symbol["ticker"], "resolution": resolution, "from": since, "to": until}
        if countback is not None:
            query["countback"] = countback
        found = self.send("history", **query)
        if found.get("s") not in {"ok", "no_data"}:
            raise DatafeedError(found.get("errmsg"))
        if found["s"] == "no_data":
            return Page([], no_data=True, next_time=found.get("nextTime"))
        volumes = found.get("v", [float("nan")] * len(found["t"]))
        columns = [[number(value) for value in values] for values in (*(found[name] for name in "ohlc"), volumes)]
        return Page([Bar(1000 * time, *rest) for time, *rest in zip(found["t"], *columns, strict=True)])

    def pages(
        self, symbol: dict[str, Any], resolution: str, until: int, countback: int = SCREEN, *, most: int = 1_000
    ) -> Iterator[list[Bar]]:
        """Pages back to the beginning, the newest first, as somebody asks who pulls the chart to the right."""
        for _ in range(most):
            page = self.bars(symbol, resolution, until - seconds(resolution, countback), until, countback)
            if page.no_data and page.next_time is None:
                return
            if page.no_data:
                assert page.next_time is not None
                assert page.next_time < until, "the way back leads forward"
                until = page.next_time + 1
                continue
            yield page.bars
            until = page.bars[0].time // 1000
        raise AssertionError(f"the beginning was not reached with {most} questions")

    def quotes(self, *tickers: str) -> list[dict[str, Any]]:
        found = self.send("quotes", symbols=",".join(tickers))
        if found.get("s") != "ok":
            raise DatafeedError(found.get("errmsg"))
        data: list[dict[str, Any]] = found["d"]
        return data


@dataclass(slots=True)
class DataPulse:
    """What keeps a chart moving: asks each ten seconds for the last two bars; `listener` is given what is new."""

    client: ChartClient
    symbol: dict[str, Any]
    resolution: str
    listener: Callable[[Bar], None]
    last: int | None = None

    def beat(self, now: int) -> None:
        page = self.client.bars(self.symbol, self.resolution, now - seconds(self.resolution, PERIODS), now, 2)
        if not page.bars or (self.last is not None and page.bars[-1].time < self.last):
            return
        if self.last is not None and page.bars[-1].time > self.last:
            if len(page.bars) < 2:
                raise DatafeedError("not enough bars in history for a proper pulse update; at least 2 are needed")
            self.listener(page.bars[-2])
        self.last = page.bars[-1].time
        self.listener(page.bars[-1])


def seconds(resolution: str, count: int) -> int:
    """How long so many bars take, as the client reckons."""
    days = {"D": 1, "1D": 1, "W": 7, "1W": 7, "M": 31, "1M": 31}
    return count * (86_400 * days[resolution] if resolution in days else 60 * int(resolution))


def number(value: Any) -> float:
    """JavaScript's parseFloat of a JSON value."""
    return float("nan") if value is None else float(value)
