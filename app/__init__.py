"""Tracera: how a market really moves."""

__version__ = "0.1.0"
