"""Exchange health: which feeds and which of their pairs are behind, and the feeds' figures for Prometheus."""

from typing import Any, Final

import redis
from prometheus_client import CollectorRegistry, Gauge

from app.candles import feeds
from app.runtime import Services
from app.settings import PROVIDERS

CONNECTION_FIGURES: Final = {
    "streams": "Streams that a connection carries",
    "symbols": "Pairs of a connection",
    "uptime": "Seconds since a connection's socket was opened",
    "messages_per_second": "Messages a second of a connection",
    "reconnects": "How often a connection was opened again",
}
NAMED: Final = 5


def states(held: Services) -> list[dict[str, Any]] | None:
    """States of the exchanges' feeds; None where Redis does not answer."""
    try:
        return feeds.states(held.redis)
    except redis.RedisError:
        return None  # /readyz says that Redis is down


def collects_items(held: Services) -> bool:
    """Whether any provider of item prices is switched on, so that ingestion is to be expected."""
    return any(PROVIDERS[name].implementation for name in held.settings.providers)


def check(held: Services) -> dict[str, Any]:
    """How the feeds do, for readiness: `feeds` with `behind`, the pairs that have had no candle for too long.

    Not `ok` where feeds are all that this instance collects and one of them is wholly behind. Beside other providers that is told
    in `error` alone: what they collect can be served.
    """
    found = states(held)
    if found is None:
        return {"ok": True, "feeds": None}
    running = {state["exchange"]: state for state in found}
    expected = {name for name in held.settings.providers if PROVIDERS[name].exchange and not _is_simulated(name)}
    missing = sorted(expected.difference(running))
    errors = [f"{name}: no process runs this feed" for name in missing]
    down = len(missing)
    for state in found:
        if text := _error(state):
            errors.append(f"{state['exchange']}: {text}")
            down += _is_down(state)
    described = [
        {"exchange": state["exchange"], "ws_state": state["ws_state"], "behind": state.get("behind", [])}
        for state in found
    ]
    ready = not down or collects_items(held)
    return {"ok": ready, "feeds": described, **({"error": "; ".join(errors)} if errors else {})}


def _is_simulated(name: str) -> bool:
    return all(source.simulated for source in PROVIDERS[name].sources.values())


def _is_down(state: dict[str, Any]) -> bool:
    return bool(state.get("error")) or 0 < state["symbols"] <= state.get("behind_count", 0)


def _error(state: dict[str, Any]) -> str | None:
    if state.get("error"):
        return str(state["error"])
    behind = state.get("behind", [])
    if not behind:
        return None
    names = ", ".join(one["symbol"] for one in behind[:NAMED])
    others = state["behind_count"] - len(behind[:NAMED])
    return f"{names}{f' and {others} others' if others else ''} {'is' if state['behind_count'] == 1 else 'are'} behind"


def add_metrics(registry: CollectorRegistry, found: list[dict[str, Any]]) -> None:
    """Gauges of feeds, of what they set aside, and of their connections."""
    for name in feeds.FIGURES:
        gauge = Gauge(f"tracera_exchange_{name}", "The feed of an exchange", ["exchange"], registry=registry)
        for state in found:
            if state.get(name) is not None:
                gauge.labels(state["exchange"]).set(state[name])
    aside = Gauge("tracera_exchange_set_aside", "Events and rows set aside", ["exchange", "kind"], registry=registry)
    for state in found:
        for kind, count in state.get("set_aside", {}).items():
            aside.labels(state["exchange"], kind).set(count)
    for name, about in CONNECTION_FIGURES.items():
        gauge = Gauge(f"tracera_exchange_connection_{name}", about, ["exchange", "connection"], registry=registry)
        for state in found:
            for one in state["connections"]:
                if one.get(name) is not None:
                    gauge.labels(state["exchange"], str(one["id"])).set(one[name])
