"""Portfolios: holdings, transactions, snapshots, exchange rates."""
