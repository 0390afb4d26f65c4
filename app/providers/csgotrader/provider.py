"""CSGOTrader provider: csgotrader.app's bulk price files, one per market, free, about once a day."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.providers.base import Batch, ProviderError, Quote
from app.providers.csgotrader.files import READERS, Offer
from app.providers.http import rows
from app.providers.http.replies import Reply
from app.providers.market import Defaults, MarketProvider
from app.providers.settings import ProviderSettings

_DEFAULTS = Defaults(
    base_url="https://prices.csgotrader.app", interval=3600.0, timeout=900.0, requests=30, period=60.0, spacing=0.5
)
_CLOCK_SKEW = timedelta(minutes=5)

_Row = tuple[str, Any]


class CsgotraderProvider(MarketProvider):
    """Provider `csgotrader`; the extra `markets` names the files (all known ones).

    Each market is a source of its own, `csgotrader:<market>`: a day-old copy must not mix with the market's own quotes.
    """

    name = "csgotrader"

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises ValueError for a market that has no file."""
        super().__init__(settings, _DEFAULTS)
        self._markets = tuple(dict.fromkeys(settings.words("markets", tuple(READERS))))
        unknown = [market for market in self._markets if market not in READERS]
        if unknown:
            raise ValueError(f"csgotrader has no file {', '.join(unknown)}; there are {', '.join(READERS)}")
        self.sources = tuple(_source(market) for market in self._markets)

    async def fetch(self, cursor: dict[str, Any]) -> AsyncIterator[Batch]:
        """A batch per file that could be read, without quotes where its content is unchanged.

        The cursor is `{"files": {market: {"etag", "last_modified", "sha256", "quoted_at"}}}`. A file that could not be
        read is a sentence in the next batch's `rejected`.

        Raises:
            ProviderError: not one file could be read.
        """
        known = cursor.get("files")
        files: dict[str, Any] = dict(known) if isinstance(known, dict) else {}
        failures: list[ProviderError] = []
        waiting: Batch | None = None  # the last batch is `done`, and which is the last shows only at the end
        notes: list[str] = []
        for market in self._markets:
            try:
                quotes, files[market], rejected = await self._file(market, files.get(market))
            except ProviderError as error:
                failures.append(error)
                notes.append(str(error))
                if error.kind == "throttled":
                    break  # the other files are of the same server; they have their turn in the next cycle
                continue
            if waiting is not None:
                yield waiting
            waiting = Batch(quotes, {"files": dict(files)}, notes + rejected, done=False)
            notes = []
        if waiting is None:
            raise _summary(failures)
        waiting.rejected += notes
        waiting.done = True
        yield waiting

    async def _file(self, market: str, known: Any) -> tuple[list[Quote], dict[str, Any], list[str]]:
        """The quotes of one file, what to remember of it, and the rows that were not understood."""
        before: Mapping[str, Any] = known if isinstance(known, dict) else {}
        reply = await self.http.get(f"/latest/{market}.json", headers=_conditions(before))
        if reply.not_modified:
            return [], dict(before), []
        digest = hashlib.sha256(reply.body).hexdigest()
        quoted_at = _quoted_at(reply, before)
        after = {
            "etag": reply.headers.get("etag"),
            "last_modified": reply.headers.get("last-modified"),
            "sha256": digest,
            "quoted_at": quoted_at.isoformat(),
        }
        if before.get("sha256") == digest:
            return [], {**after, "quoted_at": before.get("quoted_at")}, []
        content = reply.value(dict)
        if isinstance(content.get("data"), dict):
            content = content["data"]
        rejected: list[str] = []
        quotes = rows.read_each(reply.what, content.items(), lambda row: _quote(market, row, quoted_at), rejected)
        return quotes, after, rejected


def _source(market: str) -> str:
    return f"csgotrader:{market}"


def _conditions(before: Mapping[str, Any]) -> dict[str, str]:
    headers = {"If-None-Match": before.get("etag"), "If-Modified-Since": before.get("last_modified")}
    return {header: value for header, value in headers.items() if isinstance(value, str)}


def _quoted_at(reply: Reply, before: Mapping[str, Any]) -> datetime:
    """Last-Modified, or else when this content was first seen.

    A Last-Modified in the future, or the same as that of other content, says nothing about the content.
    """
    modified = reply.date_header("last-modified")
    repeated = before.get("last_modified") == reply.headers.get("last-modified")
    if modified is None or repeated or modified > reply.received_at + _CLOCK_SKEW:
        return reply.received_at
    return modified


def _quote(market: str, row: _Row, quoted_at: datetime) -> Quote | None:
    name = rows.name(row[0])
    try:
        offer: Offer = READERS[market](row[1])
    except ValueError as error:
        raise ValueError(f"{_source(market)} {name}: {error}") from error
    if offer.price is None:
        return None
    return Quote(name, _source(market), offer.price, quoted_at, bid=offer.bid)


def _summary(failures: list[ProviderError]) -> ProviderError:
    """One error for all files: throttling first, because it says when to come back."""
    worst = max(failures, key=lambda error: (error.kind == "throttled", error.retry_after or 0.0))
    return ProviderError(
        worst.kind,
        f"csgotrader: none of {len(failures)} files could be read; {worst}",
        retry_after=worst.retry_after,
        status=worst.status,
    )
