"""Source card: what each source asks, what buying at one and selling at another leaves, and when each is read next."""

from collections.abc import Sequence
from datetime import datetime

from app.items import polling
from app.items.edges import find
from app.portfolio.importer import fees_of
from components.edges.item_view import item_edges
from components.item.polling import poll_lines
from components.item.view import source_table
from components.ui import context
from components.ui.page import Children
from db.core.pool import Database, Row


def source_card(database: Database, item: Row, quotes: Sequence[Row], now: datetime) -> list[Children]:
    """All of it; raises `DatabaseDownError` where the database does not answer."""
    polls = polling.of_item(database, item["id"], [quote["source"] for quote in quotes], now)
    ways = find.of_item(database, item["id"], fees_of(context.settings()), now) if len(quotes) > 1 else None
    return [source_table(item, list(quotes)), item_edges(ways), poll_lines(polls, now)]
