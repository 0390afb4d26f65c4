"""Files of the pages: kept by browsers, and closed once they are sent."""

import re

from flask.testing import FlaskClient


def test_what_names_its_last_change_is_kept_for_good(client: FlaskClient) -> None:
    addresses = re.findall(r'(?:src|href)="(/assets/[^"]+\?m=[^"]+)"', client.get("/").get_data(as_text=True))
    assert len(addresses) > 20
    for address in addresses:
        with client.get(address) as reply:
            assert (reply.status_code, reply.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
            assert (reply.vary.as_set(), "Set-Cookie" in reply.headers) == ({"accept-encoding"}, False)
    with client.get("/assets/shell.js") as reply:
        assert reply.headers["Cache-Control"] == "no-cache"
    with client.get("/assets/none.js?m=1") as reply:
        assert "immutable" not in reply.headers.get("Cache-Control", "")


def test_a_library_is_the_same_whoever_asks(client: FlaskClient) -> None:
    addresses = re.findall(r'src="(/_dash-component-suites/[^"]+)"', client.get("/").get_data(as_text=True))
    assert len(addresses) > 5
    for address in addresses:
        with client.get(address) as reply:
            assert (reply.status_code, "Cookie" in reply.vary) == (200, False), address
            assert "max-age=31536000" in reply.headers["Cache-Control"]


def test_a_compressed_file_is_closed_behind_its_answer(client: FlaskClient) -> None:
    with client.get("/assets/shell.js", headers={"Accept-Encoding": "br"}) as reply:
        assert reply.headers["Content-Encoding"] == "br"
        assert len(reply.data) > 100
    # A file that is left open is a warning, and every warning a failure.
