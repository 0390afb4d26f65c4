"""Assets: bundles styles into one file, and scripts into one for every page and one for each page's own."""

import hashlib
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from dash import Dash
from flask import Flask, Response, abort, request

from app.web.modules import Script, link

ASSETS: Final = Path(__file__).resolve().parents[2] / "assets"
COMMON: Final = ("ui", "shell", "live")
"""The folders that every page needs; their rules stand before those of a subject, which may change them."""
FIRST: Final = "shell/main.js"
"""The module that begins every page, and Dash."""
OFFLINE: Final = "shell/offline.js"
"""The module that begins the page of the service worker (app/web/installable.py)."""
PAGES: Final = {
    "": "market",
    "items": "items",
    "watchlist": "items",
    "item": "item",
    "crypto": "candles",
    "compare": "compare",
    "portfolio": "portfolio",
    "shared": "portfolio",
    "research": "research",
    "alerts": "alerts",
}
"""Pages with scripts of their own, by the first part of their path: the folder whose main.js they begin with."""
LIBRARIES: Final = {"dash_ag_grid": ("items",), "dash_tvlwc": ("item", "compare")}
"""Component libraries that the pages of some folders alone draw with, for they are large."""
UNUSED: Final = "dash/dash_table"
"""Dash's component library that every document asks for, and no page draws with."""
STYLES: Final = "/assets/tracera.css"
SCRIPTS: Final = "/assets/tracera/"
IMMUTABLE: Final = "public, max-age=31536000, immutable"


def styles() -> list[str]:
    """Every `assets/<folder>/<name>.css`: the common folders first, then the subjects, in order of their names.

    In a folder `page` stands first and what is for narrow windows last.
    """
    names = [file.relative_to(ASSETS).as_posix() for file in ASSETS.glob("*/*.css")]
    folders = [*COMMON, *sorted({name.split("/")[0] for name in names}.difference(COMMON))]

    def place(name: str) -> tuple[int, bool, bool, str]:
        folder, file = name.split("/")
        return folders.index(folder), file.endswith("narrow.css"), file != "page.css", file

    return sorted(names, key=place)


@cache
def stylesheet() -> bytes:
    """All styles, one behind the other, read once in a process."""
    return b"\n".join(b"/* %s */\n%s" % (name.encode(), (ASSETS / name).read_bytes()) for name in styles())


@cache
def scripts() -> dict[str, Script]:
    """All scripts, joined once in a process: `tracera` for every page, and one for each folder of `PAGES`."""
    return link(ASSETS, first=FIRST, pages={name: f"{name}/main.js" for name in PAGES.values()}, prefix=SCRIPTS)


@cache
def offline_script() -> Script:
    """The script of the page that is shown without a server: whole in one file, for nothing can be asked for then."""
    return link(ASSETS, first=OFFLINE, pages={}, prefix=SCRIPTS)["tracera"]


def register_bundles(server: Flask, application: Dash) -> None:
    """Serve the bundles, and let documents ask for them in place of the files they are made of.

    To be called once the document is set; its own files get addresses to keep, too. Dash's renderer is begun by our first module,
    so that all it may call is there.
    """
    application.config.assets_ignore = r"\.(css|js)$"
    application.css.append_css({"external_url": stylesheet_address(), "external_only": True})
    application.index_string = re.sub(
        r"/assets/([\w./-]+)", lambda found: file_address(found[1]), application.index_string
    )
    document: Any = application.interpolate_index  # Dash does not annotate it

    def interpolate(**parts: Any) -> str:
        made = scripts()
        own = PAGES.get(request.path.split("/")[1])
        needed = [made["tracera"], *([] if own is None else [made[own]])]
        parts["scripts"], libraries = without_libraries(parts["scripts"], own)
        parts["css"] += "".join(f'\n<link rel="modulepreload" href="{script.address}">' for script in needed)
        files = {part: [made[name].address, *libraries.get(name, ())] for part, name in PAGES.items()}
        pages = escape(json.dumps(files))
        parts["renderer"] = (
            f'<script type="module" id="_dash-renderer" src="{needed[0].address}" data-pages="{pages}"></script>'
        )
        return str(document(**parts))

    application.interpolate_index = interpolate  # type: ignore[assignment]  # Dash calls it with names
    server.add_url_rule(STYLES, "bundle.styles", _styles)
    server.add_url_rule(f"{SCRIPTS}<name>", "bundle.scripts", _script)
    server.after_request(_set_cache_control)


def without_libraries(tags: str, own: str | None) -> tuple[str, dict[str, list[str]]]:
    """The script tags but those of `UNUSED` and of other folders' `LIBRARIES`, and the addresses of these libraries by folder."""
    found: dict[str, list[str]] = {}
    tags = re.sub(_tag(UNUSED), "", tags)
    for library, folders in LIBRARIES.items():
        for tag in re.findall(_tag(library), tags):
            for folder in folders:
                found.setdefault(folder, []).append(tag.split('"')[1])
            tags = tags if own in folders else tags.replace(tag, "")
    return tags, found


def _tag(library: str) -> str:
    return rf'<script src="[^"]+/{library}/[^"]+"></script>'


def stylesheet_address() -> str:
    """Where a browser finds all styles and may keep them."""
    return f"{STYLES}?m={digest(stylesheet())}"


def _styles() -> Response:
    return file_response(stylesheet(), "text/css")


def _script(name: str) -> Response:
    """A script by its address; one of another version is not there, since its parts would not fit those of ours."""
    every = (*scripts().values(), offline_script())
    found = next((script for script in every if script.address == SCRIPTS + name), None)
    if found is None:
        abort(404)
    return file_response(found.body, "text/javascript")


def file_response(body: bytes, mimetype: str) -> Response:
    """A file that browsers ask for again at each use, 304 where they have it."""
    response = Response(body, mimetype=mimetype)
    response.set_etag(digest(body))
    response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


@cache
def file_address(name: str) -> str:
    """Where a browser finds a file of `assets/` and may keep it: another content has another address."""
    return f"/assets/{name}?m={digest((ASSETS / name).read_bytes())}"


def digest(content: bytes) -> str:
    """What stands for a content in its address: 16 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:16]


def _set_cache_control(response: Response) -> Response:
    """Let browsers keep what was asked for by its content's digest."""
    named = request.path.startswith(SCRIPTS) or (request.path.startswith("/assets/") and "m" in request.args)
    if named and response.status_code in {200, 304}:
        response.headers["Cache-Control"] = IMMUTABLE
    return response
