"""Provider settings: address, key, interval, timeout and extras of one provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """Settings of one provider; None means the provider's own default.

    `base_url` replaces the market's address, `key` is its API key, `interval` and `timeout` are seconds. `extras` holds
    what only some providers know (see each provider's docstring); values may be text, as they come from the
    environment.
    """

    base_url: str | None = None
    key: str | None = field(default=None, repr=False)
    interval: float | None = None
    timeout: float | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)

    def number(self, name: str, default: float) -> float:
        """The extra `name` as a number not below zero. Raises ValueError naming the setting."""
        value = self.extras.get(name)
        if value is None:
            return default
        try:
            result = float(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"setting {name}: {value!r} is not a number") from error
        if not 0 <= result < float("inf"):
            raise ValueError(f"setting {name}: {value!r} is not a number from 0 up")
        return result

    def integer(self, name: str, default: int) -> int:
        """The extra `name` as a whole number not below zero. Raises ValueError naming the setting."""
        result = self.number(name, default)
        if result != int(result):
            raise ValueError(f"setting {name}: {self.extras[name]!r} is not a whole number")
        return int(result)

    def words(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """The extra `name` as a list: a comma-separated text or a sequence. An empty one is the default."""
        value = self.extras.get(name)
        if value is None:
            return default
        parts = value.split(",") if isinstance(value, str) else [str(part) for part in value]
        return tuple(word for part in parts if (word := part.strip())) or default
