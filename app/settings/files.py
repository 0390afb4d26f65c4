"""Secrets from files: `TRACERA_<NAME>_FILE` names a file that holds the setting, as container platforms mount them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from app.settings.errors import SettingsError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

PREFIX: Final = "TRACERA_"
SUFFIX: Final = "_FILE"
MAX_BYTES: Final = 64 * 1024
"""The largest file that is read; a longer one is no secret but a mistake."""


def is_secret(name: str, field: "FieldInfo") -> bool:
    """Whether a setting as a whole is a secret."""
    return SecretStr in _types(field) or name.endswith("_key")


def may_be_file(name: str, field: "FieldInfo") -> bool:
    """Whether a file may hold a setting: secrets, and addresses with passwords."""
    return is_secret(name, field) or name in {"database_url", "redis_url"}


def variable(name: str) -> str:
    """A setting's environment variable."""
    return PREFIX + name.upper()


def _types(field: "FieldInfo") -> tuple[Any, ...]:
    kind = field.annotation
    return (kind, *getattr(kind, "__args__", ()))


def read_secret(path: Path) -> str:
    """A file's text without the line break at its end.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is empty, too large, or no UTF-8 text.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"is larger than {MAX_BYTES // 1024} kB")
    try:
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8 text") from error
    if not text:
        raise ValueError("is empty")
    return text


class SecretFilesSource(PydanticBaseSettingsSource):
    """Reads the files that the variables of one place, the environment or `.env`, name.

    Args:
        settings_cls: the settings.
        variables: that place's variables; names in lower case.
    """

    def __init__(self, settings_cls: type[BaseSettings], variables: Mapping[str, str | None]) -> None:
        super().__init__(settings_cls)
        self._variables = variables

    def path(self, name: str) -> Path | None:
        """The file that is named for a setting."""
        text = self._variables.get((variable(name) + SUFFIX).lower())
        return Path(text) if text else None

    def get_field_value(self, field: "FieldInfo", field_name: str) -> tuple[Any, str, bool]:
        """A setting's text, None where no file is named.

        Raises:
            SettingsError: the file cannot be used, or the setting itself is given beside it; the message names the variable.
        """
        path = self.path(field_name) if may_be_file(field_name, field) else None
        if path is None:
            return None, field_name, False
        named = variable(field_name) + SUFFIX
        if self._variables.get(variable(field_name).lower()):
            raise SettingsError(f"{named} and {variable(field_name)} are both set")
        try:
            return read_secret(path), field_name, False
        except OSError as error:
            raise SettingsError(f"{named}: {path}: {error.strerror}") from error
        except ValueError as error:
            raise SettingsError(f"{named}: {path} {error}") from error

    def __call__(self) -> dict[str, Any]:
        """All settings that files hold."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}
