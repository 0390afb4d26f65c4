"""Staleness: clients are told when no prices come in."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.live.feed import Feed
from app.live.history import History
from app.live.settings import LiveSettings
from app.live.staleness import Staleness
from tests.live.support import Valkey, assert_silent, hear, price, running, subscribe


@pytest.mark.slow
def test_clients_hear_of_silence_and_of_its_end(settings: LiveSettings, valkey: Valkey) -> None:
    with running(replace(settings, stale_after=1.5)) as live, live.connect() as client:
        subscribe(client, 1)
        assert hear(client) == {"type": "feed", "state": "stale"}
        with live.connect() as late:
            assert hear(late) == {"type": "feed", "state": "stale"}
        valkey.publish(price(2, 10))  # of an item that nobody asked for: the feed lives
        assert hear(client) == {"type": "feed", "state": "live"}


@pytest.mark.slow
def test_without_stale_after_no_staleness_is_announced(settings: LiveSettings) -> None:
    with running(settings) as live, live.connect() as client:
        subscribe(client, 1)
        assert_silent(client, 2.5)


def test_a_lost_connection_is_stale_long_before_a_slow_market_would_be(tmp_path: Path) -> None:
    times = [1000.0]
    feed = Feed(f"unix://{tmp_path}/none", History(), lambda _updates: None, lambda: None, lambda _personal: None)
    staleness = Staleness(feed, 900.0, lambda: times[-1])
    feed.state = "connected"
    times.append(1100.0)
    assert not staleness.has_changed()
    feed.state = "reconnecting"
    times.append(1104.0)
    assert not staleness.has_changed()
    times.append(1106.0)
    assert staleness.has_changed()
    feed.state, feed.last_message = "connected", 1107.0
    times.append(1108.0)
    assert staleness.has_changed()
    times.append(2008.0)
    assert staleness.has_changed()
    assert staleness.stale
