"""Rankings: every measure in every window as a sorted set in Redis, without the items that its gate keeps out."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import redis
import structlog

from app.analytics import Window, gate_of
from app.live.publish import rfc3339
from db.core import redis as cache
from db.items.measures import MEASURES
from jobs.window_measures import Measured

log = structlog.get_logger(__name__)

VOLATILE = "return_volatility"
"""What `rankings:volatile` scores."""
DEFAULT_WINDOW = "24h"
DAY = 86_400


def publish_rankings(client: redis.Redis, window: Window, pieces: list[Measured], as_of: datetime) -> None:
    """Replace one window's rankings. Without Redis nothing is lost: the next run writes them again."""
    sets: dict[str, dict[str, float]] = {}
    rows: dict[str, bytes] = {}
    for metric in (*MEASURES, "volume"):
        members: dict[str, float] = {}
        for piece in pieces:
            members |= _members(piece, metric)
        sets[f"rankings:{metric}:{window.name}"] = members
    sets[f"rankings:volatile:{window.name}"] = sets[f"rankings:{VOLATILE}:{window.name}"]
    if window.name == DEFAULT_WINDOW:
        sets["rankings:volatile"] = sets[f"rankings:{VOLATILE}:{window.name}"]
    for piece in pieces:
        rows |= _rows(piece, as_of)
    try:
        cache.replace_sorted(client, sets)
        cache.replace_hash(client, f"rankings:rows:{window.name}", rows)
    except redis.RedisError as error:
        log.warning("rankings not replaced", window=window.name, error=str(error))


def _members(piece: Measured, metric: str) -> dict[str, float]:
    scores = piece.volume.astype(np.float64) if metric == "volume" else getattr(piece.measures, metric)
    chosen = piece.reference & ~np.isnan(scores) & _passes(piece, metric)
    if metric == "volume":
        chosen &= piece.volume >= 0
    return dict(zip(map(str, piece.item_id[chosen].tolist()), scores[chosen].tolist(), strict=True))


def _passes(piece: Measured, metric: str) -> npt.NDArray[np.bool_]:
    gate = gate_of(metric)
    days = np.where(piece.rolling == 1, 1.0, max(piece.window.seconds / DAY, 1e-9))
    volume = np.where(piece.volume < 0, np.nan, piece.volume / days)
    given = {
        "samples": piece.measures.samples,
        "coverage": piece.measures.coverage,
        "price": np.where(piece.last_price >= 0, piece.last_price / piece.scale, np.nan),
        "volume": volume,
    }
    passed = gate.passes(**given)
    sources = np.array(piece.source)
    # A source that never tells a volume is judged by the rest.
    for source in set(piece.source):
        mine = sources == source
        if np.isnan(volume[mine]).all():
            passed[mine] = replace(gate, least_volume=0).passes(**given)[mine]
    return passed


def _rows(piece: Measured, as_of: datetime) -> dict[str, bytes]:
    """Each item's measures as JSON, so that a request for a ranking computes nothing."""
    last = piece.last_price
    columns = {name: getattr(piece.measures, name) for name in MEASURES}
    rows = {}
    for row in np.flatnonzero(piece.reference).tolist():
        entry: dict[str, Any] = {"item_id": int(piece.item_id[row]), "source": piece.source[row]}
        entry["price"] = int(last[row]) if last[row] >= 0 else None
        entry["volume"] = int(piece.volume[row]) if piece.volume[row] >= 0 else None
        entry |= {name: float(values[row]) for name, values in columns.items()}  # orjson writes NaN as null
        entry |= {"samples": int(piece.measures.samples[row]), "coverage": float(piece.measures.coverage[row])}
        entry["outliers"] = len(piece.outliers[row].closes) if row in piece.outliers else 0
        entry["as_of"] = rfc3339(as_of)
        rows[str(entry["item_id"])] = orjson.dumps(entry)
    return rows
