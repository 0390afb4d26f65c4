"""Inventory fetch: reads a whole inventory page by page, or raises a clear error."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from app.portfolio.inventory.assets import make_asset
from app.portfolio.inventory.errors import KEPT, InventoryError, Reason, explain
from app.portfolio.inventory.null_replies import NullReplies
from app.portfolio.inventory.page import Description, Entry, Key, Page, read_page
from app.providers.base import ProviderError
from app.providers.http.client import MarketHttp
from db.portfolio.holdings import Asset

MAX_ASSETS = 300_000
BAD_REQUEST = 400
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Inventory:
    """All assets, and how many more Steam counts but does not show (trade holds of the last days)."""

    assets: list[Asset]
    hidden: int

    @property
    def not_marketable(self) -> int:
        """Units that can never be sold."""
        return sum(asset.quantity for asset in self.assets if not asset.marketable)


@dataclass(frozen=True, slots=True)
class InventoryRef:
    """Owner, application and context of an inventory: CS2 keeps everything in context 2 of application 730."""

    steam_id: str
    app: int = 730
    context: int = 2


async def fetch_inventory(
    http: MarketHttp, place: InventoryRef, *, count: int, progress: Progress, nulls: NullReplies
) -> Inventory:
    """Read all pages; `progress` is told how many assets came, and of how many.

    Raises:
        InventoryError: a page was refused, not understood, repeated, or the pages do not make a whole.
    """
    reading = _PageCollector()
    next_query: tuple[str, str] | None = None
    while True:
        page = await _page(http, place, count, next_query, nulls)
        reading.add(page)
        progress(len(reading.assets), reading.total)
        next_query = page.next_query
        if next_query is None:
            return Inventory(list(reading.assets.values()), reading.hidden())


async def _page(
    http: MarketHttp, place: InventoryRef, count: int, next_query: tuple[str, str] | None, nulls: NullReplies
) -> Page:
    path = f"/inventory/{place.steam_id}/{place.app}/{place.context}"
    query = {"l": "english", "count": str(count)} | (dict([next_query]) if next_query else {})
    headers = {"Referer": f"https://steamcommunity.com/profiles/{place.steam_id}/inventory"}
    try:
        try:
            reply = await http.get(path, urlencode(query), headers=headers)
        except ProviderError as error:
            # Steam's cap on count moves; without one it takes its own.
            if error.status != BAD_REQUEST or next_query:
                raise
            del query["count"]
            reply = await http.get(path, urlencode(query), headers=headers)
        if reply.body.strip() == b"null":
            raise _null(http, place, nulls)
        nulls.answered()
        return read_page(reply.value(dict))
    except ProviderError as error:
        raise explain(error) from error


def _null(http: MarketHttp, place: InventoryRef, nulls: NullReplies) -> ProviderError:
    """The error for a `null`: one profile is to be tried again later, several in a row pause all requests."""
    what = f"inventory of {place.steam_id}: null"
    return http.throttled(what) if nulls.seen(place.steam_id) else ProviderError("throttled", what)


class _PageCollector:
    """Collects pages, and checks that together they are complete."""

    def __init__(self) -> None:
        self.assets: dict[str, Asset] = {}
        self.total: int | None = None
        self._described: dict[Key, Description] = {}
        self._requested: set[tuple[str, str]] = set()
        self._sizes: list[int] = []

    def add(self, page: Page) -> None:
        """Take a page in."""
        if self._sizes and page.total != self.total:
            raise InventoryError(
                Reason.CHANGED, f"The inventory changed while it was read; import it again in a minute. {KEPT}"
            )
        self.total = page.total
        self._sizes.append(len(page.entries))
        self._described |= page.descriptions
        for entry in page.entries:
            self._take(entry, page)
        if page.next_query is None:
            return
        if not page.entries:
            raise self._incomplete("an empty page came before the last one")
        if page.next_query in self._requested:
            raise self._incomplete("a page came again")
        self._requested.add(page.next_query)

    def hidden(self) -> int:
        """How many assets Steam keeps back.

        A whole page that is missing looks the same from outside. So: the gap must be smaller than a page where there
        are several, and the last page must not be full.
        """
        gap = 0 if self.total is None else self.total - len(self.assets)
        if gap == 0:
            return 0
        page = max(self._sizes)
        several = len(self._sizes) > 1
        if gap < 0 or (several and (gap >= page or self._sizes[-1] >= page)):
            raise self._incomplete("pages are missing")
        return gap

    def _take(self, entry: Entry, page: Page) -> None:
        if entry.asset_id in self.assets:
            raise self._incomplete("pages came repeated or out of order")
        if len(self.assets) >= MAX_ASSETS:
            raise InventoryError(Reason.TOO_LARGE, f"The inventory has more than {MAX_ASSETS:,} items. {KEPT}")
        described = self._described.get(entry.key)
        self.assets[entry.asset_id] = make_asset(entry, described, page.properties.get(entry.asset_id, ()))

    def _incomplete(self, why: str) -> InventoryError:
        of = "" if self.total is None else f" of {self.total:,}"
        return InventoryError(
            Reason.INCOMPLETE,
            f"Steam gave {len(self.assets):,}{of} items, and {why}; try again in a few minutes. {KEPT}",
        )
