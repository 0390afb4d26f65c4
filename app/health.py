"""Is it alive, is it ready, which version."""

from flask import Flask, Response, jsonify

from app import __version__


def register_health(server: Flask) -> None:
    """Add the operations routes at the root."""

    @server.get("/healthz")
    def healthz() -> Response:
        """Alive: the process answers."""
        return jsonify({"status": "ok"})

    @server.get("/version")
    def version() -> Response:
        """Which Tracera this is."""
        return jsonify({"version": __version__})
