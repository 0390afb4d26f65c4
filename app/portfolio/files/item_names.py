"""Item names in files: spelling variants become the items' own names, unknown names get suggestions."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from app.providers.steam.names import NameIndex, match_key, parse_name
from db.core.pool import Database
from db.portfolio.names import known, near, pairs

MIN_SIMILARITY: Final = 0.6
MAX_SUGGESTIONS: Final = 3
MAX_LOOKUPS: Final = 50
"""Names of one file that near ones are looked for."""


class Names:
    """Names of one file: `own` has the item's name by the name read, for those that an item is known for."""

    def __init__(self, database: Database, names: Collection[str], renames: Mapping[str, str] | None = None) -> None:
        self._database = database
        self._renames = dict(renames or {})
        requested = set(names) | set(self._renames.values())
        found = known(database, list(requested), [match_key(name) for name in requested])
        index = NameIndex(item.market_hash_name for item in found)
        self.own = {name: own for name in requested if (own := index.find(name)) is not None}
        self.own |= pairs(database, [name for name in requested if name not in self.own])

    def of(self, name: str) -> str:
        """The item's own name; the name itself where no item is known for it."""
        name = self._renames.get(name, name)
        return self.own.get(name, name)

    def as_json(self, lines: Mapping[str, list[int]]) -> dict[str, Any]:
        """What became of the names, `lines` being where each was read: renamed ones, and those without an item."""
        renamed = [
            {"from": name, "to": self.of(name), "lines": at} for name, at in lines.items() if self.of(name) != name
        ]
        unknown = [name for name in lines if self._renames.get(name, name) not in self.own]
        return {
            "renamed": renamed,
            "unknown": [
                {"name": name, "lines": lines[name], "near": self._near(name) if at < MAX_LOOKUPS else []}
                for at, name in enumerate(unknown)
            ],
        }

    def _near(self, name: str) -> list[str]:
        parts = parse_name(name)
        return near(
            self._database,
            name,
            stattrak=parts.stattrak,
            souvenir=parts.souvenir,
            least=MIN_SIMILARITY,
            limit=MAX_SUGGESTIONS,
        )
