import random
import statistics

import pytest
from flask.testing import FlaskClient
from prometheus_client import Histogram

from app.telemetry.durations import REQUESTS, summary


def test_percentiles_are_within_a_bucket_of_the_exact_ones() -> None:
    chance = random.Random(7)
    taken = [chance.lognormvariate(-4, 1) for _ in range(5000)]
    histogram = Histogram("x", "x", ["a", "b"], registry=None, buckets=[0.001 * 1.5**power for power in range(28)])
    for seconds in taken:
        histogram.labels("GET", "/x").observe(seconds)
    exact = statistics.quantiles(taken, n=100)
    found = summary(histogram)["GET /x"]
    assert found["count"] == 5000
    for name, number in (("p50", 49), ("p95", 94), ("p99", 98)):
        assert found[name] == pytest.approx(1000 * exact[number], rel=0.25), name


def test_a_figure_beyond_the_last_bound_is_that_bound() -> None:
    histogram = Histogram("x", "x", ["a"], registry=None, buckets=[0.1, 1.0])
    histogram.labels("slow").observe(20)
    assert summary(histogram) == {"slow": {"count": 1, "p50": 1000, "p95": 1000, "p99": 1000}}


def test_what_was_never_measured_is_absent() -> None:
    histogram = Histogram("x", "x", ["a"], registry=None)
    histogram.labels("never")
    assert summary(histogram) == {}
    assert summary(Histogram("y", "y", ["a"], registry=None)) == {}


def test_routes_are_counted_by_their_rule(client: FlaskClient) -> None:
    for item in (1, 2):
        client.get(f"/api/v1/items/{item}?word=a-value-of-a-query")
    client.get("/api/v1/a-path-of-nobody")
    client.open("/api/v1/items", method="PROPFIND")
    found = client.get("/stats").get_json()["requests"]
    assert found["GET /api/v1/items/<int:item_id>"]["count"] >= 2
    assert any(name.startswith("other ") for name in found)
    assert not [name for name in found if "nobody" in name or "PROPFIND" in name or "word" in name]
    lines = client.get("/api/v1/metrics").text
    assert 'tracera_request_seconds_count{method="GET",route="/api/v1/items/<int:item_id>"}' in lines
    assert "a-value-of" not in lines
    assert REQUESTS.labels("GET", "/stats")
