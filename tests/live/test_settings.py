"""Settings of the live path: what stands in the environment reaches the hub."""

import pytest

from app.runtime import Runtime
from app.server.serve import assemble
from app.server.tasks import process_name
from app.settings import SettingsError, load

GIVEN = {
    "TRACERA_LIVE_TICK": "0.2",
    "TRACERA_LIVE_MAX_CLIENTS": "11",
    "TRACERA_LIVE_MAX_ITEMS": "12",
    "TRACERA_LIVE_HIGH_WATER": "5000",
    "TRACERA_LIVE_MAX_BUFFER": "6000",
    "TRACERA_LIVE_PATIENCE": "1.5",
    "TRACERA_LIMIT_SOCKETS": "13",
}


def test_the_environment_reaches_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    runtime = Runtime(load(_env_file=None, database_url="postgresql:///x", redis_url="redis://x"))
    gateway, _ = assemble(runtime, [], "127.0.0.1")
    found = gateway.hub.settings
    assert (found.tick, found.max_clients, found.max_items) == (0.2, 11, 12)
    assert (found.high_water, found.max_buffer, found.patience) == (5000, 6000, 1.5)
    assert (found.max_each, found.worker) == (13, process_name())


@pytest.mark.parametrize("name", ["TRACERA_LIVE_TICK", "TRACERA_LIVE_MAX_ITEMS", "TRACERA_LIVE_PATIENCE"])
def test_nothing_at_all_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "0")
    with pytest.raises(SettingsError, match=name):
        load(_env_file=None)
