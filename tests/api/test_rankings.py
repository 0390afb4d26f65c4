import pytest
from flask.testing import FlaskClient

from app.runtime import Runtime
from app.settings import Settings
from app.web.factory import create_server
from jobs import measures
from tests.api.conftest import NAMES, Market
from tests.conftest import free_port
from tests.jobs.pairs import AS_OF, stored

METRICS = ("percent_change", "trend_score", "coefficient_of_variation", "volume")
FIELDS = {"rank", "item_id", "market_hash_name", "score"}


@pytest.mark.parametrize("path", ["volatile", *METRICS])
def test_rankings_are_in_order_with_the_contracts_fields(client: FlaskClient, market: Market, path: str) -> None:
    rows = client.get(f"/api/v1/rankings/{path}?window=24h").get_json()
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    names = dict(zip(market.ids, NAMES, strict=True))
    assert {row["item_id"]: row["market_hash_name"] for row in rows} == names
    assert all(set(row) >= FIELDS for row in rows)
    measure = "return_volatility" if path == "volatile" else path
    assert [row[measure] for row in rows] == [pytest.approx(row["score"]) for row in rows]
    rising = client.get(f"/api/v1/rankings/{path}?window=24h&order=asc").get_json()
    assert [row["item_id"] for row in rising] == [row["item_id"] for row in reversed(rows)]


def test_a_row_is_json_without_a_name_twice(client: FlaskClient, market: Market) -> None:
    text = client.get("/api/v1/rankings/volatile?limit=1").text
    assert text.count('"item_id"') == 1
    assert text.count('"market_hash_name"') == 1


def test_volatile_takes_the_measure(client: FlaskClient, market: Market) -> None:
    lowest = client.get("/api/v1/rankings/volatile?order=asc&limit=1&metric=rolling_stddev").get_json()
    assert len(lowest) == 1
    assert lowest[0]["score"] == pytest.approx(lowest[0]["rolling_stddev"])


def test_a_market_keeps_the_others_out_and_ranks_its_own(client: FlaskClient, market: Market, runtime: Runtime) -> None:
    whole = client.get("/api/v1/rankings/volatile").get_json()
    assert client.get("/api/v1/rankings/volatile?market=steam:730").get_json() == whole
    assert client.get("/api/v1/rankings/volatile?market=binance:spot").get_json() == []
    first = whole[0]["item_id"]
    runtime.services.database.execute("UPDATE items SET market = 'binance:spot' WHERE id = %s", [first])
    # Another server: this one knows names and markets for a minute.
    other = create_server(Runtime(runtime.settings)).test_client()
    of_market = other.get("/api/v1/rankings/volatile?market=steam:730&limit=1").get_json()
    assert [(row["rank"], row["item_id"]) for row in of_market] == [(1, whole[1]["item_id"])]


@pytest.mark.parametrize(
    "path", ["volatile?window=24h", "volatile?window=30d", "sharpe?window=7d", "percent_change?window=24h"]
)
def test_without_redis_the_same_rows_come_from_the_database(
    runtime: Runtime, market: Market, client: FlaskClient, path: str
) -> None:
    usual = client.get(f"/api/v1/rankings/{path}").get_json()
    settings = Settings(_env_file=None, database_url=runtime.database_url, redis_url=f"redis://127.0.0.1:{free_port()}")
    cut_off = Runtime(settings)
    try:
        rows = create_server(cut_off).test_client().get(f"/api/v1/rankings/{path}").get_json()
    finally:
        cut_off.stop()
    assert rows == [pytest.approx(row) for row in usual]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("window=all", ("window", "'all'", "'24h'")),
        ("metric=beauty", ("metric", "'beauty'", "'return_volatility'", "'sharpe'")),
        ("order=up", ("order", "'up'", "'desc' or 'asc'")),
        ("market=steam:440", ("market", "'steam:440'", "'steam:730'", "'binance:spot'")),
        ("limit=501", ("limit", "'501'", "500")),
        ("search=ak", ("search", "'ak'")),
    ],
)
def test_unknown_values_are_a_400_that_names_them(
    client: FlaskClient, market: Market, query: str, named: tuple[str, ...]
) -> None:
    reply = client.get(f"/api/v1/rankings/volatile?{query}")
    assert (reply.status_code, set(reply.get_json())) == (400, {"error"})
    for word in named:
        assert word in reply.get_json()["error"]


def test_an_unknown_ranking_is_a_404_that_names_those_there_are(client: FlaskClient, market: Market) -> None:
    reply = client.get("/api/v1/rankings/nonsense")
    assert reply.status_code == 404
    for word in ("'nonsense'", "volatile", *METRICS, "sharpe"):
        assert word in reply.get_json()["error"]


def test_an_answer_is_not_sent_twice_and_no_other_for_it(client: FlaskClient, market: Market) -> None:
    first = client.get("/api/v1/rankings/volatile")
    tag = first.headers["ETag"]
    assert client.get("/api/v1/rankings/volatile", headers={"If-None-Match": tag}).status_code == 304
    shorter = client.get("/api/v1/rankings/volatile?limit=2", headers={"If-None-Match": tag})
    assert (shorter.status_code, len(shorter.get_json())) == (200, 2)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["volatile?window=7d", "volume?window=24h", "sharpe?window=30d&order=asc"])
def test_pairs_are_ranked_alone_and_alike_without_redis(
    runtime: Runtime, market: Market, client: FlaskClient, path: str
) -> None:
    held = runtime.services
    exchange = stored(held.database)
    items = client.get(f"/api/v1/rankings/{path}").get_json()
    measures.run(held.database, held.redis, AS_OF)
    rows = client.get(f"/api/v1/rankings/{path}&market=binance:spot").get_json()
    assert {row["market_hash_name"] for row in rows} == {"BTCUSDT", "ETHUSDT", "SOLUSDT", "ETHBTC"}
    assert {row["market"] for row in rows} == {"binance:spot"}
    assert all(row["volume_scale"] == 1000 and row["turnover"] > 0 for row in rows)
    if path.startswith("volume"):
        assert [row["score"] for row in rows] == [row["turnover"] for row in rows]
    assert not {row["item_id"] for row in items} & set(exchange.items.values())
    settings = Settings(
        _env_file=None,
        providers=("binance",),
        database_url=runtime.database_url,
        redis_url=f"redis://127.0.0.1:{free_port()}",
    )
    cut_off = Runtime(settings)
    try:  # an instance of pairs alone means them where no market is named
        found = create_server(cut_off).test_client().get(f"/api/v1/rankings/{path}").get_json()
    finally:
        cut_off.stop()
    assert found == [pytest.approx(row) for row in rows]
