"""Known secrets: values of settings that are masked wherever they occur."""

from collections.abc import Iterator

from pydantic import SecretStr

from app.settings import Settings


def known_secrets(settings: Settings) -> set[str]:
    """Keys, passwords and secrets among the settings, and the passwords within addresses."""
    return {value.strip() for value in _values(settings) if value.strip()}


def _values(settings: Settings) -> Iterator[str]:
    for name, value in settings:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, str) and name.endswith("_key"):
            yield value
        elif isinstance(value, str) and "://" in value:
            # Not urlsplit: an unusable address may hold a password too.
            yield value.partition("://")[2].rpartition("@")[0].partition(":")[2]
