"""What the stream said, between the stream and its readers."""

from app.providers.exchange import Kline
from jobs.exchange.buffer import StreamBuffer


def bar(minute: int, *, final: bool, symbol: str = "BTCUSDT") -> Kline:
    return Kline(symbol, 60 * minute, 100, 101, 99, 100, 5, 1, final)


def test_a_running_candle_waits_until_the_final_one_before_it_is_stored() -> None:
    buffer = StreamBuffer({"BTCUSDT": 1, "ETHUSDT": 2})
    for event in (bar(1, final=False), bar(1, final=True), bar(2, final=False), bar(2, final=False, symbol="ETHUSDT")):
        buffer.take(event)
    assert [one.symbol for one in buffer.take_running()] == ["ETHUSDT"]
    assert [one.open_time for one in buffer.take_finals(())] == [60]
    assert [one.open_time for one in buffer.take_running()] == [120]
    assert buffer.take_running() == []
