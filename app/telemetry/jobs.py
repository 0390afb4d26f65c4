"""Runs of jobs: counted in the histogram, and recorded as a span."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.telemetry.durations import JOBS
from app.telemetry.spans import SPANS


def job_ended(name: str, seconds: float, *, failed: bool) -> None:
    """Note a run that has just ended."""
    JOBS.labels(name).observe(seconds)
    SPANS.job(name, seconds, failed=failed)


@contextmanager
def timed_job(name: str) -> Iterator[None]:
    """Note the run of a block; one that raises failed."""
    begun, failed = time.perf_counter(), True
    try:
        yield
        failed = False
    finally:
        job_ended(name, time.perf_counter() - begun, failed=failed)
