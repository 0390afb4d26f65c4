import hashlib
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.providers.binance import columns, dumps
from app.providers.binance.dumps import (
    BLOCK,
    DumpError,
    RejectedLine,
    checksum,
    parse_name,
    read_dump,
    unpacked_size,
)
from app.providers.binance.units import local_milliseconds
from db.candles.columns import CandleColumns
from tests.providers.binance.conftest import BTC

HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
OPENED = 1_735_689_540  # 2024-12-31 23:59, the last minute in milliseconds


def line(opened: int, *, unit: int = 1000, price: str = "100.00000000") -> str:
    prices = ",".join([price] * 4)
    return f"{opened * unit},{prices},1.50000000,{(opened + 60) * unit - 1},150.00000000,7,0.70000000,70.00000000,0"


def bar(opened: int) -> tuple[int, ...]:
    return (opened, 10_000, 10_000, 10_000, 10_000, 150_000, 7)


def zipped(folder: Path, *lines: str, name: str = "BTCUSDT-1m-2025-01") -> Path:
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.csv", "\n".join(lines) + "\n")
    return path


def plain(folder: Path, *lines: str, name: str = "BTCUSDT-1m-2025-01", ending: str = "\n") -> Path:
    path = folder / f"{name}.csv"
    path.write_bytes((ending.join(lines) + ending).encode())
    return path


def read(path: Path, *, block: int = BLOCK) -> tuple[list[tuple[int, ...]], list[RejectedLine]]:
    blocks = list(read_dump(path, BTC, "1m", block=block))
    return CandleColumns.join([part.candles for part in blocks]).rows(), [
        one for part in blocks for one in part.rejected
    ]


@pytest.mark.parametrize("write", [zipped, plain])
@pytest.mark.parametrize("header", [True, False])
def test_files_are_read_across_the_change_to_microseconds(tmp_path: Path, write: object, *, header: bool) -> None:
    lines = [line(OPENED), line(OPENED + 60, unit=1_000_000), line(OPENED + 120, unit=1_000_000)]
    path = (zipped if write is zipped else plain)(tmp_path, *([HEADER] if header else []), *lines)
    assert read(path) == ([bar(OPENED), bar(OPENED + 60), bar(OPENED + 120)], [])


def test_a_month_comes_block_by_block(tmp_path: Path) -> None:
    path = zipped(tmp_path, *(line(OPENED + 60 * minute) for minute in range(2500)))
    blocks = list(read_dump(path, BTC, "1m", block=100_000))
    assert len(blocks) > 2
    assert sum(block.size for block in blocks) == unpacked_size(path)
    assert read(path, block=100_000) == ([bar(OPENED + 60 * at) for at in range(2500)], [])


