"""Tasks on the status page: what failed for good is seen by all, its reason and another chance by the owner."""

from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from app.tasks.kinds import SIGN_IN_MAIL
from db.tasks import details, queue
from db.tasks.queue import NewTask
from tests.browser.portfolio.market import Stall, open_stall
from tests.browser.support import grave, until

FAILED = ".status-table[aria-label='Failed tasks']"


def dead_letter(connection: psycopg.Connection) -> int:
    """A mail that failed for good; with another try it ends at once, because it is too late."""
    task_id = SIGN_IN_MAIL.defer(connection, {})
    error = {"reason": "failed", "message": "MailError: the mail server is away"}
    details.failed(connection, task_id, run=None, error=error, trace="", most=1)
    connection.execute("UPDATE tasks.procrastinate_jobs SET status = 'failed' WHERE id = %s", [task_id])
    return task_id


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stall]:
    with open_stall(tmp_path_factory.mktemp("tasks"), browser) as opened:
        yield opened


def test_a_task_that_failed_for_good_is_tried_again_by_the_owner(
    page: Page, stall: Stall, complaints: list[str]
) -> None:
    page.goto(f"{stall.url}/status")
    expect(page.get_by_text("Nothing waits and nothing failed")).to_be_visible()
    with stall.database.connection() as connection:
        queue.defer(connection, NewTask("of_a_newer_version", 0, {}))
        task_id = dead_letter(connection)
    expect(page.get_by_text("A task failed for good")).to_be_visible()
    rows = page.locator(".status-table[aria-label=Tasks] tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("of_a_newer_version waits for the version that knows it")
    expect(rows.nth(1)).to_contain_text("Sign-in link by e-mail")
    expect(page.locator(FAILED)).to_have_count(0)
    page.context.add_cookies(stall.cookies)
    page.reload()
    row = page.locator(f"{FAILED} tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("the mail server is away")
    row.get_by_role("button", name="again").click()
    expect(page.get_by_text("It runs again.")).to_be_visible()
    tried = "SELECT 1 FROM tasks.procrastinate_jobs WHERE id = %s AND status = 'succeeded'"
    until(page, lambda: stall.database.rows(tried, [task_id]), "it does not run again")
    assert grave(page) == []
