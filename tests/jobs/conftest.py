"""The markets that answer the providers' tests answer the jobs, too."""

from tests.providers.conftest import _cycle, _server, sell, upstream

__all__ = ["_cycle", "_server", "sell", "upstream"]
