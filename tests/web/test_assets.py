"""Assets: cached by browsers, and closed once they are sent."""

import re

import pytest
from flask.testing import FlaskClient

from app.web.assets import ASSETS, LIBRARIES, UNUSED, scripts, styles

EVERY_PAGE = {"favicon.svg", "maskable-192.png", "scheme.js", "tracera.css", "tracera.js"}
"""What each page asks for of ours."""


def _addresses(client: FlaskClient, path: str) -> dict[str, str]:
    """What the document at `path` asks for, by the name of the file without its digest."""
    found = re.findall(r'(?:src|href)="(/assets/[^"]+)"', client.get(path).get_data(as_text=True))
    return {re.sub(r"(-[0-9a-f]{16})?(\.\w+)(\?.*)?$", r"\2", address.split("/")[-1]): address for address in found}


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/", {"market.js"}),
        ("/items?q=knife", {"items.js"}),
        ("/item/7", {"item.js"}),
        ("/portfolio", {"portfolio.js"}),
        ("/shared/x", {"portfolio.js"}),
        ("/status", set()),
    ],
)
def test_a_page_asks_for_the_files_it_needs_and_they_are_kept_for_good(
    client: FlaskClient, path: str, own: set[str]
) -> None:
    addresses = _addresses(client, path)
    assert set(addresses) == EVERY_PAGE | own
    for address in addresses.values():
        with client.get(address) as reply:
            assert (reply.status_code, reply.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
            assert (reply.vary.as_set(), "Set-Cookie" in reply.headers) == ({"accept-encoding"}, False)
    with client.get("/assets/shell/shell.js") as reply:
        assert reply.headers["Cache-Control"] == "no-cache"
    with client.get("/assets/none.js?m=1") as reply:
        assert "immutable" not in reply.headers.get("Cache-Control", "")


def test_the_stylesheet_holds_every_file_in_order(client: FlaskClient) -> None:
    with client.get("/assets/tracera.css") as reply:
        assert (reply.status_code, reply.mimetype, reply.headers["Cache-Control"]) == (200, "text/css", "no-cache")
        text, tag = reply.get_data(as_text=True), reply.headers["ETag"]
    at = 0
    for name in styles():
        at = text.index((ASSETS / name).read_text(encoding="utf-8"), at)
    assert set(styles()) == {file.relative_to(ASSETS).as_posix() for file in ASSETS.rglob("*.css")}
    with client.get("/assets/tracera.css", headers={"If-None-Match": tag}) as reply:
        assert (reply.status_code, reply.data) == (304, b"")


def test_every_module_stands_in_one_script(client: FlaskClient) -> None:
    texts = []
    for name, script in scripts().items():
        with client.get(script.address) as reply:
            assert (reply.status_code, reply.mimetype) == (200, "text/javascript"), name
            texts.append(reply.get_data(as_text=True))
        with client.get(script.address, headers={"If-None-Match": reply.headers["ETag"]}) as again:
            assert (again.status_code, again.data) == (304, b"")
    joined = sorted(
        name for text in texts for name in re.findall(r"^const (\$\w+) = \(\(\) => \{$", text, re.MULTILINE)
    )
    files = [file.relative_to(ASSETS).as_posix() for file in ASSETS.rglob("*.js")]
    alone = {"ui/scheme.js", "shell/service_worker.js", "shell/offline.js"}
    assert joined == sorted("$" + re.sub(r"\W", "_", name[:-3]) for name in files if name not in alone)


def test_a_script_of_another_version_is_not_there(client: FlaskClient) -> None:
    # Its parts would be loaded beside those that an open page has: two of each.
    with client.get("/assets/tracera/items-0123456789abcdef.js") as reply:
        assert (reply.status_code, "immutable" in reply.headers.get("Cache-Control", "")) == (404, False)


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


@pytest.mark.parametrize(
    ("path", "libraries"),
    [("/", set()), ("/items", {"dash_ag_grid"}), ("/item/7", {"dash_tvlwc"}), ("/compare", {"dash_tvlwc"})],
)
def test_a_large_library_comes_with_the_pages_that_draw_with_it(
    client: FlaskClient, path: str, libraries: set[str]
) -> None:
    text = client.get(path).get_data(as_text=True)
    tags = re.findall(r'<script src="/_dash-component-suites/([^/]+)/', text)
    assert libraries == set(tags) & set(LIBRARIES)
    assert f"/{UNUSED}/" not in text
    for library in LIBRARIES:  # a page to come asks for them by address
        assert re.search(rf"&quot;/_dash-component-suites/{library}/[^&]+&quot;", text)
