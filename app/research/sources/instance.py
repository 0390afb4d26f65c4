"""Bars of another instance, over its JSON API."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Self

import httpx
import numpy as np
import pandas as pd

from app.research.sources.base import PRICES, DataError, ItemBars, check_interval, frame

TIMEOUT: Final = 30.0
PAGE: Final = 500
"""Items that a search answers."""
MAX_BARS: Final = 20_000
"""Bars that one request answers; the older ones are asked for before them."""
WAITS: Final = 10
"""How often one request waits for the rate limit."""
COLUMNS: Final = ("time", *PRICES, "volume", "n")


class InstanceSource:
    """The bars of the instance at `address`, such as https://tracera.example; `key` is an API key where it asks for one."""

    def __init__(self, address: str, key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(base_url=address.rstrip("/") + "/api/v1", headers=headers, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def bars(
        self, items: Sequence[str], source: str | None, interval: str, start: datetime | None, end: datetime | None
    ) -> pd.DataFrame:
        """See `DataSource.bars`; raises httpx.HTTPError where the instance does not answer."""
        check_interval(interval)
        found = [self._item(name, source, interval, start, end) for name in dict.fromkeys(items)]
        return frame([bars for bars in found if bars is not None], interval)

    def _item(
        self, name: str, source: str | None, interval: str, start: datetime | None, end: datetime | None
    ) -> ItemBars | None:
        """All bars of an item, the newest asked for first; None where nobody quotes it."""
        item_id = self._id(name)
        asked = {"interval": interval, "source": source, "from": _text(start), "to": _text(end), "limit": MAX_BARS}
        pages: list[dict[str, Any]] = []
        while True:
            query = {key: value for key, value in asked.items() if value is not None}
            pages.insert(0, self._get(f"/items/{item_id}/bars", query))
            if len(pages[0]["time"]) < MAX_BARS:
                break
            asked["to"] = _text(datetime.fromtimestamp(pages[0]["time"][0], UTC))
        about = pages[0]
        if about["source"] is None:
            return None
        columns = {column: [value for page in pages for value in page[column]] for column in COLUMNS}
        columns["volume"] = [-1 if volume is None else volume for volume in columns["volume"]]
        arrays = {column: np.array(values, dtype=np.int64) for column, values in columns.items()}
        return ItemBars(name, about["source"], about["currency"], about["price_scale"], **arrays)

    def _id(self, name: str) -> int:
        found = self._get("/items", {"search": name, "limit": PAGE})
        ids = [item["id"] for item in found if item["market_hash_name"] == name]
        if not ids:
            raise DataError(f"no item is named {name!r}")
        return int(min(ids))

    def _get(self, path: str, query: dict[str, Any]) -> Any:
        """The JSON of an answer; a rate limit is waited for."""
        for _ in range(WAITS):
            answer = self._client.get(path, params=query)
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            time.sleep(float(answer.headers.get("Retry-After", 1)))
        if answer.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND}:
            raise DataError(answer.json()["error"])
        return answer.raise_for_status().json()


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
