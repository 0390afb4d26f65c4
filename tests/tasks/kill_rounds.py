"""Kill rounds: parts of an instance killed in the middle of each kind of task; then every task is looked at.

`make kill-run` takes about ten minutes for 20 rounds; `python -m tests.tasks.kill_rounds --rounds 4` kills each part once.
Exit code 1 where a task did not end, took effect in part or not at all, or ended without a reason.

A round puts in imports, mails, a retention, exports, an import of a file, backfills and a backup, holds all of them in their middle (Steam's second
page, the mail server's answer, locks on tables), kills a part, lets go, and waits until every task ended.
"""

import argparse
import asyncio
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args
from uuid import uuid4

import psycopg

from app.accounts.sign_in_mail import Link, defer
from app.tasks.kinds import INVENTORY, RETENTION, SIGN_IN_MAIL
from db.core.pool import Database, DatabaseDownError, Row
from tests.accounts.servers.mail import Mailbox, PatientController
from tests.conftest import ROOT, Site, free_port, start_site, stop_site
from tests.exchange.server import running as exchanging
from tests.resilience.support import kill
from tests.tasks import kill_loads
from tests.tasks.kill_loads import Loads
from tests.upstream.app import UpstreamApp
from tests.upstream.data import World, synthetic
from tests.upstream.inventory import Owner, invented
from tests.upstream.server import running

