"""Durations: histograms of each route's requests and each job's runs since the process began, and their percentiles."""

from typing import Final

from prometheus_client import Histogram
from prometheus_client.registry import Collector

PERCENTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
REQUESTS: Final = Histogram(
    "tracera_request_seconds",
    "Requests that the application answered, by route",
    ["method", "route"],
    registry=None,
    buckets=[0.001 * 1.5**power for power in range(28)],  # to 57 s
)
JOBS: Final = Histogram(
    "tracera_job_seconds",
    "Runs of jobs, providers' cycles and tasks",
    ["job"],
    registry=None,
    buckets=[0.01 * 2.0**power for power in range(20)],  # to 87 min
)

Figures = dict[str, float]


def summary(histogram: Collector) -> dict[str, Figures]:
    """By the labels' values: `count` and each of `PERCENTILES`, in milliseconds."""
    bounds: dict[str, list[tuple[float, float]]] = {}
    for sample in next(iter(histogram.collect())).samples:
        if sample.name.endswith("_bucket"):
            name = " ".join(value for label, value in sample.labels.items() if label != "le")
            bounds.setdefault(name, []).append((float(sample.labels["le"]), sample.value))
    return {name: _figures(cumulative) for name, cumulative in sorted(bounds.items()) if cumulative[-1][1]}


def _figures(cumulative: list[tuple[float, float]]) -> Figures:
    found = {name: round(1000 * _quantile(cumulative, share), 1) for name, share in PERCENTILES.items()}
    return {"count": int(cumulative[-1][1])} | found


def _quantile(cumulative: list[tuple[float, float]], share: float) -> float:
    """The quantile in seconds, linear within its bucket; beyond the last bound that bound.

    As Prometheus' histogram_quantile: prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile.
    """
    rank = share * cumulative[-1][1]
    lower, before = 0.0, 0.0
    for upper, count in cumulative[:-1]:
        if count >= rank:
            return lower + (upper - lower) * (rank - before) / (count - before)
        lower, before = upper, count
    return lower
