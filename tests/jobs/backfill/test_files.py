import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.core.binary import UNKNOWN
from jobs.backfill import blocks
from jobs.backfill.files import open_file, points
from jobs.backfill.points import (
    EPOCH,
    MICROSECOND,
    HistoryFileError,
    RejectedError,
    cents,
    count,
    microseconds,
)

HEADER = "market_hash_name,date,price,volume\n"
NAME = "AK-47 | Redline (Field-Tested)"

Row = tuple[int, str, str, int, int]
"""Line, name, ISO time, cents, volume."""


def read(path: Path, item: str | None = None) -> tuple[list[Row], list[tuple[int, str]]]:
    rows: list[Row] = []
    refused: list[tuple[int, str]] = []
    for found, rejected in points(open_file(path), item=item):
        names = [found.names[at] for at in found.name.tolist()]
        times = [(EPOCH + at * MICROSECOND).isoformat() for at in found.time.tolist()]
        rows += zip(found.line.tolist(), names, times, found.price.tolist(), found.volume.tolist(), strict=True)
        refused += [(line.line, line.reason) for line in rejected]
        assert all(line.file == str(path) for line in rejected)
    return rows, refused


def csv_file(folder: Path, body: str, header: str = HEADER) -> Path:
    path = folder / "history.csv"
    path.write_bytes((header + body).encode())
    return path


def test_plain_lines(tmp_path: Path) -> None:
    rows, refused = read(csv_file(tmp_path, f"{NAME},2013-08-14 01:00:00,39.268,1112\nB,2024-02-29T23:59:59,7,\n"))
    assert rows == [
        (2, NAME, "2013-08-14T01:00:00+00:00", 3927, 1112),
        (3, "B", "2024-02-29T23:59:59+00:00", 700, UNKNOWN),
    ]
    assert refused == []


def test_any_order_of_columns_bom_crlf_quotes_and_no_last_newline(tmp_path: Path) -> None:
    body = '1,"1,112","Sticker | A, ""B""",1.5,2014-07-02 01:00:00\r\n\r\n2,3,★ Navaja,"2.25",2014-07-02 02:00:00'
    path = csv_file(tmp_path, body, "\ufeffid,Volume,market_hash_name,price,date\r\n")
    rows, refused = read(path)
    assert rows == [
        (2, 'Sticker | A, "B"', "2014-07-02T01:00:00+00:00", 150, 1112),
        (4, "★ Navaja", "2014-07-02T02:00:00+00:00", 225, 3),
    ]
    assert refused == []


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("2014-07-02 01:00:00", "2014-07-02T01:00:00+00:00"),
        ("2014-07-02T01:00:00Z", "2014-07-02T01:00:00+00:00"),
        ("2014-07-02T01:00:00+02:00", "2014-07-01T23:00:00+00:00"),
        ("2014-07-02 01:00:00.25", "2014-07-02T01:00:00.250000+00:00"),
        ("2014-07-02", "2014-07-02T00:00:00+00:00"),
    ],
)
def test_dates(tmp_path: Path, date: str, moment: str) -> None:
    rows, _ = read(csv_file(tmp_path, f"A,{date},1,1\n"))
    assert [row[2] for row in rows] == [moment]


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("1.005", 100), ("1.015", 102), ("1.025", 102), ("0.145", 14), ("2.675", 268), ("2.6750000001", 268),
        ("1.115", 112), ("0.03", 3), (".5", 50), ("5.", 500), ("1800", 180_000), ("1e3", 100_000), ("+2.5", 250),
        (" 2.5 ", 250), ("0.00500000000000001", 1), ("123456789.125", 12345678912), ("00012.3", 1230),
    ],
)  # fmt: skip
def test_prices_are_exact_and_half_a_cent_goes_to_the_even_one(tmp_path: Path, price: str, expected: int) -> None:
    rows, refused = read(csv_file(tmp_path, f"A,2014-07-02 01:00:00,{price},1\n"))
    assert ([row[3] for row in rows], refused) == ([expected], [])


