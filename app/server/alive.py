"""Liveness: answered on the event loop, whatever the worker threads do."""

from collections.abc import Mapping
from typing import Any, Final

from app.server.answers import json_answer
from app.server.shared_files import Answer

PATHS: Final = frozenset({"/healthz", "/api/v1/health"})
ALIVE: Final = Answer(200, *json_answer({"status": "ok"}))


def is_alive(scope: Mapping[str, Any]) -> bool:
    """Whether a request asks for liveness; one with an Origin header goes through the middleware like all others."""
    return (
        scope["path"] in PATHS
        and scope["method"] in {"GET", "HEAD"}
        and all(name != b"origin" for name, _ in scope["headers"])
    )
