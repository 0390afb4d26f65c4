"""Serve: pages, JSON, WebSocket and the jobs in one process."""

import sys
from contextlib import ExitStack
from functools import partial

from app.accounts.methods.registry import BIND
from app.live.settings import LiveSettings
from app.live.snapshot import from_database
from app.providers.base import Provider
from app.runtime import Runtime
from app.security.body_limits import max_body_size
from app.security.websocket_auth import WebSocketAuth
from app.server.bounds import HttpBounds
from app.server.connections import Connections
from app.server.gateway import Gateway, create_app, create_uvicorn
from app.server.providers import build_providers, job_config
from app.server.signals import bind_sockets, handle_signals
from app.server.startup_gc import without_gc
from app.settings import Settings
from app.web.factory import create_server
from jobs.scheduler import Jobs

MIN_STALE_AFTER = 10.0
"""Least seconds without a price before prices count as stale, however short the markets' intervals are."""


def serve(runtime: Runtime, host: str, port: int) -> None:
    """Serve until a signal ends it; embedded servers and jobs end with it.

    Raises:
        PortError: the port is taken.
        EmbeddedError, DatabaseDownError: the database cannot be had.
    """
    settings = runtime.settings
    with (
        handle_signals() as signals,
        bind_sockets(host, port, shared=settings.shared_port) as sockets,
        ExitStack() as cleanup,
    ):
        # Last in, first out: the jobs end before what they write to.
        cleanup.callback(runtime.stop)
        providers = build_providers(settings)
        runtime.start()
        with without_gc():
            gateway, jobs = assemble(runtime, providers, host)
        if settings.scheduler:
            cleanup.callback(jobs.stop)
            jobs.start()
        ready = None if settings.shared_port else partial(print_address, host, port, settings)
        server = create_uvicorn(gateway, host, port, ready=ready)
        signals.on_signal = partial(setattr, server, "should_exit", True)  # noqa: FBT003  # setattr takes no names
        server.run(sockets=sockets)


def assemble(runtime: Runtime, providers: list[Provider], host: str) -> tuple[Gateway, Jobs]:
    """The ASGI application and the jobs, neither running yet."""
    settings, services = runtime.settings, runtime.services
    jobs = Jobs(job_config(settings, runtime.database_url), services.database, services.redis, providers)
    live = LiveSettings(
        base_url=settings.base_url,
        redis_url=runtime.redis_url,
        wsgi_workers=settings.threads,
        max_each=settings.limit_sockets,
        stale_after=max(MIN_STALE_AFTER, 3 * min(provider.interval for provider in providers)) if providers else None,
    )
    server = create_server(runtime)
    server.config[BIND] = host
    server.extensions["tracera.jobs"] = jobs
    websocket_auth = WebSocketAuth(server)
    bounds = HttpBounds(per_address=settings.limit_connections, connections=settings.max_connections)
    latest = from_database(runtime.request_services.database)
    gateway = create_app(
        server,
        live,
        latest=latest,
        authorize=websocket_auth.authorize,
        watchlist=websocket_auth.watchlist,
        permits=websocket_auth.permits,
        find_ended=websocket_auth.find_ended,
        connections=Connections(bounds, websocket_auth.is_proxy),
        max_body_size=max_body_size,
    )
    return gateway, jobs


def print_address(host: str, port: int, settings: Settings) -> None:
    """Print the address once the server answers there."""
    shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::1", "::"} else host  # noqa: S104  # compared, not bound
    note = "  (simulated market: set TRACERA_PROVIDERS for real ones)" if "demo" in settings.providers else ""
    sys.stdout.write(f"Tracera is at http://{shown}:{port}{note}\nStop it with Ctrl-C.\n")
    sys.stdout.flush()
