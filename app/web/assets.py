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
PAGES: Final = {"": "market", "items": "items", "item": "item", "portfolio": "portfolio", "shared": "portfolio"}
"""Pages with scripts of their own, by the first part of their path: the folder whose main.js they begin with."""
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


def register_bundles(server: Flask, application: Dash) -> None:
    """Serve the bundles, and let documents ask for them in place of the files they are made of.

    To be called once the document is set; its own files get addresses to keep, too. Dash's renderer is begun by our first module,
    so that all it may call is there.
    """
    application.config.assets_ignore = r"\.(css|js)$"
    address = f"{STYLES}?m={_digest(stylesheet())}"
    application.css.append_css({"external_url": address, "external_only": True})
    application.index_string = re.sub(r"/assets/([\w./]+)", lambda found: _address(found[1]), application.index_string)
    document: Any = application.interpolate_index  # Dash does not annotate it

    def interpolate(**parts: Any) -> str:
        made = scripts()
        own = PAGES.get(request.path.split("/")[1])
        needed = [made["tracera"], *([] if own is None else [made[own]])]
        parts["css"] += "".join(f'\n<link rel="modulepreload" href="{script.address}">' for script in needed)
        pages = escape(json.dumps({part: made[name].address for part, name in PAGES.items()}))
        parts["renderer"] = (
            f'<script type="module" id="_dash-renderer" src="{needed[0].address}" data-pages="{pages}"></script>'
        )
        return str(document(**parts))

    application.interpolate_index = interpolate  # type: ignore[assignment]  # Dash calls it with names
    server.add_url_rule(STYLES, "bundle.styles", _styles)
    server.add_url_rule(f"{SCRIPTS}<name>", "bundle.scripts", _script)
    server.after_request(_set_cache_control)


def _styles() -> Response:
    return _answer(stylesheet(), "text/css")


def _script(name: str) -> Response:
    """A script by its address; one of another version is not there, since its parts would not fit those of ours."""
    found = next((script for script in scripts().values() if script.address == SCRIPTS + name), None)
    if found is None:
        abort(404)
    return _answer(found.body, "text/javascript")


def _answer(body: bytes, mimetype: str) -> Response:
    response = Response(body, mimetype=mimetype)
    response.set_etag(_digest(body))
    response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


@cache
def _address(name: str) -> str:
    """Where a browser finds a file of `assets/` and may keep it: another content has another address."""
    return f"/assets/{name}?m={_digest((ASSETS / name).read_bytes())}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _set_cache_control(response: Response) -> Response:
    """Let browsers keep what was asked for by its content's digest."""
    named = request.path.startswith(SCRIPTS) or (request.path.startswith("/assets/") and "m" in request.args)
    if named and response.status_code in {200, 304}:
        response.headers["Cache-Control"] = IMMUTABLE
    return response
