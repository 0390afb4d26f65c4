"""A user's own tasks in the header: nothing while there are none, what runs with its progress, what failed with another try, what was made."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from psycopg.types.json import Jsonb

from app.tasks.kinds import EXPORT, INVENTORY
from db.tasks import details, files
from tests.browser.portfolio.market import Stall, open_stall
from tests.browser.support import DESKTOP, PHONE, forget, grave, overflow, until

PATIENCE = 20_000


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stall]:
    with open_stall(tmp_path_factory.mktemp("menu"), browser) as opened:
        yield opened


@pytest.fixture
def user(stall: Stall, page: Page) -> int:
    """The signed-in owner, without tasks."""
    forget(stall.database, "tasks.procrastinate_jobs", "tasks.details")
    page.context.add_cookies(stall.cookies)
    row = stall.database.row("SELECT id FROM users")
    assert row
    return int(row["id"])


def put(stall: Stall, user: int, status: str, **more: Any) -> int:
    """A task that no worker of the stall takes, in a state of the queue; one that runs has a worker whose heart beats for a day."""
    with stall.database.connection() as connection, connection.transaction():
        task_id = EXPORT.defer(connection, {}, user_id=user)
        connection.execute(
            "WITH worker AS (INSERT INTO tasks.procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 day') RETURNING id)"
            " UPDATE tasks.procrastinate_jobs j SET queue_name = 'nobodys', status = %s::tasks.procrastinate_job_status, worker_id = worker.id"
            " FROM worker WHERE j.id = %s",
            [status, task_id],
        )
    change(stall, task_id, **more)
    return task_id


def change(stall: Stall, task_id: int, **more: Any) -> None:
    for name, value in more.items():
        kept = Jsonb(value) if isinstance(value, dict) else value
        stall.database.execute(f"UPDATE tasks.details SET {name} = %s WHERE job_id = %s", [kept, task_id])  # noqa: S608


def opener(page: Page) -> Locator:
    return page.locator(".tasks-open")


def test_nothing_is_shown_without_tasks_nor_to_a_visitor(page: Page, stall: Stall, complaints: list[str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/tasks" in request.url else None)
    page.goto(f"{stall.url}/status")
    expect(page.locator(".verdict")).to_be_visible(timeout=PATIENCE)
    expect(opener(page)).to_have_count(0)
    assert asked == [], "a visitor has no tasks"


def test_without_tasks_a_page_asks_once(page: Page, stall: Stall, user: int, complaints: list[str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/tasks" in request.url else None)
    page.goto(f"{stall.url}/account")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
    until(page, lambda: asked, "it does not ask")
    page.wait_for_timeout(3000)
    assert len(asked) == 1
    expect(opener(page)).to_be_hidden()
    del user


def test_progress_is_shown_everywhere_and_ends_with_the_file(
    page: Page, stall: Stall, user: int, complaints: list[str]
) -> None:
    task_id = put(stall, user, "doing", done=30, total=120, message="30 of 120 items")
    page.goto(f"{stall.url}/status")
    expect(opener(page)).to_have_attribute("aria-label", "Your tasks: 1 running", timeout=PATIENCE)
    page.locator("nav[aria-label='Pages']").get_by_role("link", name="Market").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Market", timeout=PATIENCE)
    opener(page).press("Enter")
    row = page.locator(".tasks-row")
    expect(row).to_contain_text("30 of 120 items")
    expect(row.locator("progress")).to_have_attribute("value", "30")
    assert grave(page, ".shell-header") == []
    change(stall, task_id, done=60, message="60 of 120 items")
    expect(row).to_contain_text("60 of 120 items", timeout=PATIENCE)
    with stall.database.connection() as connection, connection.transaction():
        files.keep(connection, task_id, io.BytesIO(b"a,b\r\n"), name="made.csv", media_type="text/csv", given=False)
    change(stall, task_id, result={"file": "made.csv", "size": 5}, message="1 rows")
    expect(page.locator("#tasks-said")).to_have_text("Export: done", timeout=PATIENCE)
    expect(opener(page)).to_have_attribute("aria-label", "Your tasks: 1 done")
    with page.expect_download() as download:
        row.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "made.csv"
    row.get_by_role("button", name="Dismiss Export").click()
    expect(opener(page)).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
    expect(opener(page)).to_be_hidden()


def test_what_failed_for_good_is_tried_again(page: Page, stall: Stall, user: int, complaints: list[str]) -> None:
    refused = put(stall, user, "succeeded", error={"reason": "empty", "message": "There is no file."})
    dead = put(stall, user, "failed", failures=3, error={"reason": "failed", "message": "OSError: a path"})
    stall.database.execute("UPDATE tasks.details SET finished_at = now() WHERE job_id = ANY(%s)", [[refused, dead]])
    page.goto(f"{stall.url}/account")
    expect(opener(page)).to_have_attribute("aria-label", "Your tasks: 2 failed", timeout=PATIENCE)
    opener(page).click()
    rows = page.locator(".tasks-row")
    expect(rows.nth(0)).to_contain_text("It failed 3 times and was given up")
    expect(rows.nth(1)).to_contain_text("There is no file.")
    expect(rows.nth(1).get_by_role("button", name="again")).to_have_count(0)
    rows.nth(0).get_by_role("button", name="Try Export again").click()
    expect(opener(page)).to_have_attribute("aria-label", "Your tasks: 1 running, 1 failed", timeout=PATIENCE)
    rows.nth(0).get_by_role("button", name="Cancel Export").click()
    expect(rows).to_have_count(1, timeout=PATIENCE)
    found = details.one(stall.database, dead)
    assert found
    assert found["state"] == "cancelled"


def test_others_tasks_are_not_shown(page: Page, stall: Stall, user: int, complaints: list[str]) -> None:
    row = stall.database.row("INSERT INTO users (name, session_key) VALUES ('other', 'o') RETURNING id")
    assert row
    put(stall, row["id"], "doing")
    with stall.database.connection() as connection:
        INVENTORY.defer(connection, {}, user_id=row["id"])
    page.goto(f"{stall.url}/account")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
    expect(opener(page)).to_be_hidden()
    stall.database.execute("DELETE FROM users WHERE id = %s", [row["id"]])
    del user


def test_an_export_is_made_from_the_account_page(page: Page, stall: Stall, user: int, complaints: list[str]) -> None:
    item = stall.database.row(
        "INSERT INTO items (market, market_hash_name, match_key, slug, reference_source) VALUES ('steam:730', 'Menu Case', 'menu', 'menu', 'steam')"
        " ON CONFLICT DO NOTHING RETURNING id"
    )
    if item:
        stall.database.execute(
            "INSERT INTO price_24h VALUES (%s, 'steam', date_trunc('day', now()), 5, 5, 5, 5, 5.0, 0, 1, false, 1, now(), now(), null)",
            [item["id"]],
        )
        stall.database.execute(
            "INSERT INTO price_1h VALUES (%s, 'steam', date_trunc('hour', now()), 5, 5, 5, 5, 5.0, 0, 1, false, 1, now(), now(), null)",
            [item["id"]],
        )
    page.goto(f"{stall.url}/account")
    page.get_by_role("button", name="Make the file").click()
    expect(page.locator(".account-files + .account-list a")).to_have_text("Download", timeout=PATIENCE)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as JSON").click()
    assert download.value.suggested_filename == "tracera-account.json"
    del user


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_it_fits_the_window(page: Page, stall: Stall, user: int, size: Any, complaints: list[str]) -> None:
    page.set_viewport_size(size)
    put(
        stall,
        user,
        "doing",
        done=1,
        total=3,
        message="A rather long message about what is going on at this very moment",
    )
    put(stall, user, "failed", failures=3)
    page.goto(f"{stall.url}/status")
    expect(opener(page)).to_be_visible(timeout=PATIENCE)
    assert overflow(page) == 0
    opener(page).click()
    box = page.locator("#tasks-menu").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    header = page.locator(".shell-header .header").bounding_box()
    assert header
    assert header["width"] <= size["width"]
    assert grave(page) == []
