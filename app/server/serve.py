"""Serve: pages, JSON, WebSocket and the jobs in one process."""

import sys
import time
import webbrowser
from contextlib import ExitStack
from functools import partial
from threading import Thread

import uvicorn

from app import __version__
from app.accounts.methods.registry import BIND
from app.live.demand import Demand
from app.live.settings import LiveSettings
from app.live.snapshot import from_database
from app.portfolio.importer import build_importer, register_importer
from app.portfolio.inventory.run import Importer
from app.providers.base import Provider
from app.runtime import Runtime
from app.security.body_limits import max_body_size
from app.security.websocket_auth import WebSocketAuth
from app.server.bounds import HttpBounds
from app.server.connections import Connections
from app.server.gateway import Gateway, create_app, create_uvicorn
from app.server.presence import Presence
from app.server.providers import build_feeds, build_providers, job_config
from app.server.signals import bind_sockets, handle_signals
from app.server.startup_gc import without_gc
from app.server.tasks import build_worker, process_name
from app.settings import Settings
from app.telemetry.spans import SPANS
from app.web.factory import create_server
from jobs.scheduler import Jobs

MIN_STALE_AFTER = 10.0
"""Least seconds without a price before prices count as stale, however short the markets' intervals are."""


def serve(runtime: Runtime, host: str, port: int, *, open_browser: bool = False) -> None:
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
        cleanup.callback(SPANS.stop)
        SPANS.start(__version__)
        providers = build_providers(settings)
        start_runtime(runtime)
        with without_gc():
            importer = build_importer(runtime.services)
            gateway, jobs = assemble(runtime, providers, host, importer)
        worker = build_worker(runtime, settings.task_concurrency, importer) if settings.task_concurrency else None
        if worker:
            cleanup.callback(worker.stop)
            worker.start()
        presence = Presence(
            runtime.services.redis,
            process_name(),
            "serve",
            beats=not settings.scheduler,
            tasks=worker.running if worker else dict,
            leads=lambda: jobs.leading,
        )
        cleanup.callback(presence.stop)
        presence.start()
        if settings.scheduler:
            cleanup.callback(jobs.stop)
            jobs.start()
        ready = (
            None if settings.shared_port else partial(print_address, host, port, settings, open_browser=open_browser)
        )
        server = create_uvicorn(gateway, host, port, ready=ready)
        signals.on_signal = partial(_end, server)
        server.run(sockets=sockets)


def _end(server: uvicorn.Server) -> None:
    """End in good order."""
    server.should_exit = True


def start_runtime(runtime: Runtime) -> None:
    """Start the servers and bring the schema up to date, and say so; one of several processes says nothing.

    Raises:
        EmbeddedError, DatabaseDownError: the database cannot be had.
    """
    quiet = runtime.settings.shared_port
    if not quiet:
        _say("Starting the servers and bringing the schema up to date …")
    applied = runtime.start()
    if applied and not quiet:
        _say(f"Schema: migrations applied: {len(applied)}.")


def assemble(
    runtime: Runtime, providers: list[Provider], host: str, importer: Importer | None = None
) -> tuple[Gateway, Jobs]:
    """The ASGI application and the jobs, neither running yet."""
    settings, services = runtime.settings, runtime.services
    config = job_config(settings, runtime.database_url)
    jobs = Jobs(config, services.database, services.redis, providers, build_feeds(settings))
    live = LiveSettings(
        base_url=settings.base_url,
        redis_url=runtime.redis_url,
        wsgi_workers=settings.threads,
        tick=settings.live_tick,
        max_clients=settings.live_max_clients,
        max_items=settings.live_max_items,
        high_water=settings.live_high_water,
        max_buffer=settings.live_max_buffer,
        patience=settings.live_patience,
        max_each=settings.limit_sockets,
        worker=process_name(),
        stale_after=max(MIN_STALE_AFTER, 3 * min(provider.interval for provider in providers)) if providers else None,
    )
    server = create_server(runtime)
    server.config[BIND] = host
    server.extensions["tracera.jobs"] = jobs
    register_importer(server, importer or build_importer(services))
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
        demand=Demand(services.database, services.redis, time.time) if jobs.feeds else None,
        connections=Connections(bounds, websocket_auth.is_proxy),
        max_body_size=max_body_size,
    )
    return gateway, jobs


def print_address(host: str, port: int, settings: Settings, *, open_browser: bool) -> None:
    """Print the address once the server answers there, and open it in the browser where that is wanted."""
    shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::1", "::"} else host  # noqa: S104  # compared, not bound
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    note = "  (simulated market: set TRACERA_PROVIDERS for real ones)" if "demo" in settings.providers else ""
    _say(f"Tracera is at {address}{note}\nStop it with Ctrl-C.")
    if open_browser:
        # A text browser keeps its caller until it ends.
        Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
