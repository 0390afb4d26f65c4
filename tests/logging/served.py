"""`tracera` with routes that break, for tests of the log: run as a program, it serves as `tracera serve` does."""

import logging
from typing import Any

from flask import Flask, request

import app.server.serve
import app.web.factory
from app.cli import main
from app.runtime import Runtime
from app.security import policy
from app.security.access import Access, Group, Row

LIBRARIES = {"flask": ValueError, "uvicorn.error": TypeError, "apscheduler": OSError, "asyncio": RuntimeError}
"""Loggers, each with an error of its own: the same trace would be written once."""


def deep(number: int, ballast: list[Any]) -> int:
    return deep(number + 1, ballast) + 1


def recurse() -> None:
    deep(0, [{"password": request.headers.get("X-Word"), "rows": list(range(1_000))}] * 1_000)


def fail(kind: type[Exception], said: str) -> None:
    raise kind(said)


def chain() -> None:
    try:
        int(request.args["said"])
    except ValueError as error:
        raise KeyError(request.args["said"]) from error


def library() -> None:
    """What libraries do: they log an exception, its text and its arguments."""
    said = request.args["said"]
    for name, kind in LIBRARIES.items():
        try:
            fail(kind, said)
        except kind:
            logging.getLogger(name).exception("%s broke: %r", said, {"token": said})


KINDS = {"recurse": recurse, "chain": chain, "library": library}


def create_server(runtime: Runtime) -> Flask:
    made = complete(runtime)
    rule = "/api/v1/break/<kind>"
    policy.ROUTES["GET", rule] = Row(Access.PUBLIC, Group.JSON)

    def broken(kind: str) -> dict[str, str]:
        KINDS[kind]()
        return {}

    made.add_url_rule(rule, "break", broken)
    return made


complete = app.web.factory.create_server

if __name__ == "__main__":
    setattr(app.server.serve, "create_server", create_server)  # noqa: B010  # it takes it from there
    main()
