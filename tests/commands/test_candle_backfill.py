"""`tracera backfill` of an exchange's pairs, as a person runs it: a process, a stand-in over HTTP, and what the API says then."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from db.accounts import watchlist
from db.candles import repairs, symbols
from db.candles.intervals import NAMES
from db.core.pool import Database
from db.embedded.servers import Endpoints
from tests.commands.support import Done, environment, run
from tests.conftest import DATA, wait_for
from tests.exchange import past
from tests.exchange.candles import DAY
from tests.exchange.market import Listing, Market
from tests.exchange.server import Exchange, running
from tests.portfolio.conftest import add_person

pytestmark = pytest.mark.slow
RECORDED = DATA / "binance" / "BTCUSDT_1m_2025-06-05_06-08.csv"
KLINES = "/api/v3/klines"
DAYS = 24


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    """Two pairs with minutes of three weeks and a half, and one that has only just been listed."""
    market = Market(Listing("BTCUSDT", "BTC"), Listing("ETHUSDT", "ETH"), Listing("NEWUSDT", "NEW"))
    begin = market.now % DAY // 60_000
    market.fill("BTCUSDT", DAYS * 1440 + begin, price="60000")
    market.fill("ETHUSDT", 1440 + begin, price="3000")
    market.fill("NEWUSDT", 30, price="1")
    with running(market) as started:
        yield started


@pytest.fixture
def asked(exchange: Exchange) -> Exchange:
    """The exchange, with nothing asked of it yet."""
    exchange.rest.requests.clear()
    exchange.rest.broken_bans = 0
    return exchange


@pytest.fixture
def settings(asked: Exchange, database_url: str, endpoints: Endpoints) -> dict[str, str]:
    return {
        "TRACERA_DATABASE_URL": database_url,
        "TRACERA_REDIS_URL": endpoints.redis_url,
        "TRACERA_BINANCE_URL": asked.url,
        "TRACERA_PROVIDERS": "binance",
        "TRACERA_BINANCE_SYMBOLS": "BTCUSDT,ETHUSDT,GONEUSDT",
    }


def backfill(folder: Path, settings: dict[str, str], *arguments: str) -> Done:
    return run(folder, "backfill", "--source", "binance", *arguments, **settings)


def candles(client: FlaskClient, symbol: str, interval: str) -> list[past.Candle]:
    """All candles of an interval in units, page by page from the newest."""
    found: list[past.Candle] = []
    until = 10**13
    while True:
        body = client.get(f"/api/v1/candles?symbol={symbol}&interval={interval}&limit=5000&to={until}").get_json()
        price, volume = Decimal(body["price_scale"]), Decimal(body["volume_scale"])
        page = [
            (at, *(Decimal(one) / price for one in prices), Decimal(size) / volume)
            for at, *prices, size in body["data"]
        ]
        found = [*page, *found]
        if len(page) < 5000:
            return found
        until = page[0][0]


def equals_pandas(client: FlaskClient, market: Market, symbol: str) -> None:
    made = past.minutes(market, symbol)
    for interval in NAMES:
        assert candles(client, symbol, interval) == past.resampled(made, interval), interval


def fetched(exchange: Exchange, interval: str = "1m") -> list[int]:
    """Where the requests for candles began, in milliseconds."""
    asked = [query for _, path, query in exchange.rest.requests if path == KLINES]
    return [int(query["startTime"]) for query in asked if query["interval"] == interval]


def test_the_whole_past_comes_in_and_is_what_pandas_makes_of_it(
    tmp_path: Path, settings: dict[str, str], asked: Exchange, client: FlaskClient
) -> None:
    done = backfill(tmp_path, settings, "--symbol", "btcusdt", "--from", "2020-01-01")
    assert done.returncode == 0, done.stderr
    assert "BTCUSDT, 1m: from " in done.stdout
    equals_pandas(client, asked.market, "BTCUSDT")
    assert len(fetched(asked)) <= 40  # a thousand a request, none before the first day
    asked.rest.requests.clear()
    again = backfill(tmp_path, settings, "--symbol", "BTCUSDT", "--from", "2020-01-01")
    assert "0 candles are new or corrected" in again.stdout
    assert all(
        begin >= asked.market.now for begin in fetched(asked)
    )  # minutes that the stand-in's clock has not reached


@pytest.mark.skipif(not RECORDED.exists(), reason="recorded minutes are not here")
def test_recorded_minutes_come_back_from_the_exchange_and_from_its_files(
    tmp_path: Path, settings: dict[str, str], client: FlaskClient, database: Database
) -> None:
    market = Market(Listing("BTCUSDT", "BTC"))
    past.record(market, "BTCUSDT", RECORDED)
    span = ("--symbol", "BTCUSDT", "--from", "2025-06-05", "--to", "2025-06-09")
    with running(market) as exchange:
        there = settings | {"TRACERA_BINANCE_URL": exchange.url}
        done = backfill(tmp_path, there, *span)
        assert done.returncode == 0, done.stderr
        equals_pandas(client, market, "BTCUSDT")
        for unit in (1, 1000):
            paths = past.files(tmp_path / str(unit), market, "BTCUSDT", unit=unit)
            known = backfill(tmp_path, there, *map(str, paths))
            assert "5,000 candles of 1 pairs: 0 new or corrected, 5,000 known, 0 rejected" in known.stdout, known.stderr
            for interval in NAMES:
                database.execute(f"DELETE FROM candles_{interval}")  # noqa: S608  # names of ours
            loaded = backfill(tmp_path, there, *map(str, paths))
            assert "5,000 new or corrected" in loaded.stdout, loaded.stderr
            equals_pandas(client, market, "BTCUSDT")


def test_milliseconds_and_microseconds_months_and_days_zip_and_csv_load_alike(
    tmp_path: Path, settings: dict[str, str], asked: Exchange, client: FlaskClient
) -> None:
    market = asked.market
    monthly = past.files(tmp_path / "ms", market, "BTCUSDT", per="%Y-%m")
    daily = past.files(tmp_path / "us", market, "BTCUSDT", unit=1000, packed=False)
    count = len(past.minutes(market, "BTCUSDT"))
    first = backfill(tmp_path, settings, *map(str, monthly))
    assert f"{count:,} new or corrected, 0 known, 0 rejected" in first.stdout, first.stderr
    equals_pandas(client, market, "BTCUSDT")
    again = backfill(tmp_path, settings, *map(str, reversed(daily)))
    assert f"0 new or corrected, {count:,} known" in again.stdout, again.stderr
    assert len([path for _, path, _ in asked.rest.requests if path == "/api/v3/exchangeInfo"]) == 1  # then it is known


def test_bad_lines_and_bad_files_are_named_and_the_good_ones_loaded(
    tmp_path: Path, settings: dict[str, str], asked: Exchange, client: FlaskClient
) -> None:
    good, bad, _, lines, *_ = past.files(tmp_path, asked.market, "BTCUSDT", packed=False)
    bad.write_bytes(bad.read_bytes()[:-1])
    zipped = past.files(tmp_path / "zip", asked.market, "BTCUSDT")[2]
    zipped.write_bytes(zipped.read_bytes()[: zipped.stat().st_size // 2])
    past.sign(zipped)
    text = lines.read_text().splitlines()
    text[4] = text[4].replace(text[4].split(",")[1], "0.00000000", 1)
    text[7] = "rubbish"
    lines.write_text("\n".join(["open_time,open,high,low,close,volume,close_time,q,n,t,u,i", *text]) + "\n")
    past.sign(lines)
    done = backfill(tmp_path, settings, *map(str, (good, bad, zipped, lines)))
    assert done.returncode == 1
    assert f"{lines}:6: rejected" in done.stdout
    assert f"{lines}:9: rejected, 1 columns instead of 12" in done.stdout
    assert "2,878 candles of 1 pairs: 2,878 new or corrected, 0 known, 2 rejected" in done.stdout
    assert f"{bad.name}: its SHA-256 is" in done.stderr
    assert f"{zipped.name}: " in done.stderr
    minutes = candles(client, "BTCUSDT", "1m")
    begin = minutes[0][0]
    missing = {begin + 3 * DAY + at * 60_000 for at in (4, 7)}
    days = range(begin, begin + 4 * DAY, 60_000)
    assert [row[0] for row in minutes] == [at for at in days if (at - begin) // DAY in {0, 3} and at not in missing]


def test_after_a_kill_it_goes_on_where_it_was(
    tmp_path: Path, settings: dict[str, str], asked: Exchange, client: FlaskClient
) -> None:
    process = started(tmp_path, settings, "--symbol", "BTCUSDT")
    wait_for(lambda: len(fetched(asked)) > 18, 60, "nothing is asked for")
    process.kill()
    process.communicate()
    held = {row[0] for row in candles(client, "BTCUSDT", "1m")}
    whole = len(past.minutes(asked.market, "BTCUSDT"))
    assert 0 < len(held) < whole
    asked.rest.requests.clear()
    done = backfill(tmp_path, settings, "--symbol", "BTCUSDT")
    assert f"BTCUSDT, 1m: {len(held):,} candles are there already, going on at " in done.stdout, done.stderr
    assert f"{whole - len(held):,} candles are new or corrected" in done.stdout
    assert min(fetched(asked)) > max(held)
    equals_pandas(client, asked.market, "BTCUSDT")


def test_it_leaves_the_exchange_alone_for_as_long_as_that_says(
    tmp_path: Path, settings: dict[str, str], asked: Exchange, client: FlaskClient
) -> None:
    process = started(tmp_path, settings, "--symbol", "BTCUSDT")
    wait_for(lambda: len(fetched(asked)) > 5, 60, "nothing is asked for")
    asked.call(lambda: asked.faults.answer(KLINES, 429, {"code": -1003, "msg": "Too much."}, Retry_After="3"))
    wait_for(lambda: not asked.faults.answers.get(KLINES), 10, "the 429 was not met")
    wait_for(lambda: longest_pause(asked) >= 3, 20, "it did not wait")
    assert longest_pause(asked) < 4.5
    asked.rest.requests.clear()
    wait_for(lambda: len(fetched(asked)) > 5, 60, "it did not go on")
    asked.call(lambda: asked.ban(4))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert asked.rest.broken_bans == 1  # the request that learned of it
    assert 3 <= longest_pause(asked) < 5.5
    assert "429, too many requests; waiting 3 s" in output
    assert "418, banned for asking too much; waiting 4 s" in output
    equals_pandas(client, asked.market, "BTCUSDT")


def test_an_exchange_that_is_gone_is_one_line_and_what_came_stays(
    tmp_path: Path, settings: dict[str, str], asked: Exchange, client: FlaskClient
) -> None:
    asked.faults.answer(KLINES, 400, {"code": -1100, "msg": "No."})
    done = backfill(tmp_path, settings, "--symbol", "BTCUSDT")
    asked.faults.answers.clear()
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert (done.returncode, len(lines)) == (1, 1)
    assert "No. (-1100); what came is stored, the same command goes on from there" in lines[0]
    assert client.get("/api/v1/symbols").get_json()[0]["symbol"] == "BTCUSDT"


def test_all_and_watched_pairs_and_days_where_no_minutes_are(
    tmp_path: Path, settings: dict[str, str], asked: Exchange, client: FlaskClient, database: Database
) -> None:
    done = backfill(tmp_path, settings, "--all", "--interval", "1d")
    assert done.returncode == 0, done.stderr
    assert "GONEUSDT: not listed by binance, left out" in done.stdout
    for symbol in ("BTCUSDT", "ETHUSDT"):
        made = past.minutes(asked.market, symbol)
        over = [row for row in past.resampled(made, "1d") if row[0] + DAY <= asked.market.now]
        assert candles(client, symbol, "1d") == over
        assert "1m" not in client.get(f"/api/v1/intervals?symbol={symbol}").get_json()["intervals"]
    nobody = backfill(tmp_path, settings, "--watched")
    assert (nobody.returncode, "no pair is on a watchlist" in nobody.stderr) == (1, True)
    pair = symbols.find(database, "ETHUSDT")
    assert pair
    watchlist.add(database, add_person(database).id, pair.item_id, most=1)
    done = backfill(tmp_path, settings, "--watched")
    assert done.returncode == 0, done.stderr
    equals_pandas(client, asked.market, "ETHUSDT")
    assert repairs.newest(database) == []  # nothing was mended


def test_a_part_of_a_day_in_minutes_does_not_replace_the_day_that_the_exchange_told(
    tmp_path: Path, settings: dict[str, str], asked: Exchange, client: FlaskClient
) -> None:
    assert backfill(tmp_path, settings, "--symbol", "BTCUSDT", "--interval", "1d").returncode == 0
    days = candles(client, "BTCUSDT", "1d")
    path = past.files(tmp_path, asked.market, "BTCUSDT", packed=False)[5]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[600:700]))
    past.sign(path)
    assert backfill(tmp_path, settings, str(path)).returncode == 0
    assert len(candles(client, "BTCUSDT", "1m")) == 100
    assert [row for row in candles(client, "BTCUSDT", "1d") if row[0] <= days[-1][0]] == days


def test_a_pair_that_was_listed_today(
    tmp_path: Path, settings: dict[str, str], asked: Exchange, client: FlaskClient
) -> None:
    done = backfill(tmp_path, settings, "--symbol", "NEWUSDT")
    assert done.returncode == 0, done.stderr
    assert [row[0] for row in candles(client, "NEWUSDT", "1m")] == [
        row[0] for row in past.minutes(asked.market, "NEWUSDT")
    ]


def test_a_pair_that_another_source_quotes_here_stays_with_it(
    tmp_path: Path, settings: dict[str, str], asked: Exchange, database: Database
) -> None:
    with database.connection() as connection, connection.transaction():
        row = symbols.PairRow("BTCUSDT", "BTC", "USDT", 100, 100_000, "trading", None)
        symbols.save(connection, "binance:spot", "demo", [row])
    path = past.files(tmp_path, asked.market, "BTCUSDT")[0]
    beside = backfill(tmp_path, settings | {"TRACERA_PROVIDERS": "demo"}, str(path))
    assert (beside.returncode, "1,440 new or corrected" in beside.stdout) == (0, True), beside.stderr
    assert "BTCUSDT: pages show another source's candles, which runs here" in beside.stdout
    alone = backfill(tmp_path, settings, str(path))
    assert "1,440 known" in alone.stdout, alone.stderr
    assert "another source" not in alone.stdout
    pair = symbols.find(database, "BTCUSDT")
    assert pair
    assert pair.source == "binance"


def test_what_nobody_knows_is_one_line(tmp_path: Path, settings: dict[str, str]) -> None:
    unknown = backfill(tmp_path, settings, "--symbol", "NOPEUSDT")
    assert (unknown.returncode, unknown.stderr.strip()) == (1, "Error: binance does not list NOPEUSDT")
    odd = tmp_path / "minutes.csv"
    odd.write_text("1,2\n")
    named = backfill(tmp_path, settings, str(odd))
    assert (named.returncode, "no name of a dump" in named.stderr) == (1, True)
    month = tmp_path / "BTCUSDT-1mo-2024-01.csv"
    month.write_text("1,2\n")
    months = backfill(tmp_path, settings, str(month))
    assert (months.returncode, "candles of 1M are not kept" in months.stderr) == (1, True)


def started(folder: Path, settings: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "app.cli", "backfill", "--source", "binance", *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def longest_pause(exchange: Exchange) -> float:
    times = [at for at, path, _ in exchange.rest.requests if path == KLINES]
    return max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)
