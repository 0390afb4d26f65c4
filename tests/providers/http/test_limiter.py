import asyncio
from itertools import pairwise

from app.providers.http.limiter import RateLimiter


class Clock:
    """Time that passes only when someone sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def times(limiter: RateLimiter, clock: Clock, count: int) -> list[float]:
    async def run() -> list[float]:
        gone = []
        for _ in range(count):
            await limiter.acquire()
            gone.append(clock.now - 100.0)
        return gone

    return asyncio.run(run())


def test_no_more_than_so_many_in_a_period() -> None:
    clock = Clock()
    limiter = RateLimiter(3, 60.0, clock=clock, sleep=clock.sleep)
    assert times(limiter, clock, 7) == [0, 0, 0, 60, 60, 60, 120]


def test_spacing_and_jitter_keep_requests_apart() -> None:
    clock = Clock()
    limiter = RateLimiter(0, 0.0, spacing=3.0, jitter=1.0, clock=clock, sleep=clock.sleep)
    gone = times(limiter, clock, 50)
    gaps = [after - before for before, after in pairwise(gone)]
    assert all(3.0 <= gap < 4.0 + 1e-9 for gap in gaps)
    assert max(gaps) - min(gaps) > 0.1


def test_time_that_passed_anyway_counts() -> None:
    clock = Clock()
    limiter = RateLimiter(1, 10.0, clock=clock, sleep=clock.sleep)
    assert times(limiter, clock, 1) == [0]
    clock.now += 25
    assert times(limiter, clock, 2) == [25, 35]


def test_a_pause_holds_all_requests_back() -> None:
    clock = Clock()
    limiter = RateLimiter(0, 0.0, spacing=1.0, clock=clock, sleep=clock.sleep)
    limiter.pause(30)
    limiter.pause(5)
    assert limiter.paused_for() == 30
    assert times(limiter, clock, 2) == [30, 31]
    assert limiter.paused_for() == 0


def test_a_pause_moves_waiting_requests() -> None:
    clock = Clock()
    limiter = RateLimiter(1, 10.0, clock=clock, sleep=clock.sleep)
    gone: list[float] = []

    async def one() -> None:
        await limiter.acquire()
        gone.append(clock.now - 100.0)

    async def run() -> None:
        await one()
        waiting = asyncio.create_task(one())
        await asyncio.sleep(0)  # it has its slot at 10 and sleeps
        limiter.pause(40)
        await waiting

    asyncio.run(run())
    assert gone[0] == 0
    assert gone[1] >= 50  # the clock stood at 10 when the pause of 40 began


def test_waiting_in_real_time_and_in_order() -> None:
    limiter = RateLimiter(0, 0.0, spacing=0.02)
    order: list[int] = []

    async def one(number: int) -> None:
        await limiter.acquire()
        order.append(number)

    async def run() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.gather(*(one(number) for number in range(5)))
        return loop.time() - begun

    assert asyncio.run(run()) >= 0.075
    assert order == [0, 1, 2, 3, 4]
