"""Files of the pages: kept by browsers, and closed once they are sent."""

import re

import pytest
from flask.testing import FlaskClient

from app.bundles import ASSETS, sources

FIRST_PAGE = {"favicon.svg", "scheme.js", "tracera.css", "tracera.js"}
"""What a page asks for of ours."""


def test_a_page_asks_for_few_files_and_they_are_kept_for_good(client: FlaskClient) -> None:
    addresses = re.findall(r'(?:src|href)="(/assets/[^"]+)"', client.get("/").get_data(as_text=True))
    assert {address.split("/")[-1].split("?")[0] for address in addresses} == FIRST_PAGE
    for address in addresses:
        with client.get(address) as reply:
            assert (reply.status_code, reply.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
            assert (reply.vary.as_set(), "Set-Cookie" in reply.headers) == ({"accept-encoding"}, False)
    with client.get("/assets/shell/shell.js") as reply:
        assert reply.headers["Cache-Control"] == "no-cache"
    with client.get("/assets/none.js?m=1") as reply:
        assert "immutable" not in reply.headers.get("Cache-Control", "")


@pytest.mark.parametrize(("suffix", "mimetype"), [("css", "text/css"), ("js", "text/javascript")])
def test_a_bundle_holds_every_file_in_order(client: FlaskClient, suffix: str, mimetype: str) -> None:
    with client.get(f"/assets/tracera.{suffix}") as reply:
        assert (reply.status_code, reply.mimetype, reply.headers["Cache-Control"]) == (200, mimetype, "no-cache")
        text, tag = reply.get_data(as_text=True), reply.headers["ETag"]
    at = 0
    for name in sources(suffix):
        at = text.index((ASSETS / name).read_text(encoding="utf-8"), at)
    assert {*sources(suffix)} | {"ui/scheme.js"} >= {
        f"{file.parent.name}/{file.name}" for file in ASSETS.rglob(f"*.{suffix}")
    }
    with client.get(f"/assets/tracera.{suffix}", headers={"If-None-Match": tag}) as reply:
        assert (reply.status_code, reply.data) == (304, b"")


def test_a_library_is_the_same_whoever_asks(client: FlaskClient) -> None:
    addresses = re.findall(r'src="(/_dash-component-suites/[^"]+)"', client.get("/").get_data(as_text=True))
    assert len(addresses) > 5
    for address in addresses:
        with client.get(address) as reply:
            assert (reply.status_code, "Cookie" in reply.vary) == (200, False), address
            assert "max-age=31536000" in reply.headers["Cache-Control"]


def test_a_compressed_file_is_closed_behind_its_answer(client: FlaskClient) -> None:
    with client.get("/assets/shell/shell.js", headers={"Accept-Encoding": "br"}) as reply:
        assert reply.headers["Content-Encoding"] == "br"
        assert len(reply.data) > 100
    # A file that is left open is a warning, and every warning a failure.
