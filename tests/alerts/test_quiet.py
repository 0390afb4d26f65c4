"""Quiet hours: by the user's clock, over midnight and on the days on which it is changed; held alerts come together, once."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alerts import outbox
from app.alerts.quiet import Quiet, ends, problem
from db.alerts import deliveries
from jobs import alerts
from tests.alerts.conftest import NOW, Caller, Market
from tests.alerts.receiver import Hook, Receiver, StartSending, hook, receiver, start_sending

__all__ = ["hook", "receiver", "start_sending"]
NIGHT = Quiet("Europe/Berlin", time(22), time(7))
EARLY = Quiet("Europe/Berlin", time(1), time(2, 30))
LATE = Quiet("Europe/Berlin", time(2, 30), time(6))
DAY = Quiet("America/New_York", time(9), time(17))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("quiet", "now", "end"),
    [
        (NIGHT, "2026-01-10 20:59:59", None),  # 21:59:59 in Berlin
        (NIGHT, "2026-01-10 21:00", "2026-01-11 06:00"),
        (NIGHT, "2026-01-10 23:00", "2026-01-11 06:00"),  # midnight there
        (NIGHT, "2026-01-11 05:59:59", "2026-01-11 06:00"),
        (NIGHT, "2026-01-11 06:00", None),
        (NIGHT, "2026-07-10 20:00", "2026-07-11 05:00"),  # summer
        (NIGHT, "2026-03-28 22:00", "2026-03-29 05:00"),  # put forward in this night: an hour shorter
        (NIGHT, "2026-10-24 21:00", "2026-10-25 06:00"),  # put back: an hour longer
        (EARLY, "2026-03-29 00:30", "2026-03-29 01:00"),  # 02:30 is left out: it ends where the clock is put forward
        (EARLY, "2026-03-29 01:00", None),
        (EARLY, "2026-10-25 00:45", "2026-10-25 01:30"),  # 02:30 is shown twice: the second time is the end
        (EARLY, "2026-10-25 01:30", None),
        (LATE, "2026-03-29 00:59:59", None),
        (LATE, "2026-03-29 01:00", "2026-03-29 04:00"),
        (LATE, "2026-10-25 00:30", "2026-10-25 05:00"),  # and the first time the beginning
        (DAY, "2026-01-10 14:00", "2026-01-10 22:00"),
        (DAY, "2026-01-10 13:59", None),
    ],
)
def test_the_end_of_quiet_hours(quiet: Quiet, now: str, end: str | None) -> None:
    assert ends(quiet, utc(now)) == (utc(end) if end else None)


@given(
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "America/Sao_Paulo"]
    ),
    st.times(),
    st.integers(1, 20 * 60),
    st.integers(946_684_800, 2_208_988_800),
)
def test_whoever_waits_until_the_end_is_out_of_them(zone: str, start: time, minutes: int, moment: int) -> None:
    start = start.replace(second=0, microsecond=0)
    end = (datetime.combine(NOW, start) + timedelta(minutes=minutes)).time()
    quiet, now = Quiet(zone, start, end), datetime.fromtimestamp(moment, UTC)
    assert problem(quiet) is None
    until = ends(quiet, now)
    if until is not None:
        assert now < until <= now + timedelta(hours=22)
        assert ends(quiet, until) is None
        assert ends(quiet, until - timedelta(seconds=1)) == until or until - timedelta(seconds=1) < now


def test_what_fires_in_quiet_hours_comes_together_at_their_end(
    market: Market, hook: Hook, receiver: Receiver, start_sending: StartSending
) -> None:
    night = Quiet("UTC", time(9), time(11))  # it is ten
    outbox.set_quiet(market.database, market.user, night, NOW)
    first = market.rule(kind="price", item_id=market.add_item("Case A", 1_250), threshold=1_000)
    assert alerts.run(market.database, NOW).events == 1
    second = market.rule(kind="price", item_id=market.add_item("Case B", 1_250), threshold=1_000)
    assert alerts.run(market.database, NOW + timedelta(minutes=30)).events == 1
    (row,) = deliveries.page(market.database, market.user, None, 10)
    assert (row["state"], row["alerts"], row["next_try"]) == ("held", 2, NOW.replace(hour=11))
    start_sending()  # 11:00 of that day is long past: it goes at once
    assert hook.ended(row["id"])["state"] == "delivered"
    (message,) = receiver.messages(hook.secret)
    assert [one["rule_id"] for one in message["data"]["alerts"]] == [first, second]


def test_what_is_held_goes_when_quiet_hours_are_removed(
    market: Market, hook: Hook, start_sending: StartSending
) -> None:
    now = datetime.now(UTC)
    start, end = ((now + timedelta(hours=hours)).time().replace(second=0, microsecond=0) for hours in (-2, 3))
    outbox.set_quiet(market.database, market.user, Quiet("UTC", start, end), now)
    market.rule(kind="price", item_id=market.add_item("Case A", 1_250, now), threshold=1_000)
    alerts.run(market.database, now)
    (row,) = deliveries.page(market.database, market.user, None, 10)
    assert row["next_try"] > now + timedelta(hours=2)
    start_sending()
    outbox.set_quiet(market.database, market.user, None, now)
    assert hook.ended(row["id"])["state"] == "delivered"


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus"},
        {"quiet_from": "24:00"},
        {"quiet_until": "22:00"},
        {"quiet_until": "21:00"},
        {"quiet_from": "9"},
    ],
)
def test_quiet_hours_that_make_no_sense_are_refused(ada: Caller, wrong: dict[str, Any]) -> None:
    given = {"time_zone": "Europe/Berlin", "quiet_from": "22:00", "quiet_until": "07:00"}
    ada.ask("PUT", "/quiet-hours", 400, given | wrong)
    assert ada.ask("GET", "/preferences")["quiet_hours"] is None
    assert ada.ask("PUT", "/quiet-hours", body=given)["quiet_hours"] == given
    assert ada.ask("GET", "/preferences")["quiet_hours"] == given
    assert ada.ask("DELETE", "/quiet-hours")["quiet_hours"] is None
