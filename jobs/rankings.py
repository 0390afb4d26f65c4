"""Rankings: writes each measure of each window to Redis, for every market a sorted set of what passes its gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson
import redis
import structlog

from app.analytics import Window
from app.providers.markets import MARKETS
from app.times import rfc3339
from db.core import redis as cache
from db.items.rankings import RUN_KEY, ranking_key
from jobs.ranking_scores import NOTHING, Scores, changed_scores, ranking_keys, ranking_scores, reference_rows
from jobs.window_measures import Measured

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Ranked:
    """The rankings of one run. Where Redis still has those of the run `before`, what differs is written, else everything.

    Without Redis nothing is lost: the next run writes them again.
    """

    client: redis.Redis
    run: UUID
    before: "Ranked | None"
    scores: dict[tuple[str, str], dict[str, Scores]] = field(default_factory=dict)
    """By market and window, then by key."""
    references: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    """By market and window, the items that have a row."""
    _up: bool = True
    _known: bool = False

    def __post_init__(self) -> None:
        try:
            self._known = self.before is not None and self.client.get(RUN_KEY) == self.before.run.bytes
            if not self._known:
                self.client.delete(RUN_KEY)
        except redis.RedisError as error:
            self._fail(error)

    def publish(
        self, window: Window, tables: Mapping[str, Measured], fresh: Sequence[Measured], as_of: datetime
    ) -> None:
        """Bring one window's rankings to the state of `tables`, by market; `fresh` are the rows that are not as they were before."""
        for market in MARKETS.values():
            place, table = (market.id, window.name), tables.get(market.id)
            self.scores[place] = {} if table is None else ranking_scores(table)
            self.references[place] = set() if table is None else set(table.item_id[table.reference].tolist())
            if not self._up:
                continue
            try:
                if self._known and self.before:
                    self._update(self.before, place, [piece for piece in fresh if piece.market.id == market.id])
                else:
                    self._replace(place, [] if table is None else [table])
                self.client.set(ranking_key("as_of", *place), orjson.dumps(rfc3339(as_of)))
            except redis.RedisError as error:
                self._fail(error)

    def end(self) -> None:
        """Say whose rankings these are, and let go of those before; to be called once, after all windows."""
        try:
            if self._up:  # a Redis that lost its data meanwhile has but a part of them
                self.client.set(RUN_KEY, self.run.bytes, xx=self._known)
        except redis.RedisError as error:
            self._fail(error)
        self.before = None

    def _update(self, before: "Ranked", place: tuple[str, str], fresh: Sequence[Measured]) -> None:
        was, scores = before.scores.get(place, {}), self.scores[place]
        for key in was.keys() | scores.keys():
            now = scores.get(key, NOTHING)
            changed, gone = changed_scores(was.get(key, NOTHING), now)
            if 2 * len(changed[0]) > len(now[0]):
                cache.replace_sorted(self.client, {key: now})
            else:
                cache.update_sorted(self.client, key, changed, gone.tolist())
        lost = before.references.get(place, set()) - self.references[place]
        cache.update_hash(self.client, ranking_key("rows", *place), reference_rows(fresh), sorted(lost))

    def _replace(self, place: tuple[str, str], tables: Sequence[Measured]) -> None:
        market, window = place
        empty = dict.fromkeys(ranking_keys(market, window), NOTHING)
        cache.replace_sorted(self.client, empty | self.scores[place])
        cache.replace_hash(self.client, ranking_key("rows", market, window), reference_rows(tables))

    def _fail(self, error: redis.RedisError) -> None:
        self._up = False
        log.warning("rankings not written", error=str(error))
