"""The server that the live path's tests use serves those of the process, too."""

from tests.live.conftest import live, settings, shared_valkey, valkey

__all__ = ["live", "settings", "shared_valkey", "valkey"]
