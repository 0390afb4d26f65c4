"""Inspection: which settings are in force, where each comes from, and which variables nobody knows."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from pydantic_settings import DotEnvSettingsSource

from app.settings.files import PREFIX, SUFFIX, is_secret, may_be_file, variable
from app.settings.process import Settings

HIDDEN: Final = "********"
OURS: Final = ("TRACERA_TEST_",)
"""Beginnings of variables that are read elsewhere than in the settings."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in force: its variable, its value as text (a secret hidden, None where unset), and what it comes from."""

    variable: str
    value: str | None
    origin: str


@dataclass(frozen=True, slots=True)
class UnknownVariable:
    """A variable that looks like a setting and is none; `nearest` is the setting that it may have meant."""

    name: str
    nearest: str | None


def in_force(settings: Settings) -> list[Setting]:
    """All settings, in the order of the documentation. Passwords within addresses are the caller's to mask."""
    places = _places()
    return [
        Setting(variable(name), _text(name, getattr(settings, name)), _origin(name, places))
        for name in Settings.model_fields
    ]


def unknown_variables() -> list[UnknownVariable]:
    """Variables of the environment and of `.env` that begin as ours do and are none of ours."""
    known = _variables()
    given = sorted({name for place in _places().values() for name in place})
    return [
        UnknownVariable(name, next(iter(get_close_matches(name, known, 1, 0.7)), None))
        for name in given
        if name.startswith(PREFIX) and name not in known and not name.startswith(OURS)
    ]


def _variables() -> set[str]:
    fields = Settings.model_fields.items()
    return {variable(name) for name, _ in fields} | {
        variable(name) + SUFFIX for name, field in fields if may_be_file(name, field)
    }


def _places() -> dict[str, Mapping[str, str]]:
    """The variables of each place that settings come from, the one that counts first; names in capitals."""
    return {"environment": _upper(os.environ.items()), ".env": _upper(DotEnvSettingsSource(Settings).env_vars.items())}


def _upper(variables: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    return {name.upper(): value for name, value in variables if value is not None}


def _origin(name: str, places: Mapping[str, Mapping[str, str]]) -> str:
    for place, variables in places.items():
        if variable(name) in variables:
            return place
        if path := variables.get(variable(name) + SUFFIX):
            return f"file {path}"
    return "default"


def _text(name: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if is_secret(name, Settings.model_fields[name]):
        return HIDDEN
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
