"""Settings: typed, from the environment (`TRACERA_…`) or a `.env` file; imports nothing else of Tracera."""

from app.settings.process import PROVIDERS, Settings, SettingsError, load

__all__ = ["PROVIDERS", "Settings", "SettingsError", "load"]
