"""Item matching: known items by name or match key; new ones are created."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from app.providers.base import Quote
from app.providers.markets import MARKETS
from app.providers.sources import SIMULATED
from db.items import items


@dataclass(slots=True)
class Matched:
    """Quotes that belong to an item, those that do not with the reason, and how many items are new."""

    quotes: list[Quote]
    items: list[items.KnownItem]
    rejected: list[str]
    new_items: int


def match(connection: psycopg.Connection, quotes: Sequence[Quote], *, by_hand: bool = False) -> Matched:
    """Find or make the item of every quote; a quote in another currency than its item's is rejected.

    `by_hand`: people wrote the names, so that one which differs in case alone means the item that is known.
    """
    added = 0
    found: dict[tuple[str, str], items.KnownItem] = {}
    for market in {quote.market for quote in quotes}:
        mine = {quote.market_hash_name: quote for quote in quotes if quote.market == market}
        index = _find(connection, market, list(mine), by_hand=by_hand)
        if missing := [quote for name, quote in mine.items() if name not in index]:
            added += items.create(connection, [describe(quote) for quote in missing])
            index |= _find(connection, market, [quote.market_hash_name for quote in missing])
        found |= {(market, name): item for name, item in index.items()}
        _complete(connection, mine, index)
    matched = Matched([], [], [], added)
    for quote in quotes:
        item = found[quote.market, quote.market_hash_name]
        if item.currency != quote.currency:
            matched.rejected.append(f"{quote.market_hash_name}: quoted in {quote.currency}, kept in {item.currency}")
            continue
        matched.quotes.append(quote)
        matched.items.append(item)
    _adopt(connection, matched)
    return matched


def describe(quote: Quote) -> items.NewItem:
    """The item that a quote's name stands for."""
    market = MARKETS[quote.market]
    name = market.parse_name(quote.market_hash_name, rarity=quote.rarity)
    return items.NewItem(
        market=quote.market,
        market_hash_name=quote.market_hash_name,
        match_key=market.match_key(quote.market_hash_name),
        slug=market.slug(quote.market_hash_name),
        weapon_type=name.weapon_type,
        weapon=name.weapon,
        skin_name=name.skin_name,
        wear=name.wear,
        rarity=name.rarity,
        stattrak=name.stattrak,
        souvenir=name.souvenir,
        image_url=quote.image_url,
        currency=quote.currency,
        reference_source=quote.source,
    )


def _find(
    connection: psycopg.Connection, market: str, names: list[str], *, by_hand: bool = False
) -> dict[str, items.KnownItem]:
    """Known items by the name asked for; a match key counts only where it means one item."""
    found = {item.market_hash_name: item for item in items.known(connection, market, names, [])}
    if len(found) == len(names):
        return found
    keys = {name: MARKETS[market].match_key(name) for name in names}
    often = Counter(keys.values())
    missing = [name for name in names if name not in found]
    by_key: dict[str, items.KnownItem | None] = {}
    for known in items.known(connection, market, [], list({keys[name] for name in missing})):
        by_key[known.match_key] = None if known.match_key in by_key else known
    for name in missing:
        loose = by_hand and often[keys[name]] == 1  # two names of one key in one file are two items
        item = by_key.get(keys[name])
        if item is not None and (loose or _spelled_otherwise(name, item.market_hash_name)):
            found[name] = item
    return found


def _spelled_otherwise(name: str, known: str) -> bool:
    """Whether a name is a known one with its ★ or ™ dropped; two names that differ in case are two items."""
    return name.replace("★", "").replace("™", "").split() == known.replace("★", "").replace("™", "").split()


def _complete(connection: psycopg.Connection, quotes: dict[str, Quote], index: dict[str, items.KnownItem]) -> None:
    news = [
        (index[name].id, quote.image_url, quote.rarity)
        for name, quote in quotes.items()
        if quote.image_url or quote.rarity
    ]
    if news:
        ids, images, rarities = zip(*news, strict=True)
        items.complete(connection, ids, images, rarities)


def _adopt(connection: psycopg.Connection, matched: Matched) -> None:
    wanting: dict[str, list[int]] = {}
    for quote, item in zip(matched.quotes, matched.items, strict=True):
        if item.reference_source is None or (item.reference_source in SIMULATED and quote.source not in SIMULATED):
            wanting.setdefault(quote.source, []).append(item.id)
    for source, ids in wanting.items():
        items.adopt_source(connection, ids, source, SIMULATED)
