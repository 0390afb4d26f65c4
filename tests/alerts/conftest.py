"""A small market with prices and measures, and an owner with rules on it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.api_keys import hash_key, new_key
from app.alerts.rule import Condition
from db.accounts import api_keys
from db.alerts import rules
from db.core.pool import Database

NOW = datetime(2024, 5, 8, 10, 0, tzinfo=UTC)
MOST = 1_000


class Market:
    """Items with newest prices and measures of one source."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.user = self.add_user("Ada")

    def add_user(self, name: str) -> int:
        row = self.database.row("INSERT INTO users (name, session_key) VALUES (%s, 'key') RETURNING id", [name])
        assert row
        return int(row["id"])

    def add_item(self, name: str, price: int | None = None, at: datetime = NOW) -> int:
        row = self.database.row(
            "INSERT INTO items (market, market_hash_name, match_key, slug, reference_source, created_at)"
            " VALUES ('steam:730', %(name)s, lower(%(name)s), lower(%(name)s), 'steam', %(at)s) RETURNING id",
            {"name": name, "at": at},
        )
        assert row
        if price is not None:
            self.quote(row["id"], price, at)
        return int(row["id"])

    def quote(self, item: int, price: int, at: datetime) -> None:
        self.database.execute(
            "INSERT INTO price_latest (item_id, source, time, stored_time, price) VALUES (%(item)s, 'steam', %(at)s, %(at)s, %(price)s)"
            " ON CONFLICT (item_id, source) DO UPDATE SET time = excluded.time, price = excluded.price",
            {"item": item, "at": at, "price": price},
        )

    def measure(self, item: int, window: str, change: float | None, volatility: float | None = None) -> None:
        self.database.execute(
            'INSERT INTO item_metrics (item_id, source, "window", reference, percent_change, return_volatility, samples, coverage,'
            " as_of, computed_at) VALUES (%s, 'steam', %s, true, %s, %s, 10, 1, %s, %s)"
            ' ON CONFLICT (item_id, source, "window") DO UPDATE SET percent_change = excluded.percent_change',
            [item, window, change, volatility, NOW, NOW],
        )

    def rule(self, **condition: Any) -> int:
        """A rule of the owner's."""
        return rules.create(self.database, self.user, Condition(**condition).model_dump(), MOST)

    def events(self) -> list[tuple[int, str]]:
        """Rule and kind, the oldest first."""
        rows = self.database.rows("SELECT rule_id, kind FROM alert_events ORDER BY id")
        return [(row["rule_id"], row["kind"]) for row in rows]


@pytest.fixture
def market(database: Database) -> Market:
    return Market(database)


@dataclass(frozen=True)
class Caller:
    """Somebody who asks, with a key of a scope."""

    client: FlaskClient
    database: Database
    user: int

    def ask(
        self, method: str, path: str, status: int = 200, body: dict[str, Any] | None = None, scope: str = "full"
    ) -> Any:
        key = new_key()
        api_keys.create(
            self.database, self.user, name=key[:20], scope=scope, prefix=key[:8], key_hash=hash_key(key), most=1_000
        )
        headers = {"Authorization": f"Bearer {key}"}
        reply = self.client.open(f"/api/v1/alerts{path}", method=method, json=body, headers=headers)
        assert reply.status_code == status, reply.text
        return reply.json


@pytest.fixture
def ada(market: Market, client: FlaskClient) -> Caller:
    return Caller(client, market.database, market.user)


@pytest.fixture
def bob(market: Market, client: FlaskClient) -> Caller:
    return Caller(client, market.database, market.add_user("Bob"))