REFUSED = [
    ("A,2014-07-02 01:00:00,abc,1", "price 'abc' is no number"),
    ("A,2014-07-02 01:00:00,,1", "price '' is no number"),
    ("A,2014-07-02 01:00:00,nan,1", "price 'nan' is no number"),
    ("A,2014-07-02 01:00:00,1.2.3,1", "price '1.2.3' is no number"),
    ("A,2014-07-02 01:00:00,0,1", "price 0 is not above zero"),
    ("A,2014-07-02 01:00:00,-1.5,1", "price -1.5 is not above zero"),
    ("A,2014-07-02 01:00:00,0.005,1", "price 0.005 is less than a cent"),
    ("A,2014-07-02 01:00:00,1e20,1", "price 1e20 is too large"),
    ("A,2014-07-02 01:00:00,1,-3", "volume '-3' is no whole number"),
    ("A,2014-07-02 01:00:00,1,1.5", "volume '1.5' is no whole number"),
    ("A,2014-07-02 01:00:00,1,many", "volume 'many' is no whole number"),
    ('A,2014-07-02 01:00:00,1,"1,1"', "volume '1,1' is no whole number"),
    ("A,2014-02-30 01:00:00,1,1", "date '2014-02-30 01:00:00' is not like 2013-08-14 01:00:00"),
    ("A,2014-13-01 01:00:00,1,1", "date '2014-13-01 01:00:00' is not like 2013-08-14 01:00:00"),
    ("A,2014-07-02 24:00:01,1,1", "date '2014-07-02 24:00:01' is not like 2013-08-14 01:00:00"),
    ("A,yesterday,1,1", "date 'yesterday' is not like 2013-08-14 01:00:00"),
    ("A,1999-07-02 01:00:00,1,1", "date '1999-07-02 01:00:00' is before 2000-01-03"),
    ("A,2999-07-02 01:00:00,1,1", "date '2999-07-02 01:00:00' is in the future"),
    (",2014-07-02 01:00:00,1,1", "no market_hash_name"),
    ("  ,2014-07-02 01:00:00,1,1", "no market_hash_name"),
    ("A,2014-07-02 01:00:00,1", "3 fields instead of 4"),
    ("A,2014-07-02 01:00:00,1,1,1", "5 fields instead of 4"),
    ('"A,2014-07-02 01:00:00,1,1', "no CSV: unexpected end of data"),
]


def test_every_reason_comes_with_its_line(tmp_path: Path) -> None:
    good = "A,2014-07-02 01:00:00,1,1"
    body = "".join(f"{line}\n{good}\n" for line, _ in REFUSED)
    rows, refused = read(csv_file(tmp_path, body))
    assert refused == [(2 + 2 * at, reason) for at, (_, reason) in enumerate(REFUSED)]
    assert [row[0] for row in rows] == [3 + 2 * at for at in range(len(REFUSED))]


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    line = b"Na\xefve,2014-07-02 01:00:00,1,1\n"
    path.write_bytes(HEADER.encode() + line + b"A,2014-07-02 01:00:00,1,1\n" + b'"Na\xefve",2014-07-02 01:00:00,1,1\n')
    rows, refused = read(path)
    assert [row[1] for row in rows] == ["A"]
    assert refused == [(2, "market_hash_name is not UTF-8"), (4, "market_hash_name is not UTF-8")]


def test_times_close_to_now_are_no_future(tmp_path: Path) -> None:
    soon, late = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (3, 8))
    rows, refused = read(csv_file(tmp_path, "".join(f"A,{moment:%Y-%m-%d %H:%M:%S},1,1\n" for moment in (soon, late))))
    assert ([row[0] for row in rows], [line for line, _ in refused]) == ([2], [3])


def test_blocks_are_seamless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "".join(
        f"{'Lo' * (at % 9 + 1)}ng | {at % 3},2014-07-02 01:{at % 60:02}:00,{at}.{at % 1000:03},{'x' if at % 7 == 3 else at}\n"
        for at in range(1, 400)
    )
    path = csv_file(tmp_path, body)
    packed = tmp_path / "history.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()[:5000]) + gzip.compress(path.read_bytes()[5000:]))
    whole = read(path)
    monkeypatch.setattr(blocks, "BLOCK", 300)
    monkeypatch.setattr(blocks, "PACKED_BLOCK", 97)
    assert read(path) == whole
    assert read(packed)[0] == whole[0]
    assert len(whole[0]) + len(whole[1]) == 399


def test_a_truncated_gzip_gives_what_it_has_and_says_where_it_ends(tmp_path: Path) -> None:
    body = "".join(
        f"A,2014-07-02 01:{at // 60 % 60:02}:{at % 60:02},{at}.17,{at * 7919 % 1000}\n" for at in range(1, 3000)
    )
    packed = gzip.compress((HEADER + body).encode())
    path = tmp_path / "history.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    rows, refused = read(path)
    assert len(rows) > 500
    assert refused == [(rows[-1][0] + 1, "the compressed file ends early; lines from here on are missing")]
    path.write_bytes(packed[:2000] + b"\xff" * 50 + packed[2050:])
    rows, refused = read(path)
    assert len(refused) == 1
    assert refused[0][0] == len(rows) + 2 if rows else 1
    assert "damaged" in refused[0][1]


