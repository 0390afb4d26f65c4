"""The program's server without its jobs, with one route more: `/floor/…` answers what `…` would, from memory."""

import argparse
import contextlib
from pathlib import Path

from flask import Flask, Response, current_app, request

from app.live.settings import LiveSettings
from app.logging.known import known_secrets
from app.logging.setup import configure
from app.runtime import Runtime
from app.security.access import Access, Group, Row
from app.security.policy import ROUTES
from app.server.bounds import HttpBounds
from app.server.connections import Connections
from app.server.gateway import create_app, create_uvicorn
from app.settings import Settings
from app.web.factory import create_server

RULE = "/floor/<path:rest>"
WIDE = "1000000/1"
"""Limits count as ever and never refuse."""


def register_floor(server: Flask) -> None:
    """The same bytes with the same headers, through the same hooks; only making them costs nothing."""
    kept: dict[str, tuple[bytes, str | None, str | None]] = {}
    ROUTES["GET", RULE] = Row(Access.PUBLIC, Group.JSON)

    @server.route(RULE)
    def floor(rest: str) -> Response:
        found = kept.get(request.full_path)
        if found is None:
            path = "/" + rest + request.full_path.removeprefix(request.path)
            reply = current_app.test_client().get(path)
            found = kept[request.full_path] = (
                reply.data,
                reply.headers.get("ETag"),
                reply.headers.get("Cache-Control"),
            )
        body, tag, control = found
        response = Response(body, mimetype="application/json")
        if tag:
            response.set_etag(tag.strip('"'))
        if control:
            response.headers["Cache-Control"] = control
        return response


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    address = f"http://127.0.0.1:{options.port}"
    settings = Settings(
        _env_file=None, data_dir=options.data_dir, base_url=address, limit_json=WIDE, limit_callbacks=WIDE
    )
    configure(settings.log_level, as_json=True, known=known_secrets(settings))
    runtime = Runtime(settings)
    runtime.start()
    server = create_server(runtime)
    register_floor(server)
    live = LiveSettings(base_url=settings.base_url, redis_url=runtime.redis_url, wsgi_workers=settings.threads)
    unbounded = Connections(HttpBounds(per_address=0, connections=0))
    try:
        with contextlib.suppress(KeyboardInterrupt):
            create_uvicorn(create_app(server, live, connections=unbounded), port=options.port).run()
    finally:
        runtime.stop()


if __name__ == "__main__":
    main()
