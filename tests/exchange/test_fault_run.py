"""The fault run in short: half a minute, a few pairs, one kill; `make fault-run` is the long one."""

from pathlib import Path

import pytest

from tests.exchange.fault_run import HISTORY, started
from tests.exchange.generator import invented

pytestmark = pytest.mark.slow


def test_after_every_fault_all_minutes_are_the_exchanges_own(tmp_path: Path) -> None:
    market = invented(4, minutes=HISTORY, seed=5, live=True)
    with started(market, tmp_path, rate=30, seed=5) as run:
        run.run(30, kills=1)
        assert run.differences() == []
        assert run.differences("5m") == []
        assert run.exchange.streams.breaches == []
        assert run.keeps_bans()
        assert run.faults["kill"] == 1
        assert len(run.faults) > 5
