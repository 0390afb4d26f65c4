"""A market with a past: invented minutes, or recorded ones where they are at hand, and the exchange's files of them."""

import csv
import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd

from tests.exchange.candles import Bar
from tests.exchange.market import Market

RULES = {"5m": "5min", "15m": "15min", "1h": "1h", "4h": "4h", "1d": "1D", "1w": "W-MON"}
FIELDS = ("open", "high", "low", "close", "volume")
Candle = tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal]
"""Open time in milliseconds, open, high, low, close, volume, in units."""


def record(market: Market, symbol: str, path: Path) -> None:
    """Put a file of recorded minutes (symbol, interval, datetime, prices, volume) into a market's past."""
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            opened = int(datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC).timestamp()) * 1000
            opening, high, low, close, volume = (Decimal(row[name]) for name in FIELDS)
            market.bars[symbol][opened] = Bar(opened, opening, high, low, close, volume)


def minutes(market: Market, symbol: str) -> list[Candle]:
    """The minutes of a pair that are over, oldest first."""
    bars = sorted(market.bars[symbol].items())
    return [
        (opened, bar.open, bar.high, bar.low, bar.close, bar.volume)
        for opened, bar in bars
        if opened + 60_000 <= market.now
    ]


def resampled(candles: Sequence[Candle], interval: str) -> list[Candle]:
    """What pandas makes of minutes, in decimals."""
    if interval == "1m":
        return list(candles)
    times = pd.to_datetime([row[0] for row in candles], unit="ms")
    frame = pd.DataFrame([row[1:] for row in candles], columns=list(FIELDS), index=times, dtype=object)
    groups = frame.resample(RULES[interval], label="left", closed="left")
    found: list[Candle] = []
    for begin, part in groups:
        if len(part):
            low, high, volume = min(part["low"]), max(part["high"]), sum(part["volume"], Decimal(0))
            at = int(pd.Timestamp(str(begin)).timestamp() * 1000)
            found.append((at, part["open"].iloc[0], high, low, part["close"].iloc[-1], volume))
    return found


def files(
    folder: Path, market: Market, symbol: str, *, per: str = "%Y-%m-%d", unit: int = 1, packed: bool = True
) -> list[Path]:
    """The exchange's files of a pair's minutes, a day or a month each, with checksums; `unit` 1 for milliseconds, 1000 for microseconds."""
    folder.mkdir(parents=True, exist_ok=True)
    return list(_files(folder, market, symbol, per, unit, packed=packed))


def _files(folder: Path, market: Market, symbol: str, per: str, unit: int, *, packed: bool) -> Iterator[Path]:
    parts: dict[str, list[str]] = {}
    for opened, bar in sorted(market.bars[symbol].items()):
        if opened + 60_000 > market.now:
            continue
        row = bar.row()
        row[0], row[6] = opened * unit, (opened + 60_000) * unit - 1
        period = datetime.fromtimestamp(opened / 1000, UTC).strftime(per)
        parts.setdefault(period, []).append(",".join(map(str, row)) + "\n")
    for period, lines in parts.items():
        name = f"{symbol}-1m-{period}"
        path = folder / f"{name}.{'zip' if packed else 'csv'}"
        if packed:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(f"{name}.csv", "".join(lines))
        else:
            path.write_text("".join(lines), encoding="ascii")
        sign(path)
        yield path


def sign(path: Path) -> None:
    """Write the `.CHECKSUM` beside a file."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.CHECKSUM").write_text(f"{digest}  {path.name}\n", encoding="ascii")
