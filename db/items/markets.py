"""Markets by their id in `items.market`; what else is known of each is in app.providers.markets."""

from typing import Final

STEAM_MARKET: Final = "steam:730"
"""CS2 items, by Steam's market_hash_name."""
BINANCE_SPOT: Final = "binance:spot"
"""Pairs of Binance's spot exchange, by symbol; the simulated exchange has the same ones."""
HELD_MARKETS: Final = (STEAM_MARKET, BINANCE_SPOT)
"""Markets of what a portfolio may hold, in the order in which a transaction's name is looked for."""
