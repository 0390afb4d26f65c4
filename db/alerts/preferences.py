"""Preferences: whether a user's alerts come by e-mail too, and when nothing is to come."""

from datetime import time

from db.core.pool import Database, Row


def of_user(database: Database, user_id: int) -> Row:
    """`by_mail`, `email` (verified, else null), `time_zone`, `quiet_from` and `quiet_until`; the last three are null together."""
    row = database.row(
        "SELECT coalesce(p.by_mail, false) AS by_mail, CASE WHEN u.email_verified THEN u.email END AS email, p.time_zone,"
        " p.quiet_from, p.quiet_until FROM users u LEFT JOIN alert_preferences p ON p.user_id = u.id WHERE u.id = %s",
        [user_id],
    )
    nothing: Row = dict.fromkeys(("email", "time_zone", "quiet_from", "quiet_until"))
    return row or {"by_mail": False, **nothing}


def set_mail(database: Database, user_id: int, *, by_mail: bool) -> None:
    """Whether alerts come by e-mail."""
    database.execute(
        "INSERT INTO alert_preferences (user_id, by_mail) VALUES (%s, %s)"
        " ON CONFLICT (user_id) DO UPDATE SET by_mail = excluded.by_mail",
        [user_id, by_mail],
    )


def set_quiet(database: Database, user_id: int, time_zone: str | None, start: time | None, end: time | None) -> None:
    """When nothing comes, by the clock of a time zone; three times None: never."""
    database.execute(
        "INSERT INTO alert_preferences (user_id, time_zone, quiet_from, quiet_until) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (user_id) DO UPDATE SET time_zone = excluded.time_zone, quiet_from = excluded.quiet_from,"
        " quiet_until = excluded.quiet_until",
        [user_id, time_zone, start, end],
    )
