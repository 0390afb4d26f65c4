"""Callback requests as the browser sends them, made from what callbacks declare."""

import inspect
from collections.abc import Callable
from typing import Any

from dash._utils import split_callback_id


def unwrapped(declared: dict[str, Any]) -> Callable[..., Any]:
    """The function behind a callback."""
    function: Callable[..., Any] = inspect.unwrap(declared["callback"])
    return function


def request_to(output: str, declared: dict[str, Any]) -> dict[str, Any]:
    """A whole request without values."""

    def named(part: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"id": one["id"], "property": one["property"], "value": None} for one in part]

    return {
        "output": output,
        "outputs": split_callback_id(output),  # type: ignore[no-untyped-call]
        "inputs": named(declared["inputs"]),
        "state": named(declared["state"]),
        "changedPropIds": [],
    }
