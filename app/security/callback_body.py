"""Callback bodies: compares a callback request with what the callback declares.

Dash takes what comes: a list where it expects an object, or a window that does not exist, would be an error deep inside.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, get_type_hints
from urllib.parse import parse_qsl, urlencode

from dash._utils import split_callback_id, stringify_id
from pydantic import TypeAdapter, ValidationError

Declared = Mapping[str, Any]
LONGEST_ADDRESS: Final = 4096


class MalformedError(ValueError):
    """A callback request that does not match its declaration; the text says where."""


def check_callback(body: Mapping[str, Any], declared: Declared) -> None:
    """Compare a request with its callback, as `callback_map` holds it.

    Raises:
        MalformedError: other inputs, states or outputs than declared, or a value of another type.
    """
    values = [*_values(body, "inputs", declared["inputs"]), *_values(body, "state", declared["state"])]
    _check_outputs(body)
    inputs = {f"{stringify_id(_identity(one['id']))}.{one['property']}" for one in body["inputs"]}
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(name, str) and name in inputs for name in changed):
        raise MalformedError("changedPropIds: not a list of this callback's inputs")
    parameters = _parameters(inspect.unwrap(declared["callback"]), len(values))
    for (name, adapter), value in zip(parameters, values, strict=True):
        try:
            adapter.validate_python(value, strict=True)
        except ValidationError as error:
            raise MalformedError(f"{name.strip('_')}: {error.errors()[0]['msg']}") from None


def check_router(body: Mapping[str, Any], path_variables: frozenset[str]) -> None:
    """Check a request to the router; of its query only the first value of each name is left.

    Raises:
        MalformedError: a path or a query that is no text.
    """
    for one in body["inputs"]:
        value = one.get("value")
        if value is not None and not (isinstance(value, str) and len(value) <= LONGEST_ADDRESS):
            raise MalformedError(f"{one['property']}: not an address")
        if one["property"] == "pathname" and not (value or "").startswith("/"):
            raise MalformedError("pathname: does not begin with /")
        if one["property"] == "search" and value:
            pairs = reversed(parse_qsl(value.removeprefix("?"), keep_blank_values=True, errors="replace"))
            query = {name: text for name, text in pairs if name.isidentifier() and name not in path_variables}
            one["value"] = f"?{urlencode(query)}" if query else ""


def _values(body: Mapping[str, Any], part: str, declared: list[dict[str, Any]]) -> list[Any]:
    """The values of a request's inputs or states, which must be those declared."""
    given = body.get(part, [])
    if not isinstance(given, list) or len(given) != len(declared):
        raise MalformedError(f"{part}: not the {len(declared)} that this callback has")
    for one, wanted in zip(given, declared, strict=True):
        if not isinstance(one, dict) or _named(one) != (wanted["id"], wanted["property"]):
            raise MalformedError(f"{part}: {wanted['id']}.{wanted['property']} is missing")
    return [one.get("value") for one in given]


def _check_outputs(body: Mapping[str, Any]) -> None:
    wanted = split_callback_id(body["output"])  # type: ignore[no-untyped-call]
    given = body.get("outputs")
    pairs = [given] if isinstance(given, dict) else given
    asked = wanted if isinstance(wanted, list) else [wanted]
    if isinstance(given, dict) == isinstance(wanted, list) or not isinstance(pairs, list):
        raise MalformedError("outputs: not those of this callback")
    if [_named(one) for one in pairs] != [(one["id"], one["property"]) for one in asked]:
        raise MalformedError("outputs: not those of this callback")


def _named(one: Any) -> tuple[str, Any] | None:
    """The id, as Dash writes it, and the property of an input or output; None for what is none."""
    if not isinstance(one, dict) or not isinstance(one.get("property"), str):
        return None
    identity = _identity(one.get("id"))
    return None if identity is None else (stringify_id(identity), one["property"])


def _identity(value: Any) -> str | dict[str, Any] | None:
    plain = isinstance(value, dict) and all(isinstance(part, str | int) for part in value.values())
    return value if isinstance(value, str) or plain else None


@lru_cache(maxsize=256)
def _parameters(function: Callable[..., Any], count: int) -> list[tuple[str, TypeAdapter[Any]]]:
    """A callback's parameters for so many values, with validators of their annotations; any value fits one without.

    One such as `*values` takes all that are left.
    """
    hints = get_type_hints(function, include_extras=True)
    adapters = []
    for name, parameter in inspect.signature(function).parameters.items():
        adapter = TypeAdapter(hints.get(name, Any))
        if parameter.kind in {parameter.POSITIONAL_OR_KEYWORD, parameter.POSITIONAL_ONLY}:
            adapters.append((name, adapter))
        elif parameter.kind is parameter.VAR_POSITIONAL:
            adapters += [(name, adapter)] * (count - len(adapters))
    return adapters
