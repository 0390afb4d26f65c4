"""Manifest, service worker and offline page as they are served."""

import re
from pathlib import Path
from struct import unpack

import pytest
from flask.testing import FlaskClient

from app.runtime import Runtime
from app.settings import Settings
from app.web.assets import ASSETS
from app.web.factory import create_server
from components.ui.theme import favicon
from db.embedded.servers import Endpoints

PATHS = ("/app.webmanifest", "/assets/service-worker.js", "/assets/offline.html")


def test_manifest(client: FlaskClient) -> None:
    manifest = client.get("/app.webmanifest")
    assert (manifest.status_code, manifest.mimetype) == (200, "application/manifest+json")
    said = manifest.get_json(force=True)
    assert said["name"] == "Tracera"
    for icon in said["icons"]:
        with client.get(icon["src"]) as reply:
            assert (reply.status_code, reply.mimetype) == (200, "image/png")
            assert "immutable" in reply.headers["Cache-Control"]
            assert unpack(">II", reply.data[16:24]) == tuple(map(int, icon["sizes"].split("x")))
    for place in said["shortcuts"]:
        assert client.get(place["url"]).status_code == 200, place


def test_the_worker_keeps_public_files_by_their_digests(client: FlaskClient) -> None:
    reply = client.get(PATHS[1])
    assert reply.headers["Service-Worker-Allowed"] == "/"
    assert reply.headers["Cache-Control"] == "no-cache"
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'; connect-src 'self'"
    addresses = re.findall(r'"(/[^"]+)"', reply.text.split("JSON.parse('")[1].split("')")[0])
    assert len(addresses) == 5
    for address in addresses:
        with client.get(address) as file:
            assert (file.status_code, "Set-Cookie" in file.headers) == (200, False), address
            assert "immutable" in file.headers["Cache-Control"], address
    offline = client.get(addresses[0]).text
    asked = set(re.findall(r'(?:src|href)="([^"]+)"', offline))
    assert asked == set(addresses[1:])
    assert "unsafe" not in client.get(addresses[0]).headers["Content-Security-Policy"].split("style-src")[0]


def test_documents_name_the_manifest_and_the_icons(client: FlaskClient) -> None:
    text = client.get("/").text
    assert '<link rel="manifest" href="/app.webmanifest">' in text
    assert re.search(r'<link rel="apple-touch-icon" href="/assets/shell/maskable-192\.png\?m=\w+">', text)
    assert text.count('name="theme-color"') == 2


@pytest.mark.parametrize("path", PATHS)
def test_it_can_be_switched_off(database_url: str, endpoints: Endpoints, path: str) -> None:
    settings = Settings(_env_file=None, database_url=database_url, redis_url=endpoints.redis_url, installable=False)
    client = create_server(Runtime(settings)).test_client()
    assert client.get(path).status_code == 404
    assert "manifest" not in client.get("/").text.split("</head>")[0]


def test_icons_are_those_of_the_mark() -> None:
    assert (ASSETS / "favicon.svg").read_text(encoding="utf-8") == favicon()
    # A platform cuts a maskable icon to its shape: the mark stays within the inner four fifths.
    places = re.search(r'd="M([^"]+)z"', favicon())
    assert places
    points = [float(number) - 12 for number in re.findall(r"[\d.]+", places[1])]
    assert all(x**2 + y**2 < (0.4 * 24) ** 2 for x, y in zip(points[::2], points[1::2], strict=True))
    for name in ("icon", "maskable"):
        for size in (192, 512):
            assert Path(ASSETS / f"shell/{name}-{size}.png").stat().st_size < 20_000