def test_bad_lines_are_left_out_and_named_by_their_number(tmp_path: Path) -> None:
    lines = [
        HEADER,
        line(OPENED),
        line(OPENED + 30),  # off the grid, as after an outage
        line(1_000_000_020),  # 2001
        line(OPENED, unit=1_000_000_000),  # the year 56971 in microseconds
        line(OPENED + 60, price="0.00000000"),
        "1,2,3",
        "",
        line(OPENED + 60).replace("7", "x"),
        line(int(time.time()) // 60 * 60),  # still runs
        line(OPENED + 120),
    ]
    for size in (200, 1 << 20):
        rows, rejected = read(plain(tmp_path, *lines), block=size)
        assert [row[0] for row in rows] == [OPENED, OPENED + 120]
        assert [one.line for one in rejected] == list(range(3, 11))
        assert "not on the grid" in rejected[0].reason
        assert "2017 and tomorrow" in rejected[1].reason
        assert "2017 and tomorrow" in rejected[2].reason
        assert "is not over" in rejected[-1].reason


def test_line_ends_of_windows_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = plain(tmp_path, "\ufeff" + HEADER, line(OPENED), ending="\r\n")
    assert read(path) == ([bar(OPENED)], [])


def test_the_checksum_beside_a_file_has_to_be_its_own(tmp_path: Path) -> None:
    path = zipped(tmp_path, line(OPENED))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert checksum(path) == digest
    beside = tmp_path / f"{path.name}.CHECKSUM"
    beside.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    assert read(path)[0] == [bar(OPENED)]
    for wrong in (f"{'0' * 64}  {path.name}\n", ""):
        beside.write_text(wrong, encoding="utf-8")
        with pytest.raises(DumpError, match=r"not what .*CHECKSUM says"):
            read(path)


def test_rule_13_a_replaced_file_has_another_checksum(tmp_path: Path) -> None:
    """Rule 13: a file that the exchange replaced is told by its checksum."""
    before = checksum(zipped(tmp_path, line(OPENED)))
    assert checksum(zipped(tmp_path, line(OPENED, price="101.00000000"))) != before


def test_files_that_are_damaged_or_something_else_are_refused(tmp_path: Path) -> None:
    whole = zipped(tmp_path, *(line(OPENED + 60 * at) for at in range(5000))).read_bytes()
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 0xFF
    for name, body in {"cut": whole[: len(whole) // 2], "text": b"no archive", "bits": bytes(broken)}.items():
        path = tmp_path / f"{name}.zip"
        path.write_bytes(body)
        with pytest.raises(DumpError):
            read(path)
    two = tmp_path / "two.zip"
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.csv", "")
        archive.writestr("b.csv", "")
    with pytest.raises(DumpError, match="2 CSV files"):
        read(two)
    endless = tmp_path / "endless.csv"
    endless.write_bytes(b"1" * 100_000)
    with pytest.raises(DumpError, match="a line of more than"):
        read(endless)


def test_an_empty_file_has_no_candle(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_bytes(b"")
    assert list(read_dump(path, BTC, "1m")) == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("BTCUSDT-1m-2025-01.zip", ("BTCUSDT", "1m", "2025-01")),
        ("BTCUSDT-1m-2025-01-31.csv", ("BTCUSDT", "1m", "2025-01-31")),
        ("币安人生USDT-1mo-2025-01.zip", ("币安人生USDT", "1M", "2025-01")),
    ],
)
def test_a_files_name_says_what_is_in_it(name: str, parts: tuple[str, str, str]) -> None:
    found = parse_name(Path(name))
    assert (found.symbol, found.interval, found.period) == parts


@pytest.mark.parametrize("name", ["BTCUSDT.zip", "BTCUSDT-1m-2025-01.zip.CHECKSUM", "BTCUSDT-1m.csv", "x"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(DumpError, match="no name of a dump"):
        parse_name(Path(name))


NUMBERS = st.one_of(
    st.decimals(0, 10**7, places=8).map(lambda value: f"{value:.8f}"),
    st.decimals(0, 10**7, places=2).map(str),
    st.integers(-(10**18), 10**19).map(str),
    st.sampled_from(["0.00500000", "0.01500000", "0.00000001", "1e3", "", "NaN", "0x1", " 1", "1.123456789", "9" * 30]),
)
TIMES = st.one_of(
    st.integers(-10, 10**6).map(lambda minutes: str((OPENED + 60 * minutes) * 1000)),
    st.integers(-10, 10**6).map(lambda minutes: str((OPENED + 60 * minutes) * 1_000_000)),
    st.integers(0, 2**63).map(str),
    st.sampled_from(["", "x", "1735689540000.0", "9" * 25]),
)
COUNTS = st.one_of(st.integers(0, 10**6).map(str), st.sampled_from(["-1", str(2**53), "", "1.5"]))


@given(st.lists(st.tuples(TIMES, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, TIMES, COUNTS), max_size=5))
@example(
    [("1735689540000", "100.00500000", "100.01500000", "100.0", "100.00500000", "0.00000500", "1735689599999", "7")]
)
def test_many_lines_at_once_are_what_each_is_by_itself(rows: list[tuple[str, ...]]) -> None:
    lines = [",".join([*row[:7], "1", row[7], "1", "1", "0"]).encode() for row in rows]
    now = local_milliseconds()
    parsed = columns.parse(b"".join(line + b"\n" for line in lines), len(lines), BTC, "1m", now) if lines else None
    if parsed is None:
        return
    candles, fits = parsed
    for line, row, plain in zip(lines, candles.rows(), fits.tolist(), strict=True):
        if plain and not any(
            text in line for text in (b" 1", b"1e3")
        ):  # Arrow takes these for the numbers that they are
            assert dumps._row(line, BTC, "1m", now) == row
        elif not plain:
            with pytest.raises(ValueError, match=r"."):
                dumps._row(line, BTC, "1m", now)
