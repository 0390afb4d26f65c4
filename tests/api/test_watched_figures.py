"""What the dashboard and the rules watch is given at /api/v1/metrics, by an instance with tasks and backups."""

import re
from datetime import UTC, datetime
from pathlib import Path

from app.runtime import Runtime
from app.settings import Settings
from app.tasks.kinds import RETENTION
from app.web.factory import create_server
from db.core.pool import Database
from db.embedded.servers import Endpoints
from db.operations import backups
from db.operations.backups import Attempt
from tests.conftest import ROOT

OF_SOCKETS = re.compile(r"tracera_(exchange|live)_(?!lag_seconds)")
"""Given only by a process with live connections, and with feeds of exchanges."""


def test_each_is_given(database: Database, database_url: str, endpoints: Endpoints, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with database.connection() as connection:
        backups.add(connection, Attempt(now, "host", "/backups/x"), size=1)
        RETENTION.defer(connection, {})
        connection.execute("INSERT INTO provider_state (name, last_success) VALUES ('demo', %s)", [now])
    runtime = Runtime(
        Settings(_env_file=None, database_url=database_url, redis_url=endpoints.redis_url, backup_dir=tmp_path)
    )
    try:
        given = create_server(runtime).test_client().get("/api/v1/metrics").text
    finally:
        runtime.stop()
    assert 'tracera_tasks{kind="retention",state="waiting"} 1.0' in given
    names = set(re.findall(r"^# TYPE (\w+)", given, re.MULTILINE))
    for file in ("grafana/tracera.json", "prometheus/rules.yaml"):
        watched = set(re.findall(r"\btracera_\w+", (ROOT / "deploy" / file).read_text(encoding="utf-8")))
        watched = {name.removesuffix("_bucket") for name in watched if not OF_SOCKETS.match(name)}
        assert len(watched) > 5
        assert watched - names == set()
