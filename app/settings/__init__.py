"""Every setting, typed, from the environment (`TRACERA_…`) or a `.env` file; nothing of Tracera is imported here."""

from app.settings.process import PROVIDERS, Settings, SettingsError, load

__all__ = ["PROVIDERS", "Settings", "SettingsError", "load"]