Part = Literal["process", "worker", "postgres", "valkey"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
IMPORTS, MAILS, ASSETS = 4, 4, 60
BEGIN, END = 40.0, 120.0
"""Seconds within which all tasks of a round must be in their middle, and after the kill at their end."""
READY: Final = b"Tracera runs tasks."
STATES = (
    "SELECT d.job_id AS id, j.task_name AS kind, j.status::text, d.result IS NOT NULL AS done, d.error, d.failures, d.worker"
    " FROM tasks.details d JOIN tasks.procrastinate_jobs j ON j.id = d.job_id WHERE d.job_id = ANY(%s) ORDER BY 1"
)


class HeldMailbox(Mailbox):
    """Answers a message once it may; what it has answered for counts as arrived, though nobody heard the answer."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.waiting = 0
        self.go = threading.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.waiting += 1
        await asyncio.to_thread(self.go.wait, 12)  # less than a sender's patience
        return await super().handle_DATA(server, session, envelope)


class Around:
    """Steam and the mail server, which hold what they are asked until they are let go."""

    def __init__(self, steam: UpstreamApp, steam_url: str, mailbox: HeldMailbox, exchange_url: str) -> None:
        self.steam, self.steam_url, self.mailbox, self.exchange_url = steam, steam_url, mailbox, exchange_url
        self.go = threading.Event()
        self.waiting = 0

    def hold(self) -> None:
        """Hold what comes from now on."""
        self.go.clear()
        self.mailbox.go.clear()
        self.waiting = self.mailbox.waiting = 0

    def let_go(self) -> None:
        """Answer all, and at once from now on."""
        self.go.set()
        self.mailbox.go.set()

    def inventory(self, start: int) -> Owner:
        """An inventory of three pages, whose second one is held."""
        owner = invented(ASSETS, page_size=ASSETS // 3, start=start)

        def serve(page: int) -> int:
            if page == 1:
                self.waiting += 1
                self.go.wait(15)
            return page

        owner.serve = serve
        return owner


@dataclass
class Report:
    """What came of the rounds: runs that were struck, and ends, by part and kind; `problems` must stay empty."""

    struck: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    """Mails that arrived a second time, since the run that sent the first could not say so."""
    longest: float = 0.0
    """Seconds from a kill to the last task's end."""
    problems: list[str] = field(default_factory=list)


class KillRounds:
    """An instance with a worker beside it, and the rounds."""

    def __init__(self, around: Around, folder: Path) -> None:
        self.around, self.report = around, Report()
        self._settings: dict[str, Any] = {
            "TRACERA_PROVIDERS": "steam",
            "TRACERA_SCHEDULER": "false",
            "TRACERA_TASK_CONCURRENCY": "5",  # process and worker together run all ten long ones at once, and all mails
            "TRACERA_BACKUP_DIR": str(folder / "backups"),
            "TRACERA_BACKUP_KEEP": "100",
            "TRACERA_BINANCE_URL": around.exchange_url,
            "TRACERA_STEAM_URL": around.steam_url,
            "TRACERA_PORTFOLIO_PAGE_SIZE": str(ASSETS // 3),
            "TRACERA_PORTFOLIO_REQUESTS_PER_MINUTE": "0",
            "TRACERA_SMTP_HOST": "127.0.0.1",
            "TRACERA_SMTP_PORT": str(around.mailbox.port),
            "TRACERA_SMTP_SECURITY": "none",
            "TRACERA_SMTP_FROM": "tracera@example.org",
        }
        self._folder = folder / "data"
        self.site = self._start()
        self.worker = self._start_worker()
        self._users = 0
        self._loads = Loads(0)

    def _start(self) -> Site:
        site = start_site(self._folder, **self._settings)
        _until(lambda: site.get("/readyz")[0] in {200, 503}, BEGIN, f"no answer; see {site.log}")
        return site

    def _start_worker(self) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TRACERA_")}
        environment |= self._settings | {"TRACERA_DATA_DIR": str(self._folder)}
        path = self._folder.with_suffix(".worker.log")
        with path.open("ab") as log:
            begin = log.tell()
            worker = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "worker"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        # It looks at the schema first, which the next round's locks would hold up.
        _until(lambda: READY in path.read_bytes()[begin:], BEGIN, f"no worker; see {path}")
        return worker

    def stop(self) -> None:
        """End all in good order."""
        self.worker.terminate()
        self.worker.wait(60)
        stop_site(self.site)

    def round(self, part: Part) -> None:
        """One round; what is wrong is in the report."""
        self.around.hold()
        database = Database(self.site.endpoints().database_url, size=3)
        try:
            if not self._loads.number:
                kill_loads.stock(database)
            with psycopg.connect(self.site.endpoints().database_url) as holder:
                for lock in kill_loads.HELD:
                    holder.execute(lock)
                tasks, people, mails = self._put_in(database)
                self._await_middle(database, tasks)
                before = _states(database, tasks)
                began = self._kill(part)
                self._count_struck(part, before)
                self.around.let_go()
                with suppress(psycopg.OperationalError):  # its server is gone
                    holder.rollback()
            self._bring_back(part)
        finally:
            database.close()
        database = Database(self.site.endpoints().database_url, size=3)
        try:
            self._await_end(database, tasks, people)
            self.report.longest = max(self.report.longest, time.monotonic() - began)
            self._look(part, database, tasks, people, mails)
        finally:
            database.close()

    def _put_in(self, database: Database) -> tuple[list[int], list[int], list[str]]:
        """The round's tasks; each import in the transaction that makes its user."""
        tasks: list[int] = []
        people: list[int] = []
        mails = [f"{uuid4().hex}@example.org" for _ in range(MAILS)]
        for _ in range(IMPORTS):
            self._users += 1
            steam_id = str(76561198000000000 + self._users)
            self.around.steam.world.inventories[steam_id] = self.around.inventory(10**10 + self._users * 1000)
            with database.connection() as connection, connection.transaction():
                user = connection.execute(
                    "INSERT INTO users (name, session_key) VALUES ('x', 'k') RETURNING id"
                ).fetchone()
                assert user
                connection.execute(
                    "INSERT INTO user_identities (provider, subject, user_id) VALUES ('steam', %s, %s)",
                    [steam_id, user[0]],
                )
                people.append(user[0])
                lock = f"{INVENTORY.name}:{user[0]}"
                tasks.append(INVENTORY.defer(connection, {"drop": None}, user_id=user[0], lock=lock))
        for mail in mails:
            defer(database, Link(mail, "/account", "browser"), f"{self.site.url}/api/v1/auth/magic-link/verify")
        self._loads = Loads(self._loads.number + 1)
        tasks += self._loads.put_in(database)
        with database.connection() as connection:
            tasks.append(RETENTION.defer(connection, {}, lock=RETENTION.name))
            # Retention deletes it, if it takes effect.
            old = SIGN_IN_MAIL.defer(connection, {})
            connection.execute("UPDATE tasks.procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [old])
            connection.execute(
                "UPDATE tasks.details SET created_at = now() - interval '9 days', finished_at = now() - interval '9 days' WHERE job_id = %s",
                [old],
            )
        found = "SELECT job_id FROM tasks.details JOIN tasks.procrastinate_jobs ON id = job_id WHERE args->'private'->>'email' = ANY(%s)"
        tasks += [row["job_id"] for row in database.rows(found, [mails])]
        return tasks, people, mails

    def _await_middle(self, database: Database, tasks: list[int]) -> None:
        def reached() -> bool:
            running = all(row["status"] == "doing" and row["worker"] for row in _states(database, tasks))
            held = running and kill_loads.waiting(database) >= kill_loads.WAITERS
            return held and self.around.waiting >= IMPORTS and self.around.mailbox.waiting >= MAILS

        try:
            _until(reached, BEGIN, "the tasks do not come to their middle")
        except TimeoutError as error:
            raise RuntimeError(
                f"{error}: {self.around.waiting}, {self.around.mailbox.waiting}, {_states(database, tasks)}"
            ) from None

    def _kill(self, part: Part) -> float:
        if part != "worker":
            return kill(self.site, part)
        self.worker.kill()
        self.worker.wait()
        return time.monotonic()

    def _count_struck(self, part: Part, before: list[Row]) -> None:
        """Count the runs whose process or database went; Redis is in no run's way at that moment."""
        pids = {"process": [self.site.process.pid], "worker": [self.worker.pid]}.get(part)
        if part == "process":  # its PostgreSQL ends with it
            pids = None
        for row in before:
            if pids is None or int(row["worker"].rpartition(":")[2]) in pids:
                self.report.struck[f"{part}: {row['kind']}"] += 1

    def _bring_back(self, part: Part) -> None:
        if part == "process":
            self.site = self._start()
        elif part == "worker":
            self.worker = self._start_worker()
        if self.worker.poll() is not None:
            self.report.problems.append(f"{part}: the worker ended by itself")
            self.worker = self._start_worker()

    def _await_end(self, database: Database, tasks: list[int], people: list[int]) -> None:
        """Wait for the tasks' ends; meanwhile an inventory is there as a whole, or not at all."""

        def ended() -> bool:
            try:
                held = "SELECT user_id, count(*) AS n FROM user_portfolio_holdings WHERE user_id = ANY(%s) GROUP BY 1"
                self.report.problems += [
                    f"user {row['user_id']} holds {row['n']} of {ASSETS}"
                    for row in database.rows(held, [people])
                    if row["n"] != ASSETS
                ]
                return all(row["status"] not in {"todo", "doing"} for row in _states(database, tasks))
            except DatabaseDownError:
                return False

        with suppress(TimeoutError):  # the looking says which did not
            _until(ended, END, "")

    def _look(self, part: Part, database: Database, tasks: list[int], people: list[int], mails: list[str]) -> None:
        rows = _states(database, tasks)
        problems = self.report.problems
        if len(rows) != len(tasks):
            problems.append(f"{part}: {len(tasks) - len(rows)} tasks are gone")
        for row in rows:
            end = "done" if row["done"] else "dead letter" if row["status"] == "failed" else row["status"]
            self.report.ends[f"{row['kind']}: {end}, {row['failures']} failed runs"] += 1
            if row["status"] not in {"succeeded", "failed"} or (row["status"] == "succeeded") != row["done"]:
                problems.append(f"{part}: task {row['id']} ({row['kind']}) is {row['status']}, {row['error']}")
            elif not row["done"] and not (row["error"] or {}).get("message"):
                problems.append(f"{part}: task {row['id']} ({row['kind']}) failed without a reason")
        problems += [f"{part}: {problem}" for problem in self._loads.problems(database, rows)]
        done = Counter(row["kind"] for row in rows if row["done"])
        imported = database.rows(
            "SELECT FROM user_portfolio_imports WHERE user_id = ANY(%s) AND added = %s", [people, ASSETS]
        )
        if len(imported) != done[INVENTORY.name]:
            problems.append(f"{part}: {len(imported)} inventories are there, {done[INVENTORY.name]} imports done")
        arrived = Counter(str(message["To"]) for message in self.around.mailbox.messages)
        if len([mail for mail in mails if arrived[mail]]) < done[SIGN_IN_MAIL.name]:
            problems.append(f"{part}: {arrived} mails arrived, {done[SIGN_IN_MAIL.name]} are done")
        self.report.twice += sum(arrived[mail] - 1 for mail in mails if arrived[mail])
        old = database.rows("SELECT FROM tasks.details WHERE created_at < now() - interval '8 days'")
        if bool(old) == bool(done[RETENTION.name]):
            problems.append(
                f"{part}: retention is {'done' if done[RETENTION.name] else 'not done'}, {len(old)} old tasks are left"
            )


def _states(database: Database, tasks: list[int]) -> list[Row]:
    return database.rows(STATES, [tasks])


def _until(condition: Any, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:.0f} s: {what}")
        time.sleep(0.1)


@contextmanager
def started(folder: Path) -> Iterator[KillRounds]:
    """An instance and what is around it, until the block ends."""
    mailbox = HeldMailbox(free_port())
    controller = PatientController(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        with running(World(synthetic(10))) as (url, steam), exchanging(kill_loads.market()) as exchange:
            rounds = KillRounds(Around(steam, url, mailbox, exchange.url), folder)
            try:
                yield rounds
            finally:
                rounds.around.let_go()
                rounds.stop()
    finally:
        controller.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="how many kills (%(default)s)")
    options = parser.parse_args()
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # its servers are killed
    with tempfile.TemporaryDirectory(prefix="kill-rounds-") as folder, started(Path(folder)) as rounds:
        for number in range(options.rounds):
            part = PARTS[number % len(PARTS)]
            began = time.monotonic()
            rounds.round(part)
            print(f"round {number + 1}: {part} killed, {time.monotonic() - began:.1f} s", flush=True)
        report = rounds.report
        print("runs in their middle:", ", ".join(f"{count} {name}" for name, count in sorted(report.struck.items())))
        print("ends:", "; ".join(f"{count} {name}" for name, count in sorted(report.ends.items())))
        print(f"mails that came twice: {report.twice}; longest from kill to last end: {report.longest:.1f} s")
        print(f"problems: {len(report.problems)}", *report.problems[:20], sep="\n")
        if report.problems:
            for log in Path(folder).glob("*.log"):
                print(f"== {log.name}", log.read_text()[-6000:], sep="\n")
        return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
