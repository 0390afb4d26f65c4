import json
import re
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.accounts.support import AUTH
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.logging.support import Person

pytestmark = pytest.mark.slow
FIELDS = {"event", "level", "timestamp", "method", "route", "status", "ms", "user"}


def records(site: Site) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in site.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "request"]


def test_each_request_is_a_record_without_what_the_client_sent(tmp_path: Path) -> None:
    site = start_site(tmp_path / "data", None, "app.cli", TRACERA_LOG_JSON="1")
    socket_url = site.url.replace("http", "ws", 1) + "/api/v1/ws"
    try:
        wait_for(lambda: site.get("/healthz")[0] == 200, 60, f"no answer; see {site.log}")
        with Person(site, set()) as person:
            sent = {"X-Request-ID": "the-client-s-own", "User-Agent": "an-agent"}
            reply = person.get("/api/v1/items/77?word=sought", headers=sent)
            assert re.fullmatch("[0-9a-f]{16}", reply.headers["X-Request-ID"])
            assert person.get("/api/v1/a-path-of-nobody").status_code == 404
            assert person.request("POST", "/api/v1/items/77", content=b"x" * 20_000_000).status_code == 413
            me = person.get(f"{AUTH}/me").json()
        with connect(socket_url, origin=Origin(site.url)) as socket:
            assert socket.ping().wait(5)
        with pytest.raises(InvalidStatus):
            connect(socket_url + "?source=two%20words", origin=Origin(site.url))
        wait_for(lambda: {101, 400} <= {line["status"] for line in records(site)}, 10, "no record of the sockets")
    finally:
        stop_site(site)
    found = records(site)
    assert all(FIELDS <= set(line) <= FIELDS | {"request_id"} for line in found)
    item = next(line for line in found if line.get("request_id") == reply.headers["X-Request-ID"])
    assert (item["route"], item["status"]) == ("/api/v1/items/<int:item_id>", reply.status_code)
    assert {(line["route"], line["status"]) for line in found} >= {
        (None, 413),
        ("/api/v1/ws", 101),
        ("/api/v1/ws", 400),
    }
    assert [line["user"] for line in found if line["route"] == f"{AUTH}/me"] == [me.get("id")]
    whole = json.dumps(found)
    for secret in ("sought", "client-s-own", "an-agent", "nobody", "two"):
        assert secret not in whole
