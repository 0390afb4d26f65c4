"""A real Valkey and a real server on a real port, for tests of the live path."""

from collections.abc import Iterator

import pytest

from app.live.settings import LiveSettings
from tests.live.support import BASE_URL, Live, Valkey, running


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    yield valkey
    valkey.client.close()
    valkey.kill()


@pytest.fixture
def valkey(shared_valkey: Valkey) -> Valkey:
    shared_valkey.client.flushall()
    return shared_valkey


@pytest.fixture
def settings(valkey: Valkey) -> LiveSettings:
    return LiveSettings(base_url=BASE_URL, redis_url=valkey.url)


@pytest.fixture
def live(settings: LiveSettings) -> Iterator[Live]:
    with running(settings) as live:
        yield live
