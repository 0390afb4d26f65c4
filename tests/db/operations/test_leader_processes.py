"""Exactly one process acts, and another takes over when it is killed."""

import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest

from db.operations.leader import Leadership
from tests.conftest import ROOT, wait_for
from tests.patience import within

CLAIM = """
import sys, time
from db.operations.leader import Leadership
claim, before = Leadership(sys.argv[1]), None
while True:
    held = claim.held()
    if held != before:
        print("leads" if held else "waits", flush=True)
    before = held
    time.sleep(0.05)
"""


class Claimant:
    """Another process that wants to lead."""

    def __init__(self, database_url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLAIM, database_url], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )

    def says(self) -> str:
        """Its next word; waits for it."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        """As `kill -9`."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def two(database_url: str) -> Iterator[tuple[Claimant, Claimant]]:
    first = Claimant(database_url)
    assert first.says() == "leads"
    second = Claimant(database_url)
    yield first, second
    for claimant in (first, second):
        if claimant.process.returncode is None:
            claimant.kill()


def test_of_two_processes_one_leads_and_a_killed_leader_is_replaced(two: tuple[Claimant, Claimant]) -> None:
    first, second = two
    assert second.says() == "waits"
    first.kill()
    begun = time.monotonic()
    assert second.says() == "leads"
    assert time.monotonic() - begun < within(10)


@pytest.mark.slow
def test_a_killed_follower_changes_nothing(two: tuple[Claimant, Claimant], database_url: str) -> None:
    _, second = two
    assert second.says() == "waits"
    second.kill()
    third = Leadership(database_url)
    assert not third.held()
    third.release()


def test_a_leader_whose_connection_breaks_knows_it_and_claims_again(database_url: str) -> None:
    claim, rival = Leadership(database_url), Leadership(database_url)
    assert claim.held()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'tracera-leader' AND datname = current_database()"
        )
    assert rival.held()
    assert not claim.held()
    rival.release()
    wait_for(claim.held, 5, "nobody leads")
    claim.release()


def test_without_a_database_no_process_leads() -> None:
    claim = Leadership("postgresql://nobody@/nothing?host=/nonexistent")
    assert not claim.held()
    claim.release()
