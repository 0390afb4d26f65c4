"""Everything in one process: pages, JSON, WebSocket and the jobs."""

import socket
import sys
from collections.abc import Sequence

from app.auth.methods import BIND
from app.factory import create_server
from app.guard.sockets import SocketGuard
from app.live.gateway import Gateway, create_app, create_uvicorn
from app.live.settings import LiveSettings
from app.providers import build_providers, plan
from app.runtime import Runtime
from jobs.scheduler import Jobs


def serve(runtime: Runtime, host: str, port: int) -> None:
    """Serve until a signal ends it; embedded servers and jobs end with it."""
    settings = runtime.settings
    runtime.start()
    providers = build_providers(settings)
    jobs = Jobs(plan(settings, runtime.database_url), runtime.services.database, runtime.services.redis, providers)
    live = LiveSettings(base_url=settings.base_url, redis_url=runtime.redis_url, wsgi_workers=settings.threads)
    server = create_server(runtime)
    server.config[BIND] = host
    server.extensions["tracera.jobs"] = jobs
    guard = SocketGuard(server)
    gateway = create_app(server, live, authorise=guard.authorise, permits=guard.permits)
    if settings.scheduler:
        jobs.start()
    announce(host, port, [provider.name for provider in providers if provider.simulated])
    try:
        run_gateway(gateway, host, port, shared=settings.shared_port)
    finally:
        if settings.scheduler:
            jobs.stop()
        runtime.stop()


def run_gateway(gateway: Gateway, host: str, port: int, *, shared: bool) -> None:
    """Listen until a signal comes; a shared port is one that several processes may open."""
    server = create_uvicorn(gateway, host, port)
    if not shared:
        server.run()
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        server.run(sockets=[listener])


def announce(host: str, port: int, simulated: Sequence[str]) -> None:
    """Tell the person who started it where to go."""
    shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::1", "::"} else host  # noqa: S104  # compared, not bound
    note = "  (simulated market: set TRACERA_PROVIDERS for real ones)" if simulated else ""
    sys.stdout.write(f"Tracera is at http://{shown}:{port}{note}\nStop it with Ctrl-C.\n")
    sys.stdout.flush()