@pytest.mark.parametrize(
    "header", ["name,date,price,volume\n", "market_hash_name,date,price,volume,price\n", "\n", "", '"x\n']
)
def test_a_header_without_the_four_fields_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(HistoryFileError, match=r"history\.csv"):
        read(csv_file(tmp_path, "", header))


def steam_reply(**changes: object) -> str:
    prices = [["Jul 02 2014 01: +0", 39.268, "1112"], ["Jul 03 2014 01: +0", 1.015, "1,112"]]
    return json.dumps({"success": True, "price_prefix": "$", "price_suffix": "", "prices": prices} | changes)


def test_steams_own_history(tmp_path: Path) -> None:
    path = tmp_path / "AK-47%20%7C%20Redline%20%28Field-Tested%29.json"
    path.write_text(steam_reply())
    rows, refused = read(path)
    assert rows == [
        (1, NAME, "2014-07-02T01:00:00+00:00", 3927, 1112),
        (2, NAME, "2014-07-03T01:00:00+00:00", 102, 1112),
    ]
    assert refused == []
    assert {row[1] for row in read(path, item="Other")[0]} == {"Other"}
    packed = tmp_path / f"{NAME}.json.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + path.read_bytes()))
    assert read(packed)[0] == rows


def test_steams_points_are_refused_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    good = ["Jul 02 2014 01: +0", 1, "1"]
    bad = [["Foo 02 2014 01: +0", 1, "1"], ["Jul 02 2014 01: +2", 1, "1"], ["Jul 02 2014 01: +0", "1", "1"], [1, 2], None,
           ["Jul 02 2014 01: +0", -1, "1"], ["Jul 02 2999 01: +0", 1, "1"], ["Jul 02 2014 01: +0", 1, "x"]]  # fmt: skip
    path.write_text(steam_reply(prices=[good, *bad, good]))
    rows, refused = read(path)
    assert [row[0] for row in rows] == [1, 10]
    assert [line for line, _ in refused] == list(range(2, 10))
    assert [reason.split(" ")[0] for _, reason in refused] == [
        "date",
        "date",
        "price",
        "a",
        "a",
        "price",
        "date",
        "volume",
    ]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (steam_reply(price_prefix="CDN$"), "prices are in CDN[$], not in"),
        (steam_reply(price_prefix="", price_suffix="€"), "prices are in €"),
        (steam_reply(price_prefix="", price_suffix=""), "no named currency"),
        (steam_reply(success=False), "not a price history of Steam"),
        ("[]", "not a price history of Steam"),
        ('{"success":', "no JSON"),
    ],
)
def test_steam_replies_of_no_use(tmp_path: Path, reply: str, reason: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(reply)
    with pytest.raises(HistoryFileError, match=reason):
        read(path)


fields = st.tuples(
    st.sampled_from(["A", "AB", "AC", "★ Æ", " A", "", "B" * 130]),
    st.one_of(
        st.datetimes(datetime(1999, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.isoformat(" ")[:19]),  # noqa: DTZ001
        st.sampled_from(
            ["2023-02-29 00:00:00", "2024-02-29 00:00:00", "2014-1-02 01:00:00", "2014/07/02 01:00:00", ""]
        ),
    ),
    st.one_of(
        st.decimals(Decimal("-0.01"), 10**7, places=3).map(str),
        st.text("0123456789.", max_size=18),
        st.sampled_from(["1e2", "1_0", "٣", "0.0049", "0.0051"]),
    ),
    st.one_of(st.integers(-1, 10**17).map(str), st.sampled_from(["", "1.0", "007", "٣"])),
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(fields, min_size=1, max_size=30))
def test_lines_in_bulk_and_one_by_one_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, ...]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    bulk = read(csv_file(folder, "".join(",".join(line) + "\n" for line in lines)))
    quoted = read(csv_file(folder, "".join(",".join(f'"{field}"' for field in line) + "\n" for line in lines)))
    assert bulk == quoted


@given(st.decimals(Decimal("0.01"), 10**9, places=5))
def test_cents_are_the_decimal_rounded(value: Decimal) -> None:
    assert cents(str(value)) == int((value * 100).to_integral_value(ROUND_HALF_EVEN))


def test_texts() -> None:
    assert count("12.0") == 12
    assert microseconds("2000-01-03") == 946_857_600_000_000
    with pytest.raises(RejectedError, match="no whole number"):
        count("٣")
