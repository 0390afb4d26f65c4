"""What the stand-in itself promises, as a client without any of the program's code sees it."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.exchange.generator import invented, trade_some
from tests.exchange.market import Listing, Market
from tests.exchange.server import Exchange


async def reply(socket: ClientConnection, **command: Any) -> Any:
    await socket.send(json.dumps(command))
    return json.loads(await socket.recv())


def test_the_generator_invents_the_same_for_the_same_seed() -> None:
    made = [invented(3, minutes=20, seed=7) for _ in range(2)]
    for market in made:
        trade_some(market, 100, seed=7)
    assert made[0].bars == made[1].bars


def test_trade_ids_of_a_bar_follow_those_of_the_one_before() -> None:
    market = invented(1, minutes=200)
    last = 0
    for _, bar in sorted(market.bars["C000USDT"].items()):
        if bar.trades:
            assert (bar.first, bar.last) == (last + 1, last + bar.trades)
            last = bar.last


def test_commands_are_answered_in_the_exchanges_words() -> None:
    async def run() -> None:
        async with Exchange(invented(1)) as exchange, connect(f"{exchange.stream_url}/stream") as socket:
            params = ["c000usdt@kline_1m"]
            assert await reply(socket, method="SUBSCRIBE", params=params, id=1) == {"result": None, "id": 1}
            assert await reply(socket, method="LIST_SUBSCRIPTIONS", id="two") == {"result": params, "id": "two"}
            assert await reply(socket, method="UNSUBSCRIBE", params=params, id=3) == {"result": None, "id": 3}
            assert (await reply(socket, method="DANCE", id=4))["error"]["code"] == 2

    asyncio.run(run())


def test_raw_and_combined_streams_differ_by_their_wrapping() -> None:
    market = invented(1)

    async def run() -> None:
        async with (
            Exchange(market) as exchange,
            connect(f"{exchange.stream_url}/ws/c000usdt@miniTicker") as raw,
            connect(f"{exchange.stream_url}/stream?streams=c000usdt@miniTicker/c000usdt@aggTrade") as combined,
        ):
            while len(exchange.streams.clients) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            market.trade("C000USDT", "101")
            first, second = json.loads(await raw.recv()), json.loads(await combined.recv())
            assert second == {"stream": "c000usdt@miniTicker", "data": first}
            assert (first["e"], first["c"]) == ("24hrMiniTicker", "101.00000000")

    asyncio.run(run())


def test_a_sixth_command_in_a_second_and_the_1025th_stream_end_the_connection() -> None:
    async def run() -> None:
        async with Exchange(invented(1)) as exchange:
            for commands, streams in ((6, 1), (1, 1025)):
                async with connect(f"{exchange.stream_url}/stream") as socket:
                    for number in range(commands):
                        params = [f"s{at}@kline_1m" for at in range(streams)]
                        await socket.send(json.dumps({"method": "SUBSCRIBE", "params": params, "id": number}))
                    await socket.wait_closed()
            assert exchange.streams.breaches == ["more than 5 messages a second", "more than 1,024 streams"]

    asyncio.run(run())


def test_weight_is_counted_by_minute_and_excess_leads_to_a_ban() -> None:
    market = Market(Listing("BTCUSDT", "BTC"))

    async def run() -> None:
        async with Exchange(market) as exchange, httpx.AsyncClient(base_url=exchange.url) as client:
            exchange.rest.limit = 10
            answers = [await client.get("/api/v3/time") for _ in range(16)]
            assert [answer.headers.get("x-mbx-used-weight-1m") for answer in answers[:3]] == ["1", "2", "3"]
            assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 5 + [418]
            assert 0 < int(answers[10].headers["retry-after"]) <= 60
            assert int(answers[-1].headers["retry-after"]) == 120

    asyncio.run(run())


def test_too_many_handshakes_are_refused() -> None:
    async def run() -> None:
        async with Exchange(invented(1)) as exchange:
            for _ in range(300):
                exchange.streams.admits()
            with pytest.raises(InvalidStatus) as caught:
                await connect(f"{exchange.stream_url}/stream")
            assert caught.value.response.status_code == 429

    asyncio.run(run())


def test_a_connection_ends_after_its_lifetime() -> None:
    async def run() -> None:
        async with Exchange(invented(1)) as exchange:
            exchange.streams.lifetime = 0.1
            async with connect(f"{exchange.stream_url}/stream") as socket:
                with pytest.raises(ConnectionClosed):
                    await socket.recv()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("symbol=GONE&interval=1m", -1121),
        ("symbol=BTCUSDT&interval=1D", -1120),
        ("interval=1m", -1102),
        ("symbol=BTCUSDT&interval=1m&startTime=x", -1100),
        ("symbol=BTCUSDT&interval=1m&limit=1001", -1130),
    ],
)
def test_wrong_requests_are_refused_by_number(query: str, code: int) -> None:
    async def run() -> None:
        async with (
            Exchange(Market(Listing("BTCUSDT", "BTC"))) as exchange,
            httpx.AsyncClient(base_url=exchange.url) as client,
        ):
            answer = await client.get(f"/api/v3/klines?{query}")
            assert (answer.status_code, answer.json()["code"]) == (400, code)

    asyncio.run(run())
