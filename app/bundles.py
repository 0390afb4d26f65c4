"""All styles as one file and all scripts as another: sixty files would queue, six at a time, before every first page."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from dash import Dash
from flask import Flask, Response, request

ASSETS: Final = Path(__file__).resolve().parent.parent / "assets"
COMMON: Final = ("ui", "shell", "live")
"""The folders that every page needs; their rules stand before those of a subject, which may change them."""
ALONE: Final = frozenset({"ui/scheme.js"})
"""What stands in the document's head by itself: it runs before the first paint."""
TYPES: Final = {"css": "text/css", "js": "text/javascript"}
FOR_GOOD: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file made of many; `digest` changes with its content."""

    name: str
    body: bytes
    digest: str
    mimetype: str


def sources(suffix: str) -> list[str]:
    """Every `assets/<folder>/<name>.<suffix>`: the common folders first, then the subjects, in order of their names.

    In a folder `page` stands first and what is for narrow windows last.
    """
    names = [file.relative_to(ASSETS).as_posix() for file in ASSETS.glob(f"*/*.{suffix}")]
    folders = [*COMMON, *sorted({name.split("/")[0] for name in names}.difference(COMMON))]

    def place(name: str) -> tuple[int, bool, bool, str]:
        folder, file = name.split("/")
        return folders.index(folder), file.endswith(f"narrow.{suffix}"), file != f"page.{suffix}", file

    return sorted(set(names) - ALONE, key=place)


@cache
def bundle(suffix: str) -> Bundle:
    """All files of `sources`, one behind the other, read once in a process; `suffix` is a key of `TYPES`."""
    body = b"\n".join(b"/* %s */\n%s" % (name.encode(), (ASSETS / name).read_bytes()) for name in sources(suffix))
    return Bundle(f"tracera.{suffix}", body, _digest(body), TYPES[suffix])


@cache
def _address(name: str) -> str:
    """Where a browser finds a file of `assets/` and may keep it: another content has another address."""
    return f"/assets/{name}?m={_digest((ASSETS / name).read_bytes())}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def register_bundles(server: Flask, application: Dash) -> None:
    """Serve both bundles, and let documents ask for them in place of the files they are made of.

    To be called once the document is set; its own files get addresses to keep, too.
    """
    application.config.assets_ignore = r"\.(css|js)$"
    for suffix, add in (("css", application.css.append_css), ("js", application.scripts.append_script)):
        made = bundle(suffix)
        place = f"/assets/{made.name}"
        add({"external_url": f"{place}?m={made.digest}", "external_only": True})
        server.add_url_rule(place, f"bundle.{suffix}", _view(made))
    application.index_string = re.sub(r"/assets/([\w./]+)", lambda found: _address(found[1]), application.index_string)
    server.after_request(_keep)


def _view(made: Bundle) -> Callable[[], Response]:
    def view() -> Response:
        response = Response(made.body, mimetype=made.mimetype)
        response.set_etag(made.digest)
        response.cache_control.no_cache = True
        response.make_conditional(request)
        return response

    return view


def _keep(response: Response) -> Response:
    """Let browsers keep what was asked for by its content's digest."""
    if request.path.startswith("/assets/") and "m" in request.args and response.status_code in {200, 304}:
        response.headers["Cache-Control"] = FOR_GOOD
    return response
